"""Where all tables of identity's database are collected."""

from __future__ import annotations

from sqlalchemy import MetaData

metadata = MetaData()
