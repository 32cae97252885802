"""By which evidence a profile is bound."""

from __future__ import annotations

from enum import StrEnum


class Road(StrEnum):
    """By which evidence: the names of `school.identity.v1.BindingRoad` without their prefix."""

    SNILS = "SNILS"
    PASSWORD = "PASSWORD"  # noqa: S105 - a road
