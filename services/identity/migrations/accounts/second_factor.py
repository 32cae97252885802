"""What migration 0002 does for second factor."""

from __future__ import annotations

STATEMENTS: tuple[str, ...] = ()
