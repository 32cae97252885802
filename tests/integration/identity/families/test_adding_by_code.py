"""A guardian adds a child whose account has a second factor: the password alone proves nothing (R33)."""

from __future__ import annotations

from school.identity.v1 import families_pb2, sessions_pb2
from services.identity.families.storage import relations
from tests.integration.identity.families.family import PARENT, PASSWORD, School, children
from tests.support.authenticator import Authenticator, Factor
from tests.support.clock import MovableClock
from tests.support.identity import DEADLINE, Doors, Registered, Town, bearer, reason


async def add(doors: Doors, session: sessions_pb2.Session, login: str, *, code: str = "") -> None:
    """Add a child by login, password and perhaps a code."""
    request = families_pb2.AddChildRequest(
        login=login, password=PASSWORD, label="Petya", kind=PARENT, code=code
    )
    await doors.families.AddChild(request, timeout=DEADLINE, metadata=bearer(session))


async def guarded_child(here: Town, doors: Doors, school: School) -> tuple[Registered, str, Authenticator]:
    """A pupil with an app for codes, and the login; nobody has used the present code."""
    login = f"pupil-{here.snils()}"
    pupil = await school.pupil(login=login, password=PASSWORD)
    session = (await doors.enter_with_password(login, PASSWORD)).session
    app, _ = await Factor(doors.channel, doors.clock, session).enrol()
    return pupil, login, app


async def test_without_a_code_nobody_is_added(
    here: Town, doors: Doors, school: School, clock: MovableClock
) -> None:
    """Neither with a wrong one, nor with one that was used."""
    _, session = await school.parent()
    pupil, login, app = await guarded_child(here, doors, school)
    used = app.code()
    wrong = f"{(int(used) + 1) % 1_000_000:06}"

    refused = [await reason(add(doors, session, login, code=code)) for code in ("", "  ", wrong, used)]

    assert refused == ["CHILD_CODE_NEEDED", "CHILD_CODE_NEEDED", "WRONG_CODE", "WRONG_CODE"]
    assert await here.rows(relations, relations.c.pupil_id == pupil.person_id) == []


async def test_with_a_code_the_child_is_added_and_the_code_is_used_up(
    here: Town, doors: Doors, school: School, clock: MovableClock
) -> None:
    (_, session), (_, other) = await school.parent(), await school.parent("Королёв Олег")
    _, login, app = await guarded_child(here, doors, school)
    clock.move(minutes=1)
    code = app.code()

    await add(doors, session, login, code=code)

    assert await children(doors, session) == ["Пётр"]
    assert await reason(add(doors, other, login, code=code)) == "WRONG_CODE"


async def test_a_recovery_code_does_as_well(here: Town, doors: Doors, school: School) -> None:
    _, session = await school.parent()
    _, login, app = await guarded_child(here, doors, school)

    await add(doors, session, login, code=app.recovery_codes[0])

    assert await children(doors, session) == ["Пётр"]


async def test_codes_are_guessed_as_slowly_as_at_the_childs_own_door(
    here: Town, doors: Doors, school: School
) -> None:
    """A21: counted before they are looked at; then a right one waits, too."""
    _, session = await school.parent()
    _, login, app = await guarded_child(here, doors, school)

    told = [await reason(add(doors, session, login, code="000000")) for _ in range(6)]

    assert told[-1] == "TOO_MANY_ATTEMPTS"
    assert await reason(add(doors, session, login, code=app.recovery_codes[0])) == "TOO_MANY_ATTEMPTS"
