"""Any person the stand-in can express comes through the client unchanged; any flipped byte is refused."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from deploy.local.esia import records
from deploy.local.esia.people import Contact, Kid, Person
from services.identity.esia import EsiaKid
from services.identity.esia.profile import read_contact, read_kid, read_profile
from tests.support.esia import SCOPES, Bench, bench

# What ESIA stores is trimmed, so a name neither begins nor ends with a space.
_NAMES = st.text(
    st.characters(whitelist_categories=["Lu", "Ll", "Lo"], whitelist_characters=" -'’ёЁ"),
    min_size=1,
    max_size=60,
).filter(lambda name: name == name.strip())
_DAYS = st.dates(min_value=date(1900, 1, 1), max_value=date(2100, 1, 1))
_SNILS = st.text("0123456789", min_size=11, max_size=11)
_CONTACTS = st.builds(
    Contact,
    type=st.sampled_from(["MBT", "PHN", "EML", "CEM"]),
    value=st.text("0123456789+()@.абв", min_size=1, max_size=60),
    verified=st.booleans(),
)
_KIDS = st.builds(
    Kid,
    id=st.integers(1, 2**40),
    surname=_NAMES,
    given_name=_NAMES,
    patronymic=st.none() | _NAMES,
    birth_date=st.none() | _DAYS,
    gender=st.sampled_from([None, "M", "F"]),
    snils=st.none() | _SNILS,
)
_PEOPLE = st.builds(
    Person,
    login=st.just("anybody"),
    password=st.just("anything"),
    oid=st.integers(1, 2**40),
    surname=_NAMES,
    given_name=st.none() | _NAMES,
    patronymic=st.none() | _NAMES,
    birth_date=st.none() | _DAYS,
    gender=st.sampled_from([None, "M", "F"]),
    snils=st.none() | _SNILS,
    inn=st.none() | st.text("0123456789", min_size=12, max_size=12),
    citizenship=st.sampled_from([None, "RUS", "BLR"]),
    level=st.sampled_from(["simplified", "standard", "confirmed", "child"]),
    contacts=st.lists(_CONTACTS, max_size=3).map(tuple),
    kids=st.lists(_KIDS, max_size=3).map(tuple),
)


@pytest.fixture(scope="module")
def shared_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Keys are made once: persons differ, not keys."""
    return tmp_path_factory.mktemp("any")


def _as_was(person: Person) -> tuple[object, ...]:
    return (
        person.oid,
        person.surname or "",
        person.given_name or "",
        person.patronymic,
        person.birth_date,
        person.gender,
        person.snils,
        person.inn,
        person.citizenship,
        person.trusted,
    )


@settings(deadline=None)
@given(_PEOPLE)
def test_any_person_is_read_as_written(person: Person) -> None:
    read = read_profile(records.person(person, SCOPES), oid=person.oid, level_seen="PR")
    assert (
        read.oid,
        read.surname,
        read.given_name,
        read.patronymic,
        read.birth_date,
        read.gender,
        read.snils,
        read.inn,
        read.citizenship,
        read.trusted,
    ) == _as_was(person)


@settings(deadline=None)
@given(_PEOPLE)
def test_any_contacts_and_kids_are_read_as_written(person: Person) -> None:
    contacts = [read_contact(record) for record in records.contacts(person, ("contacts",))]
    assert [(c.kind, c.value, c.verified) for c in contacts if c] == [
        (contact.type, contact.value, contact.verified) for contact in person.contacts
    ]
    kids = [read_kid(record) for record in records.kids(person, SCOPES)]
    assert [_kid_read(kid) for kid in kids] == [_kid_written(kid) for kid in person.kids]


def _kid_read(kid: EsiaKid) -> tuple[object, ...]:
    names = (kid.surname, kid.given_name, kid.patronymic)
    return kid.id, *names, kid.birth_date, kid.gender, kid.snils


def _kid_written(kid: Kid) -> tuple[object, ...]:
    names = (kid.surname, kid.given_name, kid.patronymic)
    return str(kid.id), *names, kid.birth_date, kid.gender, kid.snils


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(_PEOPLE)
async def test_any_person_comes_through_a_whole_sign_in(shared_folder: Path, person: Person) -> None:
    async with bench(shared_folder, people=[person]) as esia:
        profile = await esia.profile(person)
    assert (profile.oid, profile.surname, profile.snils) == (person.oid, person.surname, person.snils)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
async def test_any_changed_byte_of_a_signed_request_is_refused(esia: Bench, data: st.DataObject) -> None:
    """Whichever parameter it is in, and whatever it becomes: never a page, never a code, never a 500."""
    async with esia.raw() as raw:
        right = raw.parameters("ac", state=str(uuid4()))
        name = data.draw(st.sampled_from(sorted(right.keys() - {"access_type"})))
        at = data.draw(st.integers(0, len(right[name]) - 1))
        other = data.draw(st.characters(min_codepoint=33, max_codepoint=1200))
        changed = right[name][:at] + other + right[name][at + 1 :]
        reply = await raw.authorize(right | {name: changed})
    if name == "client_certificate_hash" and changed.upper() == right[name].upper():
        assert reply.status == 200
    elif changed != right[name] and not _spells_the_same(name, right[name], changed):
        assert reply.code is not None
        assert reply.status in {302, 400}


def _spells_the_same(name: str, right: str, changed: str) -> bool:
    """Base64 has two alphabets, and both are accepted."""
    alphabet = str.maketrans("+/", "-_")
    return name == "client_secret" and changed.translate(alphabet) == right.translate(alphabet)
