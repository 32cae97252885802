"""Where all tables of the diary's database are collected, and the type of what is read from them."""

from __future__ import annotations

from typing import Any, TypeAlias

from sqlalchemy import Row

from services.kit.tables import service_metadata

metadata = service_metadata()

AnyRow: TypeAlias = Row[*tuple[Any, ...]]
"""A row of a read that is passed on as it is; the statement it comes from names its columns."""
