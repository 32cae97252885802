"""ESIA in trouble: overloaded, broken, slow, gone. Nothing piles up, and each has its own error."""

from __future__ import annotations

import asyncio
import logging
import socket
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from uuid import uuid4

import httpx2
import pytest

from services.identity.esia import (
    EsiaClient,
    EsiaCodeRejected,
    EsiaError,
    EsiaMisconfigured,
    EsiaUnavailable,
    connect,
)
from tests.support.esia import MOTHER, PUPIL, Bench, bench
from tests.support.waiting import eventually


def _available(client: EsiaClient) -> Callable[[], Awaitable[bool]]:
    async def esia_is_available() -> bool:
        return client.available

    return esia_is_available


def _unavailable(client: EsiaClient) -> Callable[[], Awaitable[bool]]:
    async def esia_is_unavailable() -> bool:
        return not client.available

    return esia_is_unavailable


async def _fails(esia: Bench) -> EsiaError:
    with pytest.raises(EsiaUnavailable) as failed:
        await esia.esia.exchange("invented")
    return failed.value


@pytest.mark.parametrize(
    ("switch", "reason"), [("overloaded", "ESIA_OVERLOADED"), ("broken", "ESIA_INTERNAL_ERROR")]
)
async def test_esias_own_troubles_are_told_apart(tmp_path: Path, switch: str, reason: str) -> None:
    async with bench(tmp_path) as esia, httpx2.AsyncClient(trust_env=False) as http:
        await http.patch(f"{esia.running.url}/stand/switches", json={switch: True})
        assert (await _fails(esia)).reason == reason
        async with esia.raw() as raw:
            reply = await raw.authorize(raw.parameters("ac"))
        assert reply.status == 302
        await http.patch(f"{esia.running.url}/stand/switches", json={switch: False})
        assert (await esia.profile(MOTHER)).oid == MOTHER.oid


async def test_a_slow_esia_is_given_up_in_time(tmp_path: Path) -> None:
    async with bench(tmp_path, client={"timeout": 0.3}) as esia:
        esia.stand.switches.latency = 30
        since = time.monotonic()
        assert (await _fails(esia)).reason == "ESIA_TIMEOUT"
        assert time.monotonic() - since < 5


async def test_after_failures_in_a_row_esia_is_left_alone_and_tried_again(tmp_path: Path) -> None:
    """The breaker: three failures, then an instant answer; after a pause people are let through."""
    settings = {"failures_to_suspend": 3, "suspension": 2.0, "timeout": 1.0}
    async with bench(tmp_path, client=settings) as esia:
        esia.stand.switches.latency = 30
        seen = []
        for _ in range(3):
            seen.append(esia.esia.available)
            assert (await _fails(esia)).reason == "ESIA_TIMEOUT"
        assert [*seen, esia.esia.available] == [True, True, True, False]
        assert (await _fails(esia)).reason == "ESIA_SUSPENDED"

        esia.stand.switches.latency = 0
        await eventually(_available(esia.esia), within=5)
        assert (await esia.profile(MOTHER)).oid == MOTHER.oid


@pytest.mark.parametrize("switch", ["overloaded", "broken"])
async def test_quick_answers_of_an_esia_in_trouble_suspend_it_too(tmp_path: Path, switch: str) -> None:
    """007008 and 007007 come at once, as JSON with HTTP 400; who can wait is not sent there to hear them."""
    settings = {"failures_to_suspend": 3, "suspension": 2.0}
    async with bench(tmp_path, client=settings) as esia:
        setattr(esia.stand.switches, switch, True)
        reasons = [(await _fails(esia)).reason for _ in range(4)]
        assert reasons[2:] == [reasons[0], "ESIA_SUSPENDED"]
        assert not esia.esia.available

        setattr(esia.stand.switches, switch, False)
        await eventually(_available(esia.esia), within=5)
        assert (await esia.profile(MOTHER)).oid == MOTHER.oid


async def test_a_request_given_up_because_esia_is_slow_counts(tmp_path: Path) -> None:
    """Whoever asked had a deadline of their own; one who leaves at once says nothing about ESIA."""
    async with bench(tmp_path, client={"failures_to_suspend": 1}) as esia:
        esia.stand.switches.latency = 30
        for slow, available in ((30.0, True), (0.1, False)):
            async with connect(esia.settings.model_copy(update={"slow": slow})) as client:
                with pytest.raises(TimeoutError):
                    async with asyncio.timeout(0.5):
                        await client.exchange("invented")
                assert client.available is available


async def test_a_redirect_that_speaks_of_trouble_suspends_nobody(tmp_path: Path) -> None:
    """Anybody can write ESIA's words into an address: they are told to the one who brought them."""
    async with bench(tmp_path, client={"failures_to_suspend": 1}) as esia:
        state = uuid4()
        said = {"state": str(state), "error": "server_error", "error_description": "ESIA-007007: x."}
        for _ in range(5):
            with pytest.raises(EsiaUnavailable):
                esia.esia.code_of(said, state=state)
        assert esia.esia.available


@pytest.mark.parametrize("code", ["код", "a b", "x\r\ny", "<script>", "x" * 5000, ""])
async def test_what_cannot_be_a_code_is_not_shown_to_esia(tmp_path: Path, code: str) -> None:
    """Whatever the original answers to nonsense, no stranger can make it answer so."""
    async with bench(tmp_path, client={"failures_to_suspend": 1}) as esia:
        esia.stand.switches.broken = True
        with pytest.raises(EsiaCodeRejected):
            await esia.esia.exchange(code)
        assert esia.esia.available


async def test_being_refused_is_no_failure_of_esia(tmp_path: Path) -> None:
    """Wrong codes, even many, must not close the door for everybody else."""
    async with bench(tmp_path, client={"failures_to_suspend": 2}) as esia:
        for _ in range(5):
            with pytest.raises(EsiaError) as refused:
                await esia.esia.exchange("invented")
            assert refused.value.code == "007011"
        assert esia.esia.available


async def test_a_crowd_waits_no_longer_than_the_limits_say(tmp_path: Path) -> None:
    """More requests than connections while ESIA is slow: all end in time, none is left behind."""
    settings = {"connections": 2, "connect_timeout": 0.2, "timeout": 1.0, "failures_to_suspend": 1000}
    async with bench(tmp_path, client=settings) as esia:
        esia.stand.switches.latency = 30
        since = time.monotonic()
        failures = await asyncio.gather(*[_fails(esia) for _ in range(30)])
        assert time.monotonic() - since < 8
        assert {failure.reason for failure in failures} == {"ESIA_TIMEOUT", "ESIA_SUSPENDED"}


async def test_esia_that_is_gone_is_noticed_before_anybody_signs_in(tmp_path: Path) -> None:
    async with bench(tmp_path) as esia:
        settings = esia.settings
    with socket.create_server(("127.0.0.1", 0)) as closed:
        gone = f"http://127.0.0.1:{closed.getsockname()[1]}"
    changes = {"base_url": gone, "watch_every": 0.01, "failures_to_suspend": 2}
    async with connect(settings.model_copy(update=changes)) as client:
        await eventually(_unavailable(client), within=5)
        assert "Войдите по логину и паролю" in EsiaUnavailable().person_sentence("ru")


@pytest.mark.parametrize("trouble", [{"latency": 30}, {"html": True}])
async def test_looks_alone_notice_that_esia_goes_and_that_it_is_back(
    tmp_path: Path, trouble: dict[str, float]
) -> None:
    """Slow beyond ``slow``, or a maintenance page; recovery needs nobody."""
    watching = {"watch_every": 0.05, "slow": 0.3, "suspension": 0.1}
    async with bench(tmp_path, client=watching) as esia, httpx2.AsyncClient(trust_env=False) as http:
        assert esia.esia.available
        switches = f"{esia.running.url}/stand/switches"
        await http.patch(switches, json=trouble)
        await eventually(_unavailable(esia.esia), within=10)

        await http.patch(switches, json=dict.fromkeys(trouble, 0))
        await eventually(_available(esia.esia), within=10)
        assert (await esia.profile(MOTHER)).oid == MOTHER.oid


async def test_a_blocked_person_cannot_sign_in(tmp_path: Path) -> None:
    async with bench(tmp_path) as esia, esia.browser() as browser:
        esia.stand.switches.blocked = frozenset({PUPIL.oid})
        page = await browser.open(await esia.esia.authorization_url(uuid4()))
        page = await browser.send(page, "/login", login=PUPIL.login, password=PUPIL.password)
        assert "заблокирована" in page


async def test_a_code_of_a_person_who_was_blocked_meanwhile_is_worth_nothing(tmp_path: Path) -> None:
    async with bench(tmp_path) as esia:
        code = await esia.code(PUPIL)
        esia.stand.switches.blocked = frozenset({PUPIL.oid})
        with pytest.raises(EsiaError) as refused:
            await esia.esia.exchange(code)
    assert refused.value.code == "007011"


async def test_the_switchboard_refuses_what_is_no_switch(esia: Bench) -> None:
    async with httpx2.AsyncClient(trust_env=False) as http:
        response = await http.patch(f"{esia.running.url}/stand/switches", json={"overlaoded": True})
    assert response.status_code == 400


async def test_codes_and_tokens_reach_no_log(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A33: not at any level, of any library, in a good sign-in and in a failed one."""
    async with bench(tmp_path) as esia:
        code = await esia.code(MOTHER)  # the browser's part: it is not ours what a browser writes down
        with caplog.at_level(logging.DEBUG):
            tokens = await esia.esia.exchange(code)
            await esia.esia.person(tokens)
            with pytest.raises(EsiaError) as refused:
                await esia.esia.exchange(code)
    said = caplog.text + repr(tokens) + str(refused.value) + repr(refused.value.facts)
    for secret in (code, code.split(".")[2], tokens.access.text, "Королёва", "00000060001"):
        assert secret not in said


async def test_a_wrong_signer_is_the_operators_affair(tmp_path: Path) -> None:
    async with bench(tmp_path) as esia:
        missing = esia.settings.model_copy(update={"key_file": tmp_path / "no.key"})
        with pytest.raises(EsiaMisconfigured) as refused:
            async with connect(missing):
                raise AssertionError("a client without a key was made")
    assert refused.value.reason == "ESIA_SIGNER_FAILED"
