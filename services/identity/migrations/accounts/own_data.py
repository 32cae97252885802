"""What migration 0002 does for own data."""

from __future__ import annotations

STATEMENTS: tuple[str, ...] = ()
