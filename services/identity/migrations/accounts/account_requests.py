"""What migration 0002 does for account requests."""

from __future__ import annotations

STATEMENTS: tuple[str, ...] = ()
