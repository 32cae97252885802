"""The one collection of tables that identity owns; each capability adds its own in its ``storage.py``."""

from __future__ import annotations

from sqlalchemy import MetaData

metadata = MetaData()
