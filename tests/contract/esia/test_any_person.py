"""Any person the stand-in can express comes through the client unchanged; any flipped byte is refused."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Literal
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from deploy.local.esia import records
from deploy.local.esia.people import Contact, Kid, People, Person
from services.identity.esia import EsiaKid, EsiaProfile
from services.identity.esia.profile import read_contact, read_kid, read_profile
from tests.support.esia import SCOPES, Bench, bench

# Everything but halves of a character, which no UTF-8 can carry; the stand trims what it reads.
_NAMES = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=60).filter(str.strip)
_DAYS = st.dates()
_SNILS = st.text("0123456789", min_size=11, max_size=11)
_CONTACTS = st.builds(
    Contact,
    type=st.sampled_from(["MBT", "PHN", "EML", "CEM"]),
    value=_NAMES,
    verified=st.booleans(),
)
_KIDS = st.builds(
    Kid,
    id=st.integers(1, 2**53 - 1),
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
    oid=st.integers(1, 2**53 - 1),
    surname=st.none() | _NAMES,
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
async def anybody(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Bench]:
    """A stand whose people come one after the other."""
    async with bench(
        tmp_path_factory.mktemp("any"), client={"scopes": (*SCOPES, "contacts")}, scopes=(*SCOPES, "contacts")
    ) as ready:
        yield ready


def _as_read(read: EsiaProfile) -> tuple[object, ...]:
    return (
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
    )


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


@given(_PEOPLE)
def test_any_person_is_read_as_written(person: Person) -> None:
    read = read_profile(records.person(person, SCOPES), oid=person.oid, level_seen="PR")
    assert _as_read(read) == _as_was(person)


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


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(_PEOPLE)
async def test_any_person_comes_through_a_whole_sign_in(anybody: Bench, person: Person) -> None:
    """Signed, encrypted by nobody, encoded four times on the way: and the same at the end."""
    anybody.stand.people = People([person])
    if not (person.surname or person.given_name):
        person = person.model_copy(update={"surname": "Безымянный"})
        anybody.stand.people = People([person])
    tokens = await anybody.esia.exchange(await anybody.code(person))
    assert _as_read(await anybody.esia.person(tokens)) == _as_was(person)
    contacts = await anybody.esia.contacts(tokens)
    assert [(each.kind, each.value, each.verified) for each in contacts] == [
        (contact.type, contact.value, contact.verified) for contact in person.contacts
    ]
    assert [_kid_read(kid) for kid in await anybody.esia.kids(tokens)] == [
        _kid_written(kid) for kid in person.kids
    ]


@pytest.mark.parametrize("kind", ["ac", "te"])
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(data=st.data())
async def test_any_changed_byte_of_a_signed_request_is_refused(
    esia: Bench, kind: Literal["ac", "te"], data: st.DataObject
) -> None:
    """Whichever parameter it is in, and whatever it becomes: never a page, never a code, never a 500.

    Nor is a code looked at before the signature holds: 007011 would tell which codes there are.
    """
    async with esia.raw() as raw:
        right = raw.parameters(kind, state=str(uuid4()))
        name = data.draw(st.sampled_from(sorted(right.keys() - {"access_type"})))
        at = data.draw(st.integers(0, len(right[name]) - 1))
        other = data.draw(st.characters(min_codepoint=33, max_codepoint=1200))
        changed = right[name][:at] + other + right[name][at + 1 :]
        ask = raw.authorize if kind == "ac" else raw.token
        reply = await ask(right | {name: changed})
    if _spells_the_same(name, right[name], changed):
        assert (reply.status, reply.code) == ((200, None) if kind == "ac" else (400, "007011"))
    else:
        assert reply.code not in {None, "007011"}
        assert reply.status in {302, 400}


def _spells_the_same(name: str, right: str, changed: str) -> bool:
    """Base64 has two alphabets and hexadecimal digits two cases; all are accepted."""
    if name == "client_certificate_hash":
        return changed.upper() == right.upper()
    alphabet = str.maketrans("+/", "-_")
    same = changed.translate(alphabet) == right.translate(alphabet)
    return changed == right or (name == "client_secret" and same)
