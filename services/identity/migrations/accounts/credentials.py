"""What migration 0002 does for credentials."""

from __future__ import annotations

STATEMENTS: tuple[str, ...] = ()
