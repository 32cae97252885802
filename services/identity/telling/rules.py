"""By what a message goes, where to, and how long it is worth sending."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import IntEnum
from typing import Final

LANGUAGES: Final = ("ru", "en")
"""There are templates in these."""
NOTICE_LIFE: Final = timedelta(days=1)
"""A notice to every contact that could not be sent for so long is no news any more."""


class Channel(IntEnum):
    """By what a message goes; the numbers are those of the contract."""

    EMAIL = 1
    SMS = 2


@dataclass(frozen=True, slots=True)
class Recipient:
    """Where a person is reached; shows nothing of it when printed."""

    channel: Channel
    to: str = field(repr=False)
    """An e-mail address, or a mobile as +79XXXXXXXXX."""


def require_values(kind: str, values: Mapping[str, str], needed: frozenset[str]) -> None:
    """Make sure that the values are those which the templates of a kind show, no less and no more.

    Raises:
        ValueError: they are not: the caller's fault, found by the first test that tells.
    """
    if set(values) != needed:
        raise ValueError(f"{kind} needs the values {sorted(needed)}, not {sorted(values)}")
