"""What migration 0002 does for issuing."""

from __future__ import annotations

STATEMENTS: tuple[str, ...] = ()
