"""A region that asks for longer passwords gets them, whichever way a password is set."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from deploy.local import ports
from tests.conftest import DatabaseUrl
from tests.support.clock import MovableClock
from tests.support.esia import Bench
from tests.support.holder import Holder, holder
from tests.support.identity import Town, refused, town
from tests.support.keys import make_keys
from tests.support.newcomer import Step, newcomer

LEAST = 24
SHORT, LONG = "Синий-трамвай-уехал-412", "Синий-трамвай-уехал-4127"


@pytest.fixture
async def strict(
    database_url: DatabaseUrl, stand: Bench, clock: MovableClock, tmp_path: Path
) -> AsyncIterator[Town]:
    """A region whose setting is `LEAST`."""
    async with town(
        tmp_path,
        stand,
        make_keys(tmp_path),
        database_url=await database_url("identity"),
        nats_url=f"nats://127.0.0.1:{ports.any_free()}",
        clock=clock,
        passwords={"least_length": LEAST},
    ) as running:
        yield running


@pytest.fixture
async def anna(strict: Town) -> Holder:
    return await holder(strict)


async def test_the_judge_tells_the_regions_least_length(anna: Holder) -> None:
    session = await anna.enter()

    judged = await anna.judge(session, SHORT)

    assert (judged.least_length, list(judged.broken_rules)) == (LEAST, [1])  # LENGTH
    assert not (await anna.judge(session, LONG)).broken_rules


async def test_an_activation_asks_for_the_regions_least_length(strict: Town) -> None:
    person = await (await newcomer(strict)).up_to(Step.ACTIVATION_STEP_SET_PASSWORD)

    assert (await refused(person.set_password(SHORT))).metadata == {"rules": "LENGTH"}
    assert (await person.set_password(LONG)).next_step == Step.ACTIVATION_STEP_CONFIRM_CONTACTS


async def test_a_change_asks_for_the_regions_least_length(anna: Holder) -> None:
    session = await anna.enter()

    assert (await refused(anna.change(session, SHORT))).metadata == {"rules": "LENGTH"}
    await anna.change(session, LONG)
    assert (await anna.enter(LONG)).access_token


async def test_a_recovery_by_link_asks_for_the_regions_least_length(anna: Holder) -> None:
    """And the link is good still, for a longer one."""
    await anna.forget()
    token = await anna.last_token()

    assert (await refused(anna.recover(SHORT, token=token))).metadata == {"rules": "LENGTH"}
    await anna.recover(LONG, token=token)
    assert (await anna.enter(LONG)).access_token


async def test_a_recovery_by_code_asks_for_the_regions_least_length(anna: Holder) -> None:
    """And the code is good still, for a longer one."""
    key = (await anna.forget(by_mobile=True)).recovery_key
    code = await anna.last_code()

    assert (await refused(anna.recover(SHORT, key=key, code=code))).metadata == {"rules": "LENGTH"}
    await anna.recover(LONG, key=key, code=code)
    assert (await anna.enter(LONG)).access_token
