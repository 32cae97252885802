"""R35: who consented to which text for whom, and what follows when they take it back."""

from __future__ import annotations

import asyncio
import hashlib
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, insert, update

from school.identity.v1 import consents_pb2, consents_pb2_grpc, sessions_pb2
from services.identity.consents.keeper import TextsKeeper
from services.identity.consents.rules import NotTheirChild, Purpose, Text, TextChanged, TextOutdated
from services.identity.consents.settings import OperatorSettings
from services.identity.consents.storage import consents, messages_refused
from services.identity.consents.texts import texts_of
from services.identity.consents.usecases import Consents
from services.identity.families.storage import relations
from services.identity.own_data.storage import erasures
from services.identity.people.rules import Role
from services.identity.people.storage import WHOLE_REGION, insert_roles, person_roles
from services.identity.sessions.storage import sessions
from services.kit.caller import Caller
from services.kit.database import Database, Transaction
from services.kit.ids import new_id
from tests.conftest import DatabaseUrl
from tests.support.clock import MovableClock
from tests.support.identity import DEADLINE, OPERATOR, Doors, Registered, Town, bearer, reason

DIARY, MESSAGES = "diary-101", "messages-101"
SHIPPED = [("diary-101", "90d51a316da5d485"), ("messages-101", "60ad72b4a4ff805b")]


@dataclass
class Somebody:
    """A person who is in."""

    here: Town
    person: Registered
    session: sessions_pb2.Session

    @property
    def door(self) -> consents_pb2_grpc.ConsentsServiceAsyncStub:
        return consents_pb2_grpc.ConsentsServiceStub(self.here.doors.channel)

    async def give(self, text_id: str, *, to: UUID | None = None) -> consents_pb2.Consent:
        request = consents_pb2.GiveConsentRequest(text_id=text_id, subject_id=str(to) if to else "")
        call = self.door.GiveConsent(request, timeout=DEADLINE, metadata=bearer(self.session))
        return (await call).consent

    async def withdraw(self, consent_id: str) -> consents_pb2.WithdrawConsentResponse:
        request = consents_pb2.WithdrawConsentRequest(consent_id=consent_id)
        return await self.door.WithdrawConsent(request, timeout=DEADLINE, metadata=bearer(self.session))

    async def mine(self) -> consents_pb2.ListMyConsentsResponse:
        return await self.door.ListMyConsents(
            consents_pb2.ListMyConsentsRequest(), timeout=DEADLINE, metadata=bearer(self.session)
        )


async def somebody(here: Town) -> Somebody:
    login = f"person-{here.snils()}"
    person = await here.register(login=login, password="a long enough one")
    entered = await here.doors.enter_with_password(login, "a long enough one")
    return Somebody(here, person, entered.session)


async def make_operator(here: Town, person: Registered) -> None:
    """Whoever is in stays in: the second factor is a matter of signing in."""
    async with here.database.transaction() as tx:
        await insert_roles(
            tx.connection, person.person_id, WHOLE_REGION, [Role.OPERATOR], at=here.clock.now()
        )


async def relate(here: Town, guardian: UUID, pupil: UUID, *, days: int = 0) -> None:
    """Since ``days`` ago, a guardian stands for a pupil."""
    now = here.clock.now()
    async with here.database.transaction() as tx:
        await tx.execute(
            insert(relations).values(
                id=new_id(),
                guardian_id=guardian,
                pupil_id=pupil,
                school_id=new_id(),
                kind="PARENT",
                valid_from=(now - timedelta(days=days + 1)).date(),
                registered_at=now,
            )
        )


async def test_the_texts_in_force_name_the_operator_and_the_consequence(here: Town) -> None:
    me = await somebody(here)

    told = await me.mine()

    assert {text.text_id for text in told.texts} == {DIARY, MESSAGES}
    for text in told.texts:
        assert OPERATOR["name"] in text.wording
        assert OPERATOR["contact"] in text.wording
        assert "{" not in text.wording + text.consequence
        assert text.consequence
    assert not told.consents


async def test_anybody_can_read_a_text(doors: Doors) -> None:
    door = consents_pb2_grpc.ConsentsServiceStub(doors.channel)

    found = await door.GetConsentText(consents_pb2.GetConsentTextRequest(text_id=DIARY), timeout=DEADLINE)

    assert found.text.purpose == consents_pb2.CONSENT_PURPOSE_DIARY
    for unknown in ("diary-1", "", "x\x00y"):
        call = door.GetConsentText(consents_pb2.GetConsentTextRequest(text_id=unknown), timeout=DEADLINE)
        assert await reason(call) == "UNKNOWN_TEXT"


async def test_consenting_twice_is_consenting_once(here: Town) -> None:
    me = await somebody(here)

    one, other = await me.give(MESSAGES), await me.give(MESSAGES)

    assert one.consent_id == other.consent_id
    assert one.subject_id == str(me.person.person_id)
    assert [each.consent_id for each in (await me.mine()).consents] == [one.consent_id]
    assert await here.audited(one.consent_id) == [("give_consent", MESSAGES)]


async def test_twenty_at_once_leave_one_consent(here: Town) -> None:
    me = await somebody(here)

    given = await asyncio.gather(*(me.give(MESSAGES) for _ in range(20)))

    assert len({one.consent_id for one in given}) == 1
    assert len(await here.rows(consents, consents.c.giver_id == me.person.person_id)) == 1


async def test_an_unknown_text_is_refused(here: Town) -> None:
    me = await somebody(here)

    assert await reason(me.give("diary-999")) == "UNKNOWN_TEXT"


async def test_a_guardian_consents_for_their_pupil_and_for_no_other(here: Town) -> None:
    """A34: not for another's child, and not for one they no longer stand for."""
    me = await somebody(here)
    pupil, foreign = await here.register("Королёв Пётр"), await here.register("Чужой Пётр")
    await relate(here, me.person.person_id, pupil.person_id)

    given = await me.give(DIARY, to=pupil.person_id)

    assert given.subject_name == "Королёв Пётр"
    assert await reason(me.give(DIARY, to=foreign.person_id)) == "NOT_THEIR_CHILD"
    assert await reason(me.give(DIARY, to=new_id())) == "NOT_THEIR_CHILD"


async def test_nobody_withdraws_what_another_has_given(here: Town) -> None:
    """A34: nor learns that there is such a consent."""
    me, other = await somebody(here), await somebody(here)
    given = await other.give(MESSAGES)

    assert await reason(me.withdraw(given.consent_id)) == "UNKNOWN_CONSENT"
    assert await reason(me.withdraw("nonsense")) == "BAD_ID"


async def test_after_messages_are_withdrawn_they_are_refused_until_given_again(here: Town) -> None:
    me = await somebody(here)

    async def refused() -> bool:
        async with here.database.read() as connection:
            return await messages_refused(connection, me.person.person_id)

    assert not await refused()
    given = await me.give(MESSAGES)
    assert not await refused()
    withdrawn = await me.withdraw(given.consent_id)
    assert withdrawn.consent.HasField("withdrawn_at")
    assert not withdrawn.account_closed
    assert await refused()
    assert (await me.withdraw(given.consent_id)).consent == withdrawn.consent
    await me.give(MESSAGES)
    assert not await refused()


async def test_withdrawing_the_diarys_consent_closes_the_account_and_has_it_erased(here: Town) -> None:
    """The session is over, no door opens, and in three days the data are gone."""
    me = await somebody(here)
    given = await me.give(DIARY)

    withdrawn = await me.withdraw(given.consent_id)

    assert withdrawn.account_closed
    (session,) = await here.rows(sessions, sessions.c.account_id == me.person.account_id)
    assert session.end_reason == "erased"
    assert await reason(here.doors.refresh(me.session.refresh_token)) == "SESSION_ENDED"
    (waiting,) = await here.rows(erasures, erasures.c.account_id == me.person.account_id)
    assert (waiting.cause, waiting.erases_at - waiting.requested_at) == ("CONSENT", timedelta(days=3))


async def test_a_closed_account_lets_nobody_in(here: Town) -> None:
    login = f"closed-{here.snils()}"
    person = await here.register(login=login, password="a long enough one")
    session = (await here.doors.enter_with_password(login, "a long enough one")).session
    me = Somebody(here, person, session)
    await me.withdraw((await me.give(DIARY)).consent_id)

    assert await reason(here.doors.enter_with_password(login, "a long enough one")) == "ACCOUNT_BLOCKED"


async def test_a_pupils_account_stays_open_while_one_of_two_parents_consents(here: Town) -> None:
    mother, father = await somebody(here), await somebody(here)
    pupil = await here.register("Королёв Пётр")
    for parent in (mother, father):
        await relate(here, parent.person.person_id, pupil.person_id)
    hers, his = [await parent.give(DIARY, to=pupil.person_id) for parent in (mother, father)]

    assert not (await mother.withdraw(hers.consent_id)).account_closed
    assert not await here.rows(erasures, erasures.c.account_id == pupil.account_id)
    assert not (await father.withdraw(his.consent_id)).account_closed

    (waiting,) = await here.rows(erasures, erasures.c.account_id == pupil.account_id)
    assert waiting.cancelled_at is None


async def test_who_stands_for_a_pupil_no_more_closes_nothing_by_withdrawing(here: Town) -> None:
    """A30: after a court has ended the right, what was consented to before is no lever on the account."""
    father, pupil = await somebody(here), await somebody(here)
    await relate(here, father.person.person_id, pupil.person.person_id)
    given = await father.give(DIARY, to=pupil.person.person_id)
    async with here.database.transaction() as tx:
        await tx.execute(
            update(relations)
            .where(relations.c.guardian_id == father.person.person_id)
            .values(ended_at=here.clock.now())
        )

    taken_back = await father.withdraw(given.consent_id)

    assert taken_back.consent.HasField("withdrawn_at")
    assert (await here.doors.refresh(pupil.session.refresh_token)).access_token
    assert not await here.rows(erasures, erasures.c.person_id == pupil.person.person_id)


async def test_two_parents_who_withdraw_at_once_close_the_account_once(here: Town) -> None:
    mother, father = await somebody(here), await somebody(here)
    pupil = await here.register("Королёв Пётр")
    for parent in (mother, father):
        await relate(here, parent.person.person_id, pupil.person_id)
    hers, his = [await parent.give(DIARY, to=pupil.person_id) for parent in (mother, father)]

    await asyncio.gather(mother.withdraw(hers.consent_id), father.withdraw(his.consent_id))

    assert len(await here.rows(erasures, erasures.c.account_id == pupil.account_id)) == 1


async def test_consenting_again_before_the_erasure_opens_the_pupils_account_again(here: Town) -> None:
    me = await somebody(here)
    pupil = await here.register("Королёв Пётр")
    await relate(here, me.person.person_id, pupil.person_id)
    await me.withdraw((await me.give(DIARY, to=pupil.person_id)).consent_id)

    await me.give(DIARY, to=pupil.person_id)

    (row,) = await here.rows(erasures, erasures.c.account_id == pupil.account_id)
    assert row.cancelled_at is not None


async def test_the_regions_last_operator_cannot_withdraw_the_diarys_consent(here: Town) -> None:
    """Else nobody could run the region; with another one they can."""
    async with here.database.transaction() as tx:
        await tx.execute(delete(person_roles).where(person_roles.c.role == Role.OPERATOR))
    me = await somebody(here)
    await make_operator(here, me.person)
    given = await me.give(DIARY)

    assert await reason(me.withdraw(given.consent_id)) == "LAST_OPERATOR"
    assert not (await me.mine()).consents[0].HasField("withdrawn_at")
    await make_operator(here, await here.register())
    assert (await me.withdraw(given.consent_id)).account_closed


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
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
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
