"""What migration 0002 does for schools."""

from __future__ import annotations

STATEMENTS: tuple[str, ...] = ()
