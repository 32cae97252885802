"""The registry of consents from inside: on paper, in any order, and its texts from start to start (R35)."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.identity.consents.keeper import TextsKeeper
from services.identity.consents.rules import NotTheirChild, Purpose, Text, TextChanged, TextOutdated
from services.identity.consents.settings import OperatorSettings
from services.identity.consents.storage import consents
from services.identity.consents.texts import texts_of
from services.identity.consents.usecases import Consents
from services.kit.caller import Caller
from services.kit.database import Database, Transaction
from services.kit.ids import new_id
from tests.conftest import DatabaseUrl
from tests.integration.identity.test_consents import relate
from tests.support.clock import MovableClock
from tests.support.identity import OPERATOR, Registered, Town

DIARY, MESSAGES = "diary-101", "messages-101"
SHIPPED = [("diary-101", "90d51a316da5d485"), ("messages-101", "60ad72b4a4ff805b")]


class Closed:
    """Remembers whose accounts are closed."""

    def __init__(self) -> None:
        self.people: set[UUID] = set()

    async def close(self, tx: Transaction, person_id: UUID, *, by: UUID) -> None:
        """Close it."""
        self.people.add(person_id)

    async def reopen(self, tx: Transaction, person_id: UUID) -> None:
        """Open it."""
        self.people.discard(person_id)


def registry_of(here: Town, closed: Closed) -> Consents:
    """The use cases themselves, with somebody who remembers what is closed."""
    return Consents(here.database, closed, ZoneInfo("Europe/Moscow"), here.clock)


def caller_of(person: Registered) -> Caller:
    return Caller(person.person_id, person.account_id, new_id(), frozenset(), "77")


async def test_paper_is_recorded_once_with_the_employee_who_saw_it(here: Town) -> None:
    me, registrar = await here.register(), await here.register("Сергеева Ольга")
    registry = registry_of(here, Closed())

    for _ in range(2):
        async with here.database.transaction() as tx:
            consent = await registry.record_on_paper(
                tx, giver_id=me.person_id, subject_id=me.person_id, employee_id=registrar.person_id
            )

    (row,) = await here.rows(consents, consents.c.giver_id == me.person_id)
    assert (row.id, row.text_id, row.on_paper, row.recorded_by) == (
        consent.id,
        DIARY,
        True,
        registrar.person_id,
    )


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("give"), st.sampled_from("mf"), st.sampled_from("smp"), st.sampled_from(Purpose)),
        st.tuples(st.just("withdraw"), st.sampled_from("mf"), st.integers(0, 5), st.just(None)),
    ),
    max_size=20,
)


@given(steps=STEPS)
@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
async def test_any_sequence_of_giving_and_withdrawing_leaves_what_was_last_said(
    the_town: Town, steps: list[tuple[str, str, Any, Any]]
) -> None:
    """Two parents, themselves and one child: what holds is what was given after it was last withdrawn."""
    here, closed = the_town, Closed()
    registry = registry_of(here, closed)
    who = {name: await here.register() for name in "mfp"}
    for parent in "mf":
        await relate(here, who[parent].person_id, who["p"].person_id)
    held: set[tuple[str, str, Purpose]] = set()
    given_by: dict[str, list[tuple[UUID, tuple[str, str, Purpose]]]] = {"m": [], "f": []}
    shut: set[str] = set()

    for deed, giver, what, purpose in steps:
        if deed == "give":
            # "s" is oneself; a parent does not stand for the other one.
            subject = giver if what == "s" else what
            text_id = f"{purpose.lower()}-101"
            giving = registry.give(caller_of(who[giver]), text_id, subject_id=who[subject].person_id)
            if subject in "mf" and subject != giver:
                with pytest.raises(NotTheirChild):
                    await giving
                continue
            shown = await giving
            held.add((giver, subject, purpose))
            given_by[giver].append((shown.consent.id, (giver, subject, purpose)))
            if purpose is Purpose.DIARY:
                shut.discard(subject)
        elif what < len(given_by[giver]):
            consent_id, key = given_by[giver][what]
            (row,) = await here.rows(consents, consents.c.id == consent_id)
            shown, own = await registry.withdraw(caller_of(who[giver]), consent_id)
            assert shown.consent.withdrawn_at is not None
            if row.withdrawn_at is None:
                held.discard(key)
                if key[2] is Purpose.DIARY and not any(k[1:] == key[1:] for k in held):
                    shut.add(key[1])
                    assert own == (key[1] == giver)

    rows = await here.rows(consents, consents.c.giver_id.in_([who["m"].person_id, who["f"].person_id]))
    names = {person.person_id: name for name, person in who.items()}
    assert {
        (names[row.giver_id], names[row.subject_id], Purpose(row.purpose))
        for row in rows
        if row.withdrawn_at is None
    } == held
    assert {names[person] for person in closed.people} == shut


def texts(**changes: Any) -> list[Text]:
    """The texts of an operator with other words."""
    return texts_of(OperatorSettings.model_validate({**OPERATOR, **changes}))


async def test_another_wording_without_another_version_keeps_the_service_from_starting(
    database_url: DatabaseUrl,
) -> None:
    clock = MovableClock()
    async with Database(await database_url("identity")) as database:
        async with TextsKeeper(database, texts(), clock), TextsKeeper(database, texts(), clock):
            pass
        with pytest.raises(TextChanged, match="diary-101"):
            await TextsKeeper(database, texts(address="Другая ул., 2"), clock).record()


async def test_other_words_about_the_operator_make_a_new_text_and_the_old_one_outdated(
    here: Town, database_url: DatabaseUrl
) -> None:
    """Who consented to the old one still does; nobody consents to it any more."""
    here = replace(here, database=Database(await database_url("identity")))
    async with here.database as database:
        await TextsKeeper(database, texts(), here.clock).record()
        registry, me = registry_of(here, Closed()), await here.register()
        await registry.give(caller_of(me), DIARY, subject_id=None)
        await TextsKeeper(database, texts(name="Другое ведомство", revision=2), here.clock).record()

        with pytest.raises(TextOutdated):
            await registry.give(caller_of(me), DIARY, subject_id=None)
        fresh = await registry.give(caller_of(me), "diary-102", subject_id=None)
        in_force, given = await registry.mine(caller_of(me))
        assert {text.text.id for text in in_force} == {"diary-102", "messages-102"}
        assert len([one for one in given if one.consent.withdrawn_at is None]) == 2
        await registry.withdraw(caller_of(me), fresh.consent.id)
        _, given = await registry.mine(caller_of(me))
        assert all(one.consent.withdrawn_at for one in given)


async def test_a_keeper_without_a_database_goes_on_trying() -> None:
    """A start does not wait for the database; the texts are recorded when it is back."""
    away = Database("postgresql+asyncpg://nobody@127.0.0.1:1/nothing")
    async with away, TextsKeeper(away, texts(), MovableClock()):
        pass


def test_the_digest_of_the_shipped_wordings_never_changes() -> None:
    """People consented to them: a new wording is a new file."""
    assert [(text.id, hashlib.sha256(text.digest).hexdigest()[:16]) for text in texts()] == SHIPPED
