"""Where all tables of the database of notifications are collected."""

from __future__ import annotations

from services.kit.tables import service_metadata

metadata = service_metadata()
