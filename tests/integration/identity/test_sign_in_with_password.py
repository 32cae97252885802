"""The other door: the school-issued login and password."""

from __future__ import annotations

import asyncio

import grpc
from sqlalchemy import update

from services.identity.guesses.rules import LONGEST_MEMORY
from services.identity.guesses.settings import GuessSettings
from services.identity.guesses.storage import guesses
from services.identity.leaving.storage import lock_person
from services.identity.people.rules import PersonStatus
from services.identity.people.storage import people
from services.identity.sessions.storage import sessions
from tests.support.clock import MovableClock
from tests.support.identity import Doors, Town, reason, refused, somebody_waits
from tests.support.waiting import eventually

FREE_GUESSES = GuessSettings().subject.free


async def test_login_and_password_let_in(here: Town, doors: Doors) -> None:
    login = f"parent-{here.snils()}"
    mother = await here.register(login=login, password="a long enough one")

    entered = await doors.enter_with_password(f" {login.upper()} ", "a long enough one")

    assert (entered.person.person_id, entered.bound_now) == (str(mother.person_id), False)


async def test_wrong_password_unknown_login_and_no_password_get_one_answer(here: Town, doors: Doors) -> None:
    """A22: status, reason, text and metadata are the same."""
    known, silent = f"known-{here.snils()}", f"silent-{here.snils()}"
    await here.register(login=known, password="a long enough one")
    await here.register(login=silent)

    answers = [
        await refused(doors.enter_with_password(login, "a wrong one"))
        for login in (known, silent, f"unknown-{here.snils()}", "", "x" * 5000, "nul\x00")
    ]

    assert {(answer.code, answer.reason, answer.title, str(answer.metadata)) for answer in answers} == {
        (
            grpc.StatusCode.UNAUTHENTICATED.value[0],
            "WRONG_CREDENTIALS",
            "The login or the password is wrong",
            "{}",
        )
    }


async def test_an_endless_password_is_wrong_without_a_hash_of_all_of_it(here: Town, doors: Doors) -> None:
    """A35: its beginning is not taken for the whole."""
    login = f"parent-{here.snils()}"
    await here.register(login=login, password="p" * 1024)

    assert await reason(doors.enter_with_password(login, "p" * 1025)) == "WRONG_CREDENTIALS"
    assert (await doors.enter_with_password(login, "p" * 1024)).HasField("session")


async def test_of_twenty_guesses_at_once_the_free_ones_are_looked_at(here: Town, doors: Doors) -> None:
    """A21: the counter counts before the hash, so parallel guesses gain nothing."""
    login = f"parent-{here.snils()}"
    await here.register(login=login, password="a long enough one")

    answers = await asyncio.gather(
        *(reason(doors.enter_with_password(login, f"guess {n}")) for n in range(20))
    )

    assert answers.count("WRONG_CREDENTIALS") == FREE_GUESSES
    assert answers.count("TOO_MANY_ATTEMPTS") == 20 - FREE_GUESSES


async def test_after_too_many_guesses_also_the_right_password_waits_as_long_as_it_is_told(
    here: Town, doors: Doors, clock: MovableClock
) -> None:
    """A21: the wait doubles, its seconds are told, and it is never for good."""
    login = f"parent-{here.snils()}"
    await here.register(login=login, password="a long enough one")
    for _ in range(FREE_GUESSES):
        await reason(doors.enter_with_password(login, "a wrong one"))

    told = await refused(doors.enter_with_password(login, "a long enough one"))
    assert (told.reason, told.metadata) == ("TOO_MANY_ATTEMPTS", {"retry_after_s": "15"})
    clock.move(seconds=15)
    assert await reason(doors.enter_with_password(login, "a wrong one")) == "WRONG_CREDENTIALS"
    told = await refused(doors.enter_with_password(login, "a long enough one"))
    assert told.metadata == {"retry_after_s": "30"}
    clock.move(seconds=30)
    assert (await doors.enter_with_password(login, "a long enough one")).HasField("session")
    assert await reason(doors.enter_with_password(login, "a wrong one")) == "WRONG_CREDENTIALS"


async def test_an_unknown_login_waits_like_a_known_one(here: Town, doors: Doors) -> None:
    """A22."""
    login = f"unknown-{here.snils()}"
    for _ in range(FREE_GUESSES):
        assert await reason(doors.enter_with_password(login, "a wrong one")) == "WRONG_CREDENTIALS"

    assert (await refused(doors.enter_with_password(login, "a wrong one"))).metadata == {
        "retry_after_s": "15"
    }


async def test_the_wait_never_exceeds_a_quarter_of_an_hour(
    here: Town, doors: Doors, clock: MovableClock
) -> None:
    """A21: no permanent lock as a weapon."""
    login = f"parent-{here.snils()}"
    for _ in range(20):
        await reason(doors.enter_with_password(login, "a wrong one"))
        clock.move(minutes=15)

    assert await reason(doors.enter_with_password(login, "a wrong one")) == "WRONG_CREDENTIALS"
    told = await refused(doors.enter_with_password(login, "a wrong one"))
    assert told.metadata == {"retry_after_s": "900"}


async def test_guesses_are_forgotten_after_a_quiet_day(here: Town, doors: Doors, clock: MovableClock) -> None:
    login = f"parent-{here.snils()}"
    for _ in range(FREE_GUESSES):
        await reason(doors.enter_with_password(login, "a wrong one"))
    clock.move(hours=25)

    for _ in range(FREE_GUESSES):
        assert await reason(doors.enter_with_password(login, "a wrong one")) == "WRONG_CREDENTIALS"
    clock.move(days=8)
    await here.sweep()
    assert await here.rows(guesses, guesses.c.last_at < clock.now() - LONGEST_MEMORY) == []


async def test_a_blocked_person_is_told_so_only_with_the_right_password(here: Town, doors: Doors) -> None:
    """A16, A22."""
    login = f"parent-{here.snils()}"
    await here.register(login=login, password="a long enough one", status=PersonStatus.BLOCKED)

    assert await reason(doors.enter_with_password(login, "a wrong one")) == "WRONG_CREDENTIALS"
    assert await reason(doors.enter_with_password(login, "a long enough one")) == "ACCOUNT_BLOCKED"


async def test_an_entry_waits_for_who_ends_what_its_person_is(here: Town, doors: Doors) -> None:
    """A16: the password was looked at before; no session is left with what the person is no more."""
    login = f"teacher-{here.snils()}"
    teacher = await here.register(login=login, password="a long enough one")
    async with here.database.transaction() as tx:
        await lock_person(tx.connection, teacher.person_id)
        await tx.execute(
            update(people)
            .where(people.c.id == teacher.person_id)
            .values(status=PersonStatus.LEFT, version=people.c.version + 1)
        )
        entering = asyncio.create_task(reason(doors.enter_with_password(login, "a long enough one")))
        await eventually(lambda: somebody_waits(here))

    assert await entering == "WRONG_CREDENTIALS"
    assert await here.rows(sessions, sessions.c.account_id == teacher.account_id) == []
