"""Whether a profile is a registered person: exactly one, with the same SNILS and name, or nobody."""

from __future__ import annotations

import unicodedata
from dataclasses import replace
from datetime import date
from uuid import UUID, uuid4

from hypothesis import given
from hypothesis import strategies as st

from services.identity.binding.rules.assurance import Level
from services.identity.binding.rules.matching import (
    Agreed,
    BirthDateDiffers,
    NameDiffers,
    NoSnils,
    Profile,
    Registered,
    SeveralRegistered,
    SnilsDiffers,
    SnilsUnknown,
    Verdict,
    again,
    by_password,
    by_snils,
    may_be_a_mistake,
)
from services.identity.binding.rules.names import NamePart
from services.identity.people.rules import FullName, Snils

MOTHER = FullName("Королёва", "Алёна", "Сергеевна")
BORN = date(1986, 4, 12)
OWN, OTHERS = Snils("00000100000"), Snils("00000200000")

profile = Profile("1000000001", MOTHER, BORN, OWN, Level.CONFIRMED)
mother = Registered(UUID(int=1), MOTHER, BORN, OWN)


def test_only_a_name_beside_an_equal_birth_date_may_be_a_mistake() -> None:
    """A11: on the password road nothing else says that the two are one human being."""
    other_name = NameDiffers(mother, NamePart.SURNAME)

    assert may_be_a_mistake(profile, other_name)
    assert not may_be_a_mistake(replace(profile, birth_date=None), other_name)
    assert not may_be_a_mistake(replace(profile, birth_date=date(2014, 9, 1)), other_name)
    assert not may_be_a_mistake(profile, BirthDateDiffers(mother))
    assert not may_be_a_mistake(profile, SnilsDiffers(mother))


def test_one_person_with_the_same_snils_and_name_agrees() -> None:
    """R21."""
    assert by_snils(profile, [mother]) == Agreed(mother)


def test_a_profile_without_snils_is_not_looked_for() -> None:
    """R22: not even when a person without SNILS has the same name."""
    assert by_snils(replace(profile, snils=None), [replace(mother, snils=None)]) == NoSnils()


def test_nobody_with_the_snils_is_no_match() -> None:
    """A12."""
    assert by_snils(profile, []) == SnilsUnknown()
    assert by_snils(profile, [replace(mother, snils=OTHERS)]) == SnilsUnknown()
    assert by_snils(profile, [replace(mother, snils=None)]) == SnilsUnknown()


def test_two_with_the_snils_are_no_match_although_one_name_agrees() -> None:
    """A12, A32."""
    namesake = replace(mother, person_id=UUID(int=2), name=FullName("Иванова", "Ольга"))

    assert by_snils(profile, [mother, namesake]) == SeveralRegistered((UUID(int=1), UUID(int=2)))


def test_a_disputed_snils_is_no_match_although_one_claimant_is_gone() -> None:
    """A32."""
    assert by_snils(profile, [replace(mother, snils_disputed=True)]) == SeveralRegistered((UUID(int=1),))


def test_another_name_differs() -> None:
    """R23."""
    father = replace(profile, name=FullName("Королёв", "Олег", "Сергеевич"))

    assert by_snils(father, [mother]) == NameDiffers(mother, NamePart.SURNAME)


def test_another_birth_date_differs() -> None:
    assert by_snils(replace(profile, birth_date=date(1986, 4, 13)), [mother]) == BirthDateDiffers(mother)


def test_a_birth_date_that_esia_does_not_tell_is_no_obstacle() -> None:
    assert by_snils(replace(profile, birth_date=None), [mother]) == Agreed(mother)


def test_a_patronymic_missing_on_one_side_needs_the_birth_date_as_witness() -> None:
    """A13: the explicit rule."""
    silent = replace(profile, name=FullName("Королёва", "Алёна"))

    assert by_snils(silent, [mother]) == Agreed(mother)
    assert by_snils(replace(silent, birth_date=None), [mother]) == NameDiffers(mother, NamePart.PATRONYMIC)


def test_a_password_never_outweighs_another_snils() -> None:
    """A11."""
    assert by_password(profile, replace(mother, snils=OTHERS)).__class__ is SnilsDiffers
    assert by_password(profile, replace(mother, snils=None)).__class__ is SnilsDiffers


def test_a_password_never_outweighs_another_name() -> None:
    """A11: a parent without SNILS who knows the child's password."""
    child = replace(mother, name=FullName("Королёв", "Пётр", "Олегович"))

    assert by_password(replace(profile, snils=None), child) == NameDiffers(child, NamePart.SURNAME)


def test_a_bound_profile_is_held_to_its_snils_alone() -> None:
    """A14."""
    renamed = replace(profile, name=FullName("Петрова", "Алёна"), birth_date=None)

    assert again(renamed, mother) == Agreed(mother)
    assert again(replace(renamed, snils=None), mother) == Agreed(mother)
    assert isinstance(again(replace(renamed, snils=OTHERS), mother), SnilsDiffers)


numbers = st.sampled_from([OWN, OTHERS, None])
names = st.sampled_from(
    [
        MOTHER,
        FullName("Королева", "Алена", "Сергеевна"),
        FullName("Королёва", "Алёна"),
        FullName("Королёва", "Алина", "Сергеевна"),
        FullName("Иванова", "Ольга"),
        FullName("Петрова-Водкина", "Майя", "Рашид кызы"),
    ]
)
dates = st.sampled_from([BORN, date(1990, 1, 1)])
registered = st.builds(
    Registered,
    person_id=st.builds(uuid4),
    name=names,
    birth_date=dates,
    snils=numbers,
    snils_disputed=st.booleans(),
)
profiles = st.builds(
    Profile,
    subject=st.just("1"),
    name=names,
    birth_date=st.one_of(st.none(), dates),
    snils=numbers,
    level=st.sampled_from(Level),
)


@given(profiles, st.lists(registered, max_size=5))
def test_whoever_is_found_is_the_only_one_with_that_snils(
    somebody: Profile, candidates: list[Registered]
) -> None:
    """Whatever is in the register: never on unequal SNILS, never on two candidates."""
    verdict = by_snils(somebody, candidates)

    if isinstance(verdict, Agreed):
        assert somebody.snils is not None
        assert [person for person in candidates if person.snils == somebody.snils] == [verdict.person]
        assert not verdict.person.snils_disputed
        assert somebody.birth_date in {None, verdict.person.birth_date}


@given(profiles, st.lists(registered, max_size=4))
def test_the_order_of_candidates_never_matters(somebody: Profile, candidates: list[Registered]) -> None:
    """There is no "first"."""
    assert type(by_snils(somebody, candidates)) is type(by_snils(somebody, candidates[::-1]))


def loud(name: FullName) -> FullName:
    """Spelled otherwise in every way that does not count (A13)."""
    return FullName(
        *(
            unicodedata.normalize("NFD", part.upper().replace("Ё", "Е")).replace("-", " \u2013 ")
            for part in (name.surname, name.given_name, name.patronymic)
        )
    )


def verdict_on(somebody: Profile, person: Registered) -> tuple[type[Verdict], NamePart | None]:
    """What is said, without whom it is said of."""
    verdict = by_snils(somebody, [person])
    return type(verdict), getattr(verdict, "part", None)


@given(profiles, registered)
def test_a_verdict_is_the_same_whoever_spells_the_name_otherwise(
    somebody: Profile, person: Registered
) -> None:
    said = verdict_on(somebody, person)

    assert verdict_on(replace(somebody, name=loud(somebody.name)), person) == said
    assert verdict_on(somebody, replace(person, name=loud(person.name))) == said
    swapped = replace(somebody, name=person.name), replace(person, name=somebody.name)
    assert verdict_on(*swapped) == said


@given(profiles, registered)
def test_a_password_binds_nobody_whom_the_snils_forbids(somebody: Profile, person: Registered) -> None:
    if isinstance(by_password(somebody, person), Agreed):
        assert somebody.snils in {None, person.snils}
