"""What migration 0002 does for consents."""

from __future__ import annotations

STATEMENTS: tuple[str, ...] = ()
