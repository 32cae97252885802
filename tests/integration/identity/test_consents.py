"""R35: who consented to which text for whom, and what follows when they take it back."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from sqlalchemy import delete, insert, update

from school.identity.v1 import consents_pb2, consents_pb2_grpc, sessions_pb2
from services.identity.consents.storage import consents, messages_refused
from services.identity.families.storage import relations
from services.identity.own_data.storage import erasures
from services.identity.people.rules import Role
from services.identity.people.storage import WHOLE_REGION, insert_roles, person_roles
from services.identity.sessions.storage import sessions
from services.kit.ids import new_id
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
