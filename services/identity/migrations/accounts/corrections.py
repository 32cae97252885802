"""What migration 0002 does for corrections."""

from __future__ import annotations

STATEMENTS: tuple[str, ...] = ()
