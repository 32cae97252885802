"""Whether an ESIA account vouches well enough for somebody of this age (R5, R6, A15).

The sources ask below fourteen for any account, and from fourteen for a standard or confirmed one. ESIA shows
a client system no more than "confirmed", "a child's" and whether a verified SNILS is there; so its absence
counts as simplified (`services.identity.esia.profile`).

One exception, which the sources demand themselves: who has no SNILS at ESIA may show the school's login and
password instead (R22). Counted strictly, no grown-up could ever go that way, for without SNILS every account
that is not confirmed looks simplified. So where the password has vouched, the missing SNILS is no second
obstacle, now and at later sign-ins; a confirmed account says so by itself, and a child's is refused from
fourteen on like everywhere. A region that finds this too weak asks for confirmed accounts of all.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from enum import StrEnum
from typing import Final
from zoneinfo import ZoneInfo

STANDARD_FROM: Final = 14
"""Full years from which an account of one's own is asked for: so old one registers alone at ESIA."""


class Level(StrEnum):
    """What ESIA lets us see of an account."""

    SIMPLIFIED = "simplified"
    CHILD = "child"
    """Made by a parent with a confirmed account, for a child below fourteen."""
    STANDARD = "standard"
    CONFIRMED = "confirmed"


class LevelPolicy(StrEnum):
    """What a region asks for."""

    BY_AGE = "by_age"
    """The rule of the sources."""
    CONFIRMED = "confirmed"
    """A confirmed account of everybody; of a child below fourteen, who cannot have one, a child's account."""


def needed(seen: Level, *, age: int, policy: LevelPolicy, by_password: bool) -> Level | None:
    """The level that is missing, None when the one seen is enough.

    Args:
        seen: what ESIA tells.
        age: full years of the registered person on that day.
        policy: of the region.
        by_password: the school's login and password vouch beside ESIA (R22).
    """
    young = age < STANDARD_FROM
    match policy:
        case LevelPolicy.CONFIRMED:
            if seen is Level.CONFIRMED or (young and seen is Level.CHILD):
                return None
            return Level.CHILD if young else Level.CONFIRMED
        case LevelPolicy.BY_AGE:
            if young or seen in {Level.STANDARD, Level.CONFIRMED}:
                return None
            return None if by_password and seen is Level.SIMPLIFIED else Level.STANDARD


def needed_by_anyone(seen: Level, *, policy: LevelPolicy) -> Level | None:
    """The level that is missing whoever it is, when the school's password is still to tell who that is.

    Told at once, nobody looks for a slip that would not help.
    """
    ages = (STANDARD_FROM - 1, STANDARD_FROM)
    missing = [needed(seen, age=age, policy=policy, by_password=True) for age in ages]
    return None if None in missing else missing[-1]


def day_of_entry(now: datetime, zones: Iterable[ZoneInfo], region: ZoneInfo) -> date:
    """Which day it is for a person: at their school; at the region's clock for those who are at none.

    Of schools in several zones the last to begin the day counts: nobody is fourteen while one of their
    schools says that the birthday is tomorrow.
    """
    return min((now.astimezone(zone).date() for zone in zones), default=now.astimezone(region).date())
