"""The second factor: enrolled, asked for, used once, removed."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import parse_qs, unquote, urlsplit
from uuid import UUID, uuid4

import pytest
from jose import jwt

from school.access.v1.policy_pb2 import Pending
from school.identity.v1 import people_pb2, second_factor_pb2, sessions_pb2, sign_in_pb2
from school.identity.v1.events_pb2 import MessageKind
from services.identity.people.rules import Role
from services.identity.second_factor.storage import recovery_codes, second_factors
from services.identity.staff.usecases import Place, give_role
from tests.support.authenticator import Authenticator, Factor
from tests.support.clock import MovableClock
from tests.support.identity import DEADLINE, Doors, Registered, Town, bearer, reason, refused
from tests.support.newcomer import PERMANENT, Step, newcomer

PASSWORD = "a long enough one"
OWED = Pending.PENDING_SECOND_FACTOR


@dataclass
class Holder:
    """Somebody with a password, and what they do with their phone."""

    here: Town
    doors: Doors
    person: Registered
    login: str

    async def enter(self) -> sessions_pb2.Session:
        """Through the password door, no further."""
        request = sign_in_pb2.SignInWithPasswordRequest(login=self.login, password=PASSWORD)
        reply = await self.doors.sign_in.SignInWithPassword(request, timeout=DEADLINE)
        return reply.signed_in.session

    def factor(self, session: sessions_pb2.Session) -> Factor:
        return Factor(self.doors.channel, self.here.clock, session)

    async def enrolled(self) -> tuple[Authenticator, sessions_pb2.Session]:
        """Enrol in a new session; the session that is whole then."""
        session = await self.enter()
        app, whole = await self.factor(session).enrol()
        return app, whole if whole.access_token else session


async def holder(here: Town, doors: Doors, role: Role = Role.GUARDIAN) -> Holder:
    login = f"holder-{here.snils()}"
    person = await here.register(login=login, password=PASSWORD, roles={uuid4(): frozenset({role})})
    return Holder(here, doors, person, login)


def sid(session: sessions_pb2.Session) -> UUID:
    return UUID(jwt.get_unverified_claims(session.access_token)["sid"])


async def me(doors: Doors, session: sessions_pb2.Session) -> None:
    await doors.people.GetMe(people_pb2.GetMeRequest(), timeout=DEADLINE, metadata=bearer(session))


@pytest.mark.parametrize("role", [Role.REGISTRAR, Role.SCHOOL_ADMINISTRATOR, Role.AUTHORITY, Role.OPERATOR])
async def test_a_role_with_far_reach_owes_a_second_factor_at_the_password_door(
    here: Town, doors: Doors, role: Role
) -> None:
    who = await holder(here, doors, role)
    session = await who.enter()

    assert session.pending == OWED
    assert await reason(me(doors, session)) == "SECOND_FACTOR_NEEDED"
    present = await who.factor(session).get()
    assert (present.demanded, present.enrolled) == (True, False)


async def test_enrolling_makes_a_session_that_owed_it_whole(here: Town, doors: Doors) -> None:
    """A19: a new one; the old one is over."""
    who = await holder(here, doors, Role.REGISTRAR)
    session = await who.enter()

    app, whole = await who.factor(session).enrol()

    assert whole.pending == Pending.PENDING_UNSPECIFIED
    await me(doors, whole)
    assert sid(whole) != sid(session)
    assert await reason(me(doors, session)) == "SESSION_ENDED"
    assert (await doors.refresh(whole.refresh_token)).pending == Pending.PENDING_UNSPECIFIED
    assert len(set(app.recovery_codes)) == 10
    assert await here.audited(who.person.person_id) == [("enrol_second_factor", None)]


async def test_who_enrols_without_having_to_stays_in_and_is_asked_from_then_on(
    here: Town, doors: Doors, clock: MovableClock
) -> None:
    who = await holder(here, doors)
    first, second = await who.enter(), await who.enter()
    assert first.pending == Pending.PENDING_UNSPECIFIED

    app, replaced = await who.factor(first).enrol()

    assert replaced.access_token == ""
    assert (await doors.refresh(first.refresh_token)).pending == Pending.PENDING_UNSPECIFIED
    # Sessions that never gave a code give one at their next refresh.
    assert (await doors.refresh(second.refresh_token)).pending == OWED
    third = await who.enter()
    assert third.pending == OWED
    clock.move(seconds=60)
    whole = await who.factor(third).prove(app.code())
    assert whole.pending == Pending.PENDING_UNSPECIFIED
    await me(doors, whole)


async def test_a_whole_session_enrols_only_when_its_person_was_asked_lately(
    here: Town, doors: Doors, clock: MovableClock
) -> None:
    who = await holder(here, doors)
    session = await who.enter()
    clock.move(minutes=5, seconds=1)
    session = await doors.refresh(session.refresh_token)

    assert await reason(who.factor(session).start()) == "STEP_UP_NEEDED"
    assert await reason(who.factor(session).confirm("123456")) == "STEP_UP_NEEDED"


async def test_the_secret_is_told_once_and_kept_sealed(here: Town, doors: Doors) -> None:
    who = await holder(here, doors)
    session = await who.enter()
    first = await who.factor(session).start()
    begun = await who.factor(session).start()

    assert first.secret != begun.secret
    assert await reason(who.factor(session).confirm(first.code())) == "WRONG_CODE"
    confirmed = await who.factor(session).confirm(begun.code())
    (row,) = await here.rows(second_factors, second_factors.c.account_id == who.person.account_id)
    assert begun.secret.encode() not in row.secret_box
    kept = await here.rows(recovery_codes, recovery_codes.c.account_id == who.person.account_id)
    plain = {code.replace("-", "").encode() for code in confirmed.recovery_codes}
    assert not any(code in row.digest for row in kept for code in plain)
    assert await reason(who.factor(session).start()) == "SECOND_FACTOR_PRESENT"
    assert await reason(who.factor(session).confirm(begun.code())) == "NO_ENROLMENT"


async def test_the_address_for_an_app_names_region_and_login(here: Town, doors: Doors) -> None:
    who = await holder(here, doors)
    factor = who.factor(await who.enter())
    request = second_factor_pb2.StartSecondFactorRequest()
    begun = await factor.stub.StartSecondFactor(request, timeout=DEADLINE, metadata=factor._metadata)

    parts = urlsplit(begun.otpauth_uri)

    assert (parts.scheme, parts.netloc) == ("otpauth", "totp")
    assert unquote(parts.path) == f"/Дневник, Москва:{who.login}"
    assert parse_qs(parts.query) == {"secret": [begun.secret], "issuer": ["Дневник, Москва"]}


@pytest.mark.parametrize(
    ("aside", "taken"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)], ids=str
)
async def test_a_phones_clock_may_be_half_a_minute_off(
    here: Town, doors: Doors, clock: MovableClock, aside: int, taken: bool
) -> None:
    """A27."""
    who = await holder(here, doors)
    app, _ = await who.enrolled()
    clock.move(minutes=5)
    session = await who.enter()

    call = who.factor(session).prove(app.code(steps_aside=aside))

    if taken:
        assert (await call).access_token
    else:
        assert await reason(call) == "WRONG_CODE"


async def test_a_code_works_once(here: Town, doors: Doors, clock: MovableClock) -> None:
    """Nor does an earlier one after it: whoever looked over a shoulder comes too late."""
    who = await holder(here, doors)
    app, _ = await who.enrolled()
    clock.move(minutes=5)
    one, other = await who.enter(), await who.enter()
    earlier = app.code(steps_aside=-1)

    await who.factor(one).prove(app.code())

    assert await reason(who.factor(other).prove(app.code())) == "WRONG_CODE"
    assert await reason(who.factor(other).prove(earlier)) == "WRONG_CODE"
    clock.move(seconds=30)
    assert (await who.factor(other).prove(app.code())).access_token


async def test_the_code_of_the_enrolment_is_spent_by_it(here: Town, doors: Doors) -> None:
    who = await holder(here, doors)
    app, _ = await who.enrolled()

    assert await reason(who.factor(await who.enter()).prove(app.code())) == "WRONG_CODE"


async def test_of_twenty_at_once_one_uses_a_code(here: Town, doors: Doors, clock: MovableClock) -> None:
    who = await holder(here, doors)
    app, _ = await who.enrolled()
    clock.move(minutes=5)
    waiting = [await who.enter() for _ in range(20)]
    code = app.code()

    told = await asyncio.gather(
        *(who.factor(session).prove(code) for session in waiting), return_exceptions=True
    )

    assert sum(isinstance(one, sessions_pb2.Session) for one in told) == 1


async def test_each_recovery_code_works_once_however_it_is_written(here: Town, doors: Doors) -> None:
    who = await holder(here, doors)
    app, _ = await who.enrolled()
    code = app.recovery_codes[0]

    whole = await who.factor(await who.enter()).prove(f" {code.upper().replace('-', ' ')} ")

    assert whole.pending == Pending.PENDING_UNSPECIFIED
    assert await reason(who.factor(await who.enter()).prove(code)) == "WRONG_CODE"
    assert (await who.factor(whole).get()).recovery_codes_left == 9


async def test_new_recovery_codes_kill_the_former_ones(here: Town, doors: Doors) -> None:
    who = await holder(here, doors)
    app, whole = await who.enrolled()

    fresh = await who.factor(whole).new_recovery_codes()

    assert len(set(fresh) | set(app.recovery_codes)) == 20
    session = await who.enter()
    assert await reason(who.factor(session).prove(app.recovery_codes[0])) == "WRONG_CODE"
    assert (await who.factor(session).prove(fresh[0])).access_token


@pytest.mark.parametrize("nonsense", ["", "12345", "1234567", "ABCDEF", "١٢٣٤٥٦", "\x00", "1" * 5000])
async def test_nonsense_is_a_wrong_code(here: Town, doors: Doors, nonsense: str) -> None:
    who = await holder(here, doors)
    await who.enrolled()

    assert await reason(who.factor(await who.enter()).prove(nonsense)) == "WRONG_CODE"


async def test_guesses_at_codes_must_wait_after_a_few(here: Town, doors: Doors, clock: MovableClock) -> None:
    """A21: six digits are soon tried out; also the right code waits."""
    who = await holder(here, doors)
    app, _ = await who.enrolled()
    clock.move(minutes=5)
    session = await who.enter()
    told = [await refused(who.factor(session).prove("000000")) for _ in range(6)]

    assert [one.reason for one in told[:5]] == ["WRONG_CODE"] * 5
    assert told[5].reason == "TOO_MANY_ATTEMPTS"
    assert await reason(who.factor(session).prove(app.code())) == "TOO_MANY_ATTEMPTS"
    clock.move(seconds=int(told[5].metadata["retry_after_s"]))
    assert (await who.factor(session).prove(app.code())).access_token


async def test_who_has_none_can_neither_prove_nor_remove_one(here: Town, doors: Doors) -> None:
    who = await holder(here, doors)
    factor = who.factor(await who.enter())

    assert await reason(factor.prove("123456")) == "NO_SECOND_FACTOR"
    assert await reason(factor.new_recovery_codes()) == "NO_SECOND_FACTOR"
    assert await reason(factor.remove()) == "NO_SECOND_FACTOR"


async def test_it_is_removed_by_who_was_asked_lately(here: Town, doors: Doors, clock: MovableClock) -> None:
    who = await holder(here, doors)
    app, whole = await who.enrolled()
    clock.move(minutes=6)
    whole = await doors.refresh(whole.refresh_token)
    assert await reason(who.factor(whole).remove()) == "STEP_UP_NEEDED"
    request = sessions_pb2.StepUpWithPasswordRequest(password=PASSWORD, code=app.code())
    stepped = await doors.sessions.StepUpWithPassword(request, timeout=DEADLINE, metadata=bearer(whole))

    await who.factor(stepped.session).remove()

    assert (await who.enter()).pending == Pending.PENDING_UNSPECIFIED
    assert not await here.rows(recovery_codes, recovery_codes.c.account_id == who.person.account_id)
    actions = [action for action, _ in await here.audited(who.person.person_id)]
    assert actions == ["enrol_second_factor", "remove_second_factor"]


async def test_a_role_that_demands_it_keeps_it(here: Town, doors: Doors) -> None:
    who = await holder(here, doors, Role.REGISTRAR)
    _, whole = await who.enrolled()

    assert await reason(who.factor(whole).remove()) == "SECOND_FACTOR_DEMANDED"


async def test_a_step_up_by_password_wants_the_code_as_well(
    here: Town, doors: Doors, clock: MovableClock
) -> None:
    who = await holder(here, doors)
    app, whole = await who.enrolled()
    clock.move(minutes=4)

    def step_up(code: str) -> sessions_pb2.StepUpWithPasswordRequest:
        return sessions_pb2.StepUpWithPasswordRequest(password=PASSWORD, code=code)

    for wrong in ("", "000000"):
        call = doors.sessions.StepUpWithPassword(step_up(wrong), timeout=DEADLINE, metadata=bearer(whole))
        assert await reason(call) == "WRONG_CODE"
    await me(doors, whole)
    right = step_up(app.code())
    reply = await doors.sessions.StepUpWithPassword(right, timeout=DEADLINE, metadata=bearer(whole))
    assert reply.session.pending == Pending.PENDING_UNSPECIFIED


async def test_a_code_alone_is_no_step_up(here: Town, doors: Doors, clock: MovableClock) -> None:
    """Who found an open browser and the phone beside it does not know the password yet."""
    who = await holder(here, doors)
    app, whole = await who.enrolled()
    clock.move(minutes=6)
    whole = await doors.refresh(whole.refresh_token)

    proven = await who.factor(whole).prove(app.code())

    assert await reason(who.factor(proven).remove()) == "STEP_UP_NEEDED"


async def test_esia_has_a_second_factor_of_its_own(here: Town, doors: Doors) -> None:
    snils = here.snils()
    await here.register(snils=snils, roles={uuid4(): frozenset({Role.OPERATOR})})

    entered = await doors.enter(here.citizen(snils=snils))

    assert entered.session.pending == Pending.PENDING_UNSPECIFIED


async def test_a_session_that_owes_it_waits_no_longer_than_others(
    here: Town, doors: Doors, clock: MovableClock
) -> None:
    who = await holder(here, doors, Role.REGISTRAR)
    session = await who.enter()
    clock.move(seconds=timedelta(hours=8).total_seconds())

    assert await reason(doors.refresh(session.refresh_token)) == "SESSION_ENDED"


async def test_its_person_is_told_when_it_comes_and_when_it_goes(here: Town) -> None:
    """By every confirmed contact: whoever did it may be somebody else."""
    anna = await (await newcomer(here)).up_to(Step.ACTIVATION_STEP_DONE)
    session = await anna.enter(PERMANENT)
    factor = Factor(here.doors.channel, here.clock, session)

    await factor.enrol()
    await factor.remove()

    told = await anna.letters(MessageKind.MESSAGE_KIND_SECOND_FACTOR_CHANGED)
    assert sorted((letter.to, letter.values["what"]) for letter in told) == sorted(
        (to, what) for to in (anna.email, anna.mobile) for what in ("enrolled", "removed")
    )


async def test_a_session_that_comes_to_owe_a_factor_later_enrols_none_without_a_recent_proof(
    here: Town, doors: Doors, clock: MovableClock
) -> None:
    """A6: a stolen session of a teacher who becomes a registrar is not led to a factor of the thief's."""
    who = await holder(here, doors, Role.TEACHER)
    stolen = await who.enter()
    clock.move(minutes=20)
    async with here.database.transaction() as tx:
        place = Place(who.person.person_id, uuid4(), Role.REGISTRAR)
        assert await give_role(tx, place, by="a test", clock=clock)
    owing = await doors.refresh(stolen.refresh_token)
    clock.move(minutes=11)
    owing = await doors.refresh(owing.refresh_token)
    assert owing.pending == OWED

    assert await reason(who.factor(owing).enrol()) == "SESSION_ENDED"
    assert await reason(doors.refresh(owing.refresh_token)) == "SESSION_ENDED"
    assert (await who.enrolled())[1].pending == Pending.PENDING_UNSPECIFIED
