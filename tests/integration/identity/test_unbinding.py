"""A binding ends: by its person while another door remains, by the registrar with a reason (A7)."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from uuid import UUID

import grpc
from sqlalchemy import update

from deploy.local.esia.people import Person as Citizen
from school.identity.v1 import binding_pb2, events_pb2, sessions_pb2
from school.identity.v1.sign_in_pb2 import StartEsiaStepUpRequest
from services.identity.accounts.storage import accounts
from services.identity.binding.rules.endings import WhyEnded
from services.identity.binding.storage import bindings, unbind
from services.identity.links.rules import Provider
from services.identity.people.rules import Role
from services.identity.sessions.storage import sessions
from services.kit.ids import new_id
from services.kit.rpc.status import refusal
from services.kit.tables import outbox
from tests.support.clock import MovableClock
from tests.support.identity import DEADLINE, Doors, Town, bearer, reason, refused, somebody_waits
from tests.support.newcomer import PERMANENT, Kind, Newcomer, Step, newcomer
from tests.support.waiting import eventually

NAME = "Королёва Алёна Сергеевна"
Reason = binding_pb2.UnbindReason


async def test_a_person_unbinds_and_stays_by_password(here: Town) -> None:
    """The session that came by password goes on; what came through ESIA ends, and the person is told."""
    person, citizen = await _bound(here)
    telephone = await here.doors.enter(citizen)
    here_by_password = await person.enter(PERMANENT)

    reply = await _unbind(here.doors, here_by_password)

    assert not reply.signed_out
    assert await reason(here.doors.refresh(telephone.session.refresh_token)) == "SESSION_ENDED"
    assert (await here.doors.refresh(here_by_password.refresh_token)).access_token
    told = await person.letters(Kind.MESSAGE_KIND_PROFILE_UNBOUND)
    assert {each.to for each in told} == {person.email, person.mobile}
    assert (await here.audited(person.registered.person_id))[-1] == ("unbind_profile", "OWN_WISH")
    assert (await here.told(person.registered.account_id))[-1] == "ProfileUnbound"
    assert await reason(_my_binding(here.doors, here_by_password)) == "NOT_BOUND"


async def test_who_came_in_through_esia_is_out_by_unbinding(here: Town) -> None:
    _, citizen = await _bound(here)
    session = (await here.doors.enter(citizen)).session

    assert (await _unbind(here.doors, session)).signed_out

    assert await reason(here.doors.refresh(session.refresh_token)) == "SESSION_ENDED"


async def test_the_event_names_binding_reason_and_the_accounts_next_version(here: Town) -> None:
    person, _ = await _bound(here)
    (binding,) = await here.rows(bindings, bindings.c.account_id == person.registered.account_id)
    await _unbind(here.doors, await person.enter(PERMANENT))

    rows = await here.rows(outbox, outbox.c.aggregate_id == person.registered.account_id)
    last = max(rows, key=lambda row: row.id)
    event = events_pb2.ProfileUnbound.FromString(last.payload)

    (account,) = await here.rows(accounts, accounts.c.id == person.registered.account_id)
    assert (event.binding_id, event.reason) == (str(binding.id), Reason.UNBIND_REASON_OWN_WISH)
    assert (last.aggregate_version, account.binding_generation) == (account.version, 2)


async def test_the_last_door_is_not_closed(here: Town, doors: Doors) -> None:
    """Bound by SNILS, without a password: nothing would open the account; with one, a contact is missing."""
    snils = here.snils()
    person = await here.register(NAME, snils=snils)
    session = (await doors.enter(here.citizen(NAME, snils=snils))).session

    said = await refused(_unbind(doors, session))
    assert (said.reason, said.metadata) == ("LAST_DOOR", {"missing": "password"})
    async with here.database.transaction() as tx:
        await tx.execute(
            update(accounts).where(accounts.c.id == person.account_id).values(password_hash="own")
        )
    said = await refused(_unbind(doors, session))
    assert (said.reason, said.metadata) == ("LAST_DOOR", {"missing": "contact"})
    (binding,) = await here.rows(bindings, bindings.c.account_id == person.account_id)
    assert binding.ended_at is None
    assert (await doors.refresh(session.refresh_token)).access_token


async def test_who_has_nothing_bound_is_told_so(here: Town) -> None:
    person = await (await newcomer(here, NAME)).up_to(Step.ACTIVATION_STEP_DONE)

    assert await reason(_unbind(here.doors, await person.enter(PERMANENT))) == "NOT_BOUND"


async def test_unbinding_asks_who_it_is_once_more(here: Town, clock: MovableClock) -> None:
    """A8: an open browser is not enough."""
    person, _ = await _bound(here)
    session = await person.enter(PERMANENT)
    clock.move(minutes=6)
    session = await here.doors.refresh(session.refresh_token)

    assert await reason(_unbind(here.doors, session)) == "STEP_UP_NEEDED"


async def test_an_old_sign_in_never_relinks(here: Town, clock: MovableClock) -> None:
    """A7: a redirect that waited while the profile was unbound binds nothing; a new sign-in does."""
    person, citizen = await _bound(here)
    old = await here.doors.back_from_esia(citizen)
    clock.move(seconds=1)
    await _unbind(here.doors, await person.enter(PERMANENT))

    assert await reason(here.doors.complete(old)) == "SIGN_IN_UNKNOWN"
    (only,) = await here.rows(bindings, bindings.c.account_id == person.registered.account_id)
    assert only.ended_at is not None
    assert (await here.doors.enter(citizen)).bound_now


async def test_an_old_proposal_never_relinks(here: Town, clock: MovableClock) -> None:
    """A7: a password was shown, then the account was bound and unbound: the proposal is an old one."""
    person = await (await newcomer(here, NAME)).up_to(Step.ACTIVATION_STEP_DONE)
    mine = here.citizen(NAME, snils=None)
    first, second = [await here.doors.password_needed(mine) for _ in range(2)]
    old = await here.doors.propose(first, person.login, PERMANENT)
    await here.doors.bind(second, person.login, PERMANENT)
    clock.move(seconds=1)
    await _unbind(here.doors, await person.enter(PERMANENT))

    assert await reason(here.doors.confirm(first, old.person_id)) == "SIGN_IN_UNKNOWN"
    assert await reason(_my_binding(here.doors, await person.enter(PERMANENT))) == "NOT_BOUND"


async def test_an_old_step_up_shows_nothing_after_unbinding(here: Town) -> None:
    """A7: a step-up that was begun for the profile ends with it."""
    person, citizen = await _bound(here)
    session = await person.enter(PERMANENT)
    started = await here.doors.sign_in.StartEsiaStepUp(
        StartEsiaStepUpRequest(), timeout=DEADLINE, metadata=bearer(session)
    )
    await _unbind(here.doors, session)

    redirect = await here.doors.at_esia(citizen, started)
    assert await reason(here.doors.complete(redirect)) == "BOUND_TO_ANOTHER_PROFILE"


async def test_a_new_profile_is_linked_after_the_old_one_was_lost(here: Town, clock: MovableClock) -> None:
    """Relink by the usual road; the history keeps both, and says who ended the first."""
    person, citizen = await _bound(here)
    await _unbind(here.doors, await person.enter(PERMANENT))
    clock.move(minutes=1)
    fresh = here.citizen(NAME, snils=citizen.snils)

    entered = await here.doors.enter(fresh)

    assert entered.bound_now
    listed = await here.doors.binding.ListMyBindings(
        binding_pb2.ListMyBindingsRequest(), timeout=DEADLINE, metadata=bearer(entered.session)
    )
    present, past = listed.bindings
    assert not present.HasField("ended_at")
    assert past.HasField("ended_at")
    assert (past.ended_why, past.ended_by_school) == (Reason.UNBIND_REASON_OWN_WISH, False)


async def test_unbinding_at_once_ends_one_binding_once(here: Town) -> None:
    """A9: ten presses."""
    person, _ = await _bound(here)
    session = await person.enter(PERMANENT)

    outcomes = await asyncio.gather(
        *(_unbind(here.doors, session) for _ in range(10)), return_exceptions=True
    )

    refusals = [each for each in outcomes if isinstance(each, grpc.aio.AioRpcError)]
    assert len(refusals) == 9
    assert {refusal(each).reason for each in refusals} == {"NOT_BOUND"}
    assert (await here.told(person.registered.account_id)).count("ProfileUnbound") == 1


async def test_unbinding_and_binding_at_once_leave_one_truth(here: Town) -> None:
    """A7, A9: sign-ins of the bound profile race its unbinding; each is in by the old binding, or refused."""
    person, citizen = await _bound(here)
    session = await person.enter(PERMANENT)
    redirects = [await here.doors.back_from_esia(citizen) for _ in range(20)]

    outcomes = await asyncio.gather(
        *(here.doors.complete(redirect) for redirect in redirects[:10]),
        _unbind(here.doors, session),
        *(here.doors.complete(redirect) for redirect in redirects[10:]),
        return_exceptions=True,
    )

    failed = [each for each in outcomes if isinstance(each, BaseException)]
    assert all(isinstance(each, grpc.aio.AioRpcError) for each in failed)
    rows = await here.rows(bindings, bindings.c.account_id == person.registered.account_id)
    assert len([row for row in rows if row.ended_at is None]) <= 1
    assert len({row.link_id for row in rows}) == len(rows)
    told = await here.told(person.registered.account_id)
    assert told.count("ProfileBound") == len(rows)
    live = await here.rows(
        sessions,
        sessions.c.account_id == person.registered.account_id,
        sessions.c.door == "esia",
        sessions.c.ended_at.is_(None),
    )
    # Whoever is in through ESIA is in by a binding that holds.
    assert not live or any(row.ended_at is None for row in rows)


async def test_an_entry_waits_for_an_unbinding_that_was_first(here: Town) -> None:
    """A7: it had read the binding already; no session is begun by what has ended meanwhile."""
    person, citizen = await _bound(here)
    account_id = person.registered.account_id
    redirect = await here.doors.back_from_esia(citizen)
    (binding,) = await here.rows(bindings, bindings.c.account_id == account_id)
    provider = Provider(binding.region, binding.provider)
    async with here.database.transaction() as tx:
        await unbind.lock(tx.connection, account_id)
        await unbind.unbind(
            tx.connection,
            provider,
            account_id,
            by=person.registered.person_id,
            why=WhyEnded.OWN_WISH,
            at=here.clock.now(),
        )
        entering = asyncio.create_task(reason(here.doors.complete(redirect)))
        await eventually(lambda: somebody_waits(here))

    assert await entering == "SIGN_IN_UNKNOWN"
    live = [sessions.c.account_id == account_id, sessions.c.ended_at.is_(None), sessions.c.door == "esia"]
    assert len(await here.rows(sessions, *live)) == 1, "the one that was there before"


async def test_a_registrar_unbinds_with_a_reason_and_everything_ends(here: Town) -> None:
    """Own school's people; the person is told and sees in the history that it was the school."""
    office = await _office(here)
    person, citizen = await _bound(here, office.school_id)
    by_esia = (await here.doors.enter(citizen)).session
    by_password = await person.enter(PERMANENT)

    await office.unbind(person.registered.person_id, Reason.UNBIND_REASON_PROFILE_LOST)

    for session in (by_esia, by_password):
        assert await reason(here.doors.refresh(session.refresh_token)) == "SESSION_ENDED"
    assert len(await person.letters(Kind.MESSAGE_KIND_PROFILE_UNBOUND)) == 2
    (past,) = await office.bindings(person.registered.person_id)
    assert (past.ended_why, past.ended_by_school) == (Reason.UNBIND_REASON_PROFILE_LOST, True)
    (row,) = await here.rows(bindings, bindings.c.account_id == person.registered.account_id)
    assert row.ended_by == office.registrar_id
    assert (await here.audited(person.registered.person_id))[-1] == ("unbind_profile", "PROFILE_LOST")


async def test_a_registrar_needs_a_reason(here: Town) -> None:
    office = await _office(here)
    person, _ = await _bound(here, office.school_id)

    said = await reason(office.unbind(person.registered.person_id, Reason.UNBIND_REASON_UNSPECIFIED))

    assert said == "REASON_NEEDED"
    (row,) = await here.rows(bindings, bindings.c.account_id == person.registered.account_id)
    assert row.ended_at is None


async def test_a_registrar_reaches_no_other_schools_people(here: Town) -> None:
    """A34: neither by the own school's name nor by the other's, and nothing is told of them."""
    office, elsewhere = await _office(here), new_id()
    person, _ = await _bound(here, elsewhere)
    lost = Reason.UNBIND_REASON_PROFILE_LOST

    assert await reason(office.unbind(person.registered.person_id, lost)) == "UNKNOWN_PERSON"
    assert await reason(office.bindings(person.registered.person_id)) == "UNKNOWN_PERSON"
    there = _Office(here, office.session, elsewhere, office.registrar_id)
    assert await reason(there.unbind(person.registered.person_id, lost)) == "NOT_THEIR_SCHOOL"
    (row,) = await here.rows(bindings, bindings.c.account_id == person.registered.account_id)
    assert row.ended_at is None


async def test_a_registrar_unbinds_neither_themselves_nor_who_has_rights_elsewhere(here: Town) -> None:
    """As with credentials: no right is got by it that somebody does not have."""
    office = await _office(here)
    lost = Reason.UNBIND_REASON_PROFILE_LOST
    operator = await here.register(
        "Сидоров Олег Иванович",
        roles={office.school_id: frozenset({Role.GUARDIAN}), UUID(int=0): frozenset({Role.OPERATOR})},
    )

    assert await reason(office.unbind(office.registrar_id, lost)) == "OWN_CREDENTIALS"
    assert await reason(office.unbind(operator.person_id, lost)) == "EMPLOYEE_ACCOUNT"


async def test_a_parent_unbinds_nobody_else(here: Town) -> None:
    office = await _office(here)
    person, _ = await _bound(here, office.school_id)
    as_parent = _Office(here, await person.enter(PERMANENT), office.school_id, office.registrar_id)

    said = await reason(as_parent.unbind(person.registered.person_id, Reason.UNBIND_REASON_PROFILE_LOST))

    assert said == "ROLE_NEEDED"


@dataclass(frozen=True)
class _Office:
    """A registrar who is in."""

    here: Town
    session: sessions_pb2.Session
    school_id: UUID
    registrar_id: UUID

    async def unbind(self, person_id: UUID, why: Reason.ValueType) -> None:
        request = binding_pb2.UnbindPersonRequest(
            school_id=str(self.school_id), person_id=str(person_id), reason=why
        )
        await self.here.doors.binding.UnbindPerson(request, timeout=DEADLINE, metadata=bearer(self.session))

    async def bindings(self, person_id: UUID) -> list[binding_pb2.Binding]:
        request = binding_pb2.ListPersonBindingsRequest(
            school_id=str(self.school_id), person_id=str(person_id)
        )
        reply = await self.here.doors.binding.ListPersonBindings(
            request, timeout=DEADLINE, metadata=bearer(self.session)
        )
        return list(reply.bindings)


async def _office(here: Town) -> _Office:
    school_id, login = new_id(), f"registrar-{here.snils()}"
    registrar = await here.register(
        "Петрова Анна Ивановна",
        login=login,
        password="a long enough one",
        roles={school_id: frozenset({Role.REGISTRAR})},
    )
    session = (await here.doors.enter_with_password(login, "a long enough one")).session
    return _Office(here, session, school_id, registrar.person_id)


async def _bound(here: Town, school_id: UUID | None = None) -> tuple[Newcomer, Citizen]:
    """Somebody with a password of their own and confirmed contacts, and the profile bound to them."""
    snils = here.snils()
    person = await newcomer(here, NAME, snils=snils, school_id=school_id)
    await person.up_to(Step.ACTIVATION_STEP_DONE)
    citizen = here.citizen(NAME, snils=snils)
    await here.doors.enter(citizen)
    return person, citizen


async def _unbind(doors: Doors, session: sessions_pb2.Session) -> binding_pb2.UnbindMyProfileResponse:
    return await doors.binding.UnbindMyProfile(
        binding_pb2.UnbindMyProfileRequest(), timeout=DEADLINE, metadata=bearer(session)
    )


async def _my_binding(doors: Doors, session: sessions_pb2.Session) -> binding_pb2.GetMyBindingResponse:
    return await doors.binding.GetMyBinding(
        binding_pb2.GetMyBindingRequest(), timeout=DEADLINE, metadata=bearer(session)
    )
