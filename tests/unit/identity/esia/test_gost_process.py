"""The GOST process: answers in order, refuses a crowd, comes back after a crash, ends with its parent."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import sys

import psutil
import pytest

from services.identity.esia.gost import arithmetic
from services.identity.esia.gost.keys import GostPrivateKey
from services.identity.esia.gost.process import GostBusy, GostProcess, GostRefused
from tests.support.waiting import eventually

_KEY = GostPrivateKey.generate()


async def test_a_crowd_is_answered_each_with_its_own() -> None:
    async with GostProcess() as gost:
        texts = [f"text {number}".encode() for number in range(30)]
        signatures = await asyncio.gather(*[gost.sign(_KEY.value, _KEY.curve, text) for text in texts])
        public = _KEY.public()
        verdicts = await asyncio.gather(
            *[
                gost.verify(public.point, public.curve, text, signature)
                for text, signature in zip(texts, signatures, strict=True)
            ]
        )
        assert all(verdicts)
        assert not await gost.verify(public.point, public.curve, texts[0], signatures[1])


async def test_too_many_at_once_are_refused_and_the_rest_served() -> None:
    async with GostProcess(waiting_limit=5) as gost:
        await gost.digest(b"")
        asked = [gost.sign(_KEY.value, _KEY.curve, b"data") for _ in range(20)]
        answers = await asyncio.gather(*asked, return_exceptions=True)
        assert any(isinstance(answer, GostBusy) for answer in answers)
        assert any(isinstance(answer, bytes) for answer in answers)
        assert len(await gost.digest(b"data")) == 32


async def test_as_many_as_may_wait_are_no_hanging_process() -> None:
    """The slowest there is, a verification, as often as the limit lets: answered in time by one process."""
    public, signature = _KEY.public(), arithmetic.sign(_KEY.value, _KEY.curve, b"data")
    async with GostProcess() as gost:
        await gost.digest(b"")
        first = gost.pid
        asked = [gost.verify(public.point, public.curve, b"data", signature) for _ in range(48)]
        assert all(await asyncio.gather(*asked))
        assert gost.pid == first


async def test_a_request_that_is_given_up_does_not_shift_the_answers() -> None:
    async with GostProcess() as gost:
        expected = await gost.digest(b"kept")
        given_up = asyncio.create_task(gost.sign(_KEY.value, _KEY.curve, b"given up"))
        await asyncio.sleep(0)
        given_up.cancel()
        assert await gost.digest(b"kept") == expected


async def test_a_killed_process_fails_its_requests_and_is_started_again() -> None:
    async with GostProcess() as gost:
        await gost.digest(b"")
        first = gost.pid
        assert first is not None
        os.kill(first, signal.SIGSTOP)  # so that the requests are under way when it dies
        asked = [asyncio.create_task(gost.sign(_KEY.value, _KEY.curve, b"data")) for _ in range(3)]
        await asyncio.sleep(0)
        os.kill(first, signal.SIGKILL)
        answers = await asyncio.gather(*asked, return_exceptions=True)
        assert {type(answer) for answer in answers} == {GostBusy}
        async with asyncio.timeout(60):
            while gost.pid == first:
                await asyncio.sleep(0.01)
        assert len(await gost.digest(b"data")) == 32
        assert gost.pid != first


async def test_a_process_that_hangs_is_replaced() -> None:
    async with GostProcess() as gost:
        await gost.digest(b"")
        gost._timeout = 0.3  # from now on: a fresh interpreter takes longer to start
        first = gost.pid
        assert first is not None
        os.kill(first, signal.SIGSTOP)
        with pytest.raises(GostBusy):
            await gost.digest(b"data")
        async with asyncio.timeout(60):
            while gost.pid == first:
                await asyncio.sleep(0.01)
        gost._timeout = 30
        assert len(await gost.digest(b"data")) == 32


async def test_a_process_that_hangs_is_replaced_also_when_nobody_waits_long_enough() -> None:
    """A sign-in has its own deadline, shorter than this one's."""
    async with GostProcess(waiting_limit=2) as gost:
        await gost.digest(b"")
        gost._timeout = 0.3
        first = gost.pid
        assert first is not None
        os.kill(first, signal.SIGSTOP)

        async def is_replaced() -> bool:
            with contextlib.suppress(GostBusy, TimeoutError):
                async with asyncio.timeout(0.05):
                    await gost.digest(b"data")
            return gost.pid != first

        await eventually(is_replaced, within=60)


async def test_an_unknown_curve_is_refused_and_the_process_lives_on() -> None:
    async with GostProcess() as gost:
        with pytest.raises(GostRefused, match="KeyError"):
            await gost.sign(_KEY.value, "1.2.3", b"data")
        assert len(await gost.digest(b"data")) == 32


async def test_closing_ends_the_process() -> None:
    gost = GostProcess()
    await gost.digest(b"")
    pid = gost.pid
    assert pid is not None
    await gost.aclose()
    assert not psutil.pid_exists(pid)


async def test_it_ends_with_a_parent_that_is_killed() -> None:
    """The socket closes, whatever way the parent goes."""
    program = (
        "import asyncio, sys\n"
        "from services.identity.esia.gost.process import GostProcess\n"
        "async def main():\n"
        "    gost = GostProcess()\n"
        "    await gost.digest(b'')\n"
        "    print(gost.pid, flush=True)\n"
        "    await asyncio.Event().wait()\n"
        "asyncio.run(main())\n"
    )
    parent = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    child = psutil.Process(int(await asyncio.to_thread(parent.stdout.readline)))
    parent.kill()
    parent.wait(timeout=30)
    parent.stdout.close()
    await asyncio.to_thread(child.wait, 10)
    assert not child.is_running()


def test_the_process_loads_nothing_but_gostcrypto() -> None:
    """It is started beside a service that has gRPC loaded, and should cost little."""
    code = (
        "import sys, runpy\nfrom services.identity.esia.gost import arithmetic\nprint(arithmetic.__file__)\n"
    )
    file = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    shown = "import runpy, sys; runpy.run_path(sys.argv[1]); print(*sorted(sys.modules))"
    ran = subprocess.run(
        [sys.executable, "-I", "-c", shown, file.stdout.strip()], capture_output=True, text=True, check=True
    )
    loaded = set(ran.stdout.split())
    assert "gostcrypto.gostsignature" in loaded
    assert loaded.isdisjoint({"grpc", "httpx2", "pydantic", "services", "services.identity", "asn1crypto"})
