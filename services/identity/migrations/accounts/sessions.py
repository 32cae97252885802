"""What migration 0002 does for sessions."""

from __future__ import annotations

STATEMENTS: tuple[str, ...] = ()
