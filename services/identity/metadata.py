"""Where all tables of identity's database are collected."""

from __future__ import annotations

from sqlalchemy import MetaData

# Without the rule of names that the other services have: identity's migrations are SQL, and PostgreSQL names
# the constraints that they do not.
metadata = MetaData()
