"""What migration 0002 does for contacts."""

from __future__ import annotations

STATEMENTS: tuple[str, ...] = ()
