"""What of a bound profile's changes the school is told, and when a binding counts as one by SNILS."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from uuid import UUID

import pytest

from services.identity.binding.rules.assurance import Level
from services.identity.binding.rules.endings import LastDoor, require_another_door
from services.identity.binding.rules.later import Change, Noticed, noticed, proves_by_snils
from services.identity.binding.rules.matching import Profile, Registered
from services.identity.binding.rules.names import NamePart
from services.identity.binding.rules.roads import Road
from services.identity.people.rules import FullName, Snils

NAME = FullName("Королёва", "Алёна", "Сергеевна")
BORN = date(1986, 4, 12)
OWN, OTHERS = Snils("00000100000"), Snils("00000200000")

profile = Profile("1000000001", NAME, BORN, OWN, Level.CONFIRMED)
mother = Registered(UUID(int=1), NAME, BORN, OWN)


def test_what_agrees_is_no_news() -> None:
    assert noticed(profile, mother) == ()
    assert noticed(replace(profile, name=FullName("КОРОЛЕВА", "алена", "Сергеевна")), mother) == ()
    assert noticed(replace(profile, birth_date=None, snils=None), mother) == ()


def test_a_patronymic_that_one_side_leaves_out_is_no_news() -> None:
    assert noticed(replace(profile, name=FullName("Королёва", "Алёна", "")), mother) == ()


def test_everything_that_differs_is_told() -> None:
    changed = replace(profile, name=FullName("Иванова", "Алёна", "Сергеевна"), birth_date=date(1986, 4, 13))

    assert noticed(changed, replace(mother, snils=None)) == (
        Noticed(Change.NAME, NamePart.SURNAME),
        Noticed(Change.BIRTH_DATE),
        Noticed(Change.SNILS_UNREGISTERED),
    )


@pytest.mark.parametrize(
    ("road", "seen", "registered", "disputed", "proven"),
    [
        (Road.PASSWORD, OWN, OWN, False, True),
        (Road.PASSWORD, OWN, OWN, True, False),
        (Road.PASSWORD, OWN, OTHERS, False, False),
        (Road.PASSWORD, OWN, None, False, False),
        (Road.PASSWORD, None, OWN, False, False),
        (Road.PASSWORD, None, None, False, False),
        (Road.SNILS, OWN, OWN, False, False),
        (None, OWN, OWN, False, False),
    ],
)
def test_only_the_registered_snils_proves_what_a_password_had_shown(
    road: Road | None, seen: Snils | None, registered: Snils | None, disputed: bool, proven: bool
) -> None:
    """R22, A32."""
    person = replace(mother, snils=registered, snils_disputed=disputed)

    assert proves_by_snils(road, replace(profile, snils=seen), person) is proven


@pytest.mark.parametrize(
    ("own_password", "confirmed_contact", "missing"),
    [(False, False, "password"), (False, True, "password"), (True, False, "contact")],
)
def test_without_password_or_contact_the_profile_is_the_last_door(
    own_password: bool, confirmed_contact: bool, missing: str
) -> None:
    with pytest.raises(LastDoor) as refused:
        require_another_door(own_password=own_password, confirmed_contact=confirmed_contact)

    assert refused.value.metadata == {"missing": missing}


def test_a_password_and_a_contact_are_another_door() -> None:
    require_another_door(own_password=True, confirmed_contact=True)
