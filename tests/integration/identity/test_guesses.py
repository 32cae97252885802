"""Counting guesses: exact under parallel calls, apart for each key, forgotten one by one."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from itertools import count

import pytest

from services.identity.guesses.rules import LONGEST_MEMORY, Allowance, Allowances, Scope, TooManyAttempts
from services.identity.guesses.storage import guesses
from services.identity.guesses.usecases import Guesses
from services.kit.client import set_call
from tests.support.clock import MovableClock
from tests.support.holder import Call, Device
from tests.support.identity import Town

SUBJECT = Allowance(5, timedelta(seconds=15), timedelta(minutes=15), timedelta(hours=1))
ADDRESS = Allowance(8, timedelta(seconds=2), timedelta(seconds=30), timedelta(seconds=10))
NETWORK = Allowance(12, timedelta(seconds=1), timedelta(seconds=4), timedelta(seconds=2))


_networks = count()


@pytest.fixture
def guard(here: Town, clock: MovableClock) -> Guesses:
    return Guesses(here.keyring, Allowances(SUBJECT, SUBJECT, ADDRESS, NETWORK), clock)


@pytest.fixture(autouse=True)
def nowhere() -> Iterator[None]:
    set_call(None)
    yield
    set_call(None)


def network() -> str:
    """The beginning of addresses in a network from which no other test guesses."""
    return f"10.77.{next(_networks)}"


async def guess(here: Town, guard: Guesses, subject: str | None, address: str = "") -> str:
    """One guess in a connection of its own: "" when it may go on, else the seconds to wait."""
    set_call(Call(Device(address)) if address else None)
    async with here.database.read() as connection:
        try:
            await guard.count(connection, Scope.PASSWORD, subject)
        except TooManyAttempts as refused:
            return refused.metadata["retry_after_s"]
    return ""


async def test_of_twenty_guesses_at_once_exactly_the_free_ones_go_on(here: Town, guard: Guesses) -> None:
    """A21."""
    subject = here.snils()

    answers = Counter(await asyncio.gather(*(guess(here, guard, subject) for _ in range(20))))

    assert answers == {"": 5, "15": 15}


async def test_of_twenty_at_once_at_twenty_subjects_exactly_the_free_ones_of_the_address_go_on(
    here: Town, guard: Guesses
) -> None:
    """A21: one password tried at many logins."""
    address = f"{network()}.1"

    answers = Counter(await asyncio.gather(*(guess(here, guard, here.snils(), address) for _ in range(20))))

    assert answers[""] == 8


async def test_of_twenty_at_once_from_twenty_addresses_exactly_the_free_ones_of_the_network_go_on(
    here: Town, guard: Guesses
) -> None:
    around = network()

    answers = Counter(
        await asyncio.gather(*(guess(here, guard, here.snils(), f"{around}.{n}") for n in range(20)))
    )

    assert answers[""] == 12


async def test_a_guess_that_must_wait_counts_nowhere(here: Town, guard: Guesses, clock: MovableClock) -> None:
    """A21: whoever has used up their address cannot go on to shut others out."""
    address = f"{network()}.7"
    for _ in range(8):
        await guess(here, guard, here.snils(), address)
    victim = here.snils()
    for _ in range(30):
        assert await guess(here, guard, victim, address) == "2"

    assert [await guess(here, guard, victim) for _ in range(5)] == [""] * 5


async def test_waits_are_those_of_the_rule(here: Town, guard: Guesses, clock: MovableClock) -> None:
    """The statement and `Allowance.wait_after` agree on every step."""
    subject = here.snils()
    for failures in range(1, SUBJECT.most + 3):
        assert await guess(here, guard, subject) == ""
        wait = SUBJECT.wait_after(failures)
        assert (
            await guess(here, guard, subject) == (str(int(wait.total_seconds())) if wait else "") or not wait
        )
        if not wait:
            # That look was a guess itself: take it back by beginning anew at the same place.
            await begin_at(here, guard, subject, failures)
        clock.move(seconds=wait.total_seconds())


async def begin_at(here: Town, guard: Guesses, subject: str, failures: int) -> None:
    async with here.database.read() as connection:
        await guard.forgive(connection, Scope.PASSWORD, subject)
    for _ in range(failures):
        await guess(here, guard, subject)


async def test_failures_wear_off_one_by_one(here: Town, guard: Guesses, clock: MovableClock) -> None:
    subject = here.snils()
    for _ in range(5):
        await guess(here, guard, subject)
    clock.move(hours=2)

    assert [await guess(here, guard, subject) for _ in range(3)] == ["", "", "15"]


async def test_the_right_guess_forgets_the_subject_and_charges_the_address_nothing(
    here: Town, guard: Guesses
) -> None:
    """A school of a thousand signs in behind one address."""
    address = f"{network()}.200"
    for _ in range(30):
        subject = here.snils()
        assert await guess(here, guard, subject, address) == ""
        async with here.database.read() as connection:
            await guard.forgive(connection, Scope.PASSWORD, subject)

    for _ in range(4):
        assert await guess(here, guard, subject, address) == ""


async def test_a_clock_that_goes_back_forgets_nothing(
    here: Town, guard: Guesses, clock: MovableClock
) -> None:
    """A27."""
    subject = here.snils()
    for _ in range(5):
        await guess(here, guard, subject)
    clock.move(seconds=-30)

    assert await guess(here, guard, subject) == "45"


async def test_neither_login_nor_address_is_kept(here: Town, guard: Guesses) -> None:
    """A33: digests under a key that is not in the database."""
    await guess(here, guard, "somebody.s-login", "192.0.2.33")

    rows = await here.rows(guesses)

    assert all(len(row.digest) == 32 for row in rows)
    assert not any(b"somebody" in row.digest or b"192.0.2" in row.digest for row in rows)


async def test_counts_that_no_longer_count_are_swept(here: Town, guard: Guesses, clock: MovableClock) -> None:
    await guess(here, guard, here.snils())
    clock.move(days=8)
    await here.sweep()

    assert await here.rows(guesses, guesses.c.last_at < clock.now() - LONGEST_MEMORY) == []
