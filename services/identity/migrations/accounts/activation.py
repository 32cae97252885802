"""What migration 0002 does for activation."""

from __future__ import annotations

STATEMENTS: tuple[str, ...] = ()
