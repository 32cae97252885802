"""What migration 0002 does for the audit: its chain, as every service has it."""

from __future__ import annotations

from services.kit.tables import KIT_TABLES_V2

STATEMENTS: tuple[str, ...] = KIT_TABLES_V2
