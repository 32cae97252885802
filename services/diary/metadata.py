"""Where all tables of the diary's database are collected, and the type of what is read from them."""

from __future__ import annotations

from typing import Any, TypeAlias

from sqlalchemy import MetaData, Row

# Constraints are named by rule, so that a migration can name what it changes.
metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(referred_table_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
    }
)

AnyRow: TypeAlias = Row[*tuple[Any, ...]]
"""A row of a read that is passed on as it is; the statement it comes from names its columns."""
