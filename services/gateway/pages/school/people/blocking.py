"""What is said of an account that was shut or opened, at the desk of a school and at the operator's."""

from __future__ import annotations

from typing import Final

TOLD_BESIDE_BLOCK: Final = frozenset(
    {"REASON_NEEDED", "NOT_IN_YOUR_HANDS", "ACCOUNT_CLOSED", "BLOCKED_BY_OPERATOR", "BLOCKED_ELSEWHERE"}
)
"""Refusals that are told beside the form, with the reason that was typed kept."""
BLOCK_DONE: Final = {"blocked": "block.was_blocked", "unblocked": "block.was_unblocked"}
"""What the page says afterwards."""
