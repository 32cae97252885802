"""Reads ids and dates out of requests; what cannot be read is the caller's error, with the field's name."""

from __future__ import annotations

import re
from datetime import date
from uuid import UUID

from services.kit.errors import BadDate, BadId


def uuid_of(text: str, field: str) -> UUID:
    """The id in ``text``. Raises `BadId`."""
    try:
        return UUID(text)
    except ValueError:
        raise BadId(field=field) from None


def date_of(text: str, field: str) -> date:
    """The date in ``text``, YYYY-MM-DD and nothing else. Raises `BadDate`."""
    # fromisoformat also reads "20261123" and week dates; the contract does not.
    if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", text, re.ASCII):
        raise BadDate(field=field)
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise BadDate(field=field) from None


def date_or_none(text: str, field: str) -> date | None:
    """The date in ``text``, or None when it is empty. Raises `BadDate`."""
    return date_of(text, field) if text else None
