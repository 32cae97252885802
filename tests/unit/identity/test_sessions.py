"""What a session owes, how long it lives, and which roles it acts in."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from services.identity.people.rules import Role
from services.identity.sessions.rules import (
    Door,
    Lifetimes,
    Limits,
    Owed,
    Standing,
    acting,
    owed,
    plain_zone,
)

NOW = datetime(2026, 9, 1, 8, tzinfo=UTC)
FAMILY = frozenset({Role.GUARDIAN})
STAFF = frozenset({Role.REGISTRAR, Role.GUARDIAN})
DEMANDING = frozenset({Role.REGISTRAR})
LIFETIMES = Lifetimes(
    family=Limits(timedelta(days=14), timedelta(days=90)), staff=Limits(timedelta(hours=8), timedelta(days=7))
)


@pytest.mark.parametrize(
    ("door", "standing", "given", "due"),
    [
        (Door.PASSWORD, Standing(FAMILY, True, False), None, Owed.NOTHING),
        (Door.PASSWORD, Standing(FAMILY, False, False), None, Owed.ACTIVATION),
        (Door.PASSWORD, Standing(FAMILY, True, True), None, Owed.SECOND_FACTOR),
        (Door.PASSWORD, Standing(FAMILY, True, True), NOW, Owed.NOTHING),
        (Door.PASSWORD, Standing(STAFF, True, False), None, Owed.SECOND_FACTOR),
        (Door.PASSWORD, Standing(STAFF, True, True), NOW, Owed.NOTHING),
        # First things first: who is not activated has no business with a second factor yet.
        (Door.PASSWORD, Standing(STAFF, False, True), None, Owed.ACTIVATION),
        (Door.ESIA, Standing(STAFF, False, True), None, Owed.NOTHING),
    ],
)
def test_what_a_session_owes_follows_from_door_account_and_roles(
    door: Door, standing: Standing, given: datetime | None, due: Owed
) -> None:
    assert owed(door, standing, second_factor_at=given, demanding=DEMANDING) is due


def test_of_several_roles_the_strictest_decides_how_long_a_session_lives() -> None:
    assert LIFETIMES.of(FAMILY | {Role.PUPIL}) == LIFETIMES.family
    assert LIFETIMES.of(STAFF) == LIFETIMES.staff
    assert LIFETIMES.of(frozenset({Role.TEACHER})) == LIFETIMES.staff
    assert LIFETIMES.of(frozenset()) == LIFETIMES.family


def test_staff_never_lives_longer_than_families() -> None:
    """An operator who shortens the families' alone shortens both."""
    short = Limits(timedelta(hours=1), timedelta(hours=2))

    assert Lifetimes(family=short, staff=LIFETIMES.staff).of(STAFF) == short


def test_who_acts_in_one_role_carries_it_alone() -> None:
    assert acting(STAFF, Role.GUARDIAN) == FAMILY
    assert acting(STAFF, None) == STAFF


def test_a_role_that_was_lost_is_as_if_it_had_not_been_chosen() -> None:
    assert acting(FAMILY, Role.REGISTRAR) == FAMILY


@pytest.mark.parametrize("zone", ["Europe/Moscow", "UTC", "Etc/GMT+3", "America/Argentina/Ushuaia"])
def test_a_time_zone_is_kept_as_the_device_tells_it(zone: str) -> None:
    assert plain_zone(zone) == zone


@pytest.mark.parametrize(
    "told", ["", "<b>", "../../etc/passwd", "Europe/" + "x" * 60, "Москва", "a b", "x\n"]
)
def test_what_cannot_be_a_time_zone_is_nothing(told: str) -> None:
    assert plain_zone(told) == ""
