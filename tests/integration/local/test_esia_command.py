"""``mesh esia`` as a process: it serves, says where, and leaves nothing behind."""

from __future__ import annotations

import asyncio
import re
import shutil
import signal
import sys
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import unquote_plus

import httpx2
import psutil
import pytest

from deploy.local.esia import cli
from deploy.local.esia.keys import ensure_pair
from services.identity.esia import base64url, requests
from services.identity.esia.gost import arithmetic


@pytest.fixture
def files(tmp_path: Path) -> list[str]:
    """Arguments for the examples, with a certificate beside them."""
    folder = Path(shutil.copytree(Path(cli.__file__).parent / "examples", tmp_path / "examples"))
    ensure_pair(folder, "DIARY77", "GOST", "DIARY77")
    return ["--systems", str(folder / "systems.toml"), "--people", str(folder / "people.toml")]


def _badly_signed(files: list[str]) -> dict[str, str]:
    """A request that is right in all but its signature: to see that, the stand must compute."""
    der = (Path(files[1]).parent / "DIARY77.cer").read_bytes()
    return {
        "client_id": "DIARY77",
        "client_secret": base64url.encode(b"\x01" * 64),
        "client_certificate_hash": arithmetic.digest(der).hex().upper(),
        "redirect_uri": "http://127.0.0.1:8080/esia/return",
        "scope": "openid",
        "state": requests.new_state(),
        "timestamp": requests.timestamp(datetime.now(UTC)),
        "response_type": "code",
        "access_type": "online",
    }


@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
async def test_the_stand_serves_and_ends_with_everything_it_started(
    files: list[str], ending: signal.Signals
) -> None:
    program = (sys.executable, "-m", "deploy.local.cli", "esia", "--port", "0", *files)
    process = await asyncio.create_subprocess_exec(*program, stdout=asyncio.subprocess.PIPE)
    assert process.stdout is not None
    try:
        async with asyncio.timeout(60):
            said = (await process.stdout.readline()).decode()
        address = re.search(r"http://\S+?(?=:? )", said)
        assert address is not None
        async with httpx2.AsyncClient(base_url=address.group(), trust_env=False) as http:
            assert (await http.get("/health")).json() == {"status": "SERVING"}
            refused = await http.get(f"/aas/oauth2/v2/ac?{requests.query(_badly_signed(files))}")
            assert "ESIA-007053" in unquote_plus(refused.headers["location"])
            assert "DIARY77" in (await http.get("/")).text
        started = psutil.Process(process.pid).children(recursive=True)
        assert started, "the GOST process had a signature to check"
    finally:
        process.send_signal(ending)
        status = await process.wait()
    assert status == (0 if ending is not signal.SIGKILL else -signal.SIGKILL)
    gone, alive = await asyncio.to_thread(psutil.wait_procs, started, 10)
    assert not alive
    assert len(gone) == len(started)


async def test_two_stands_on_one_port_are_told(files: list[str]) -> None:
    async with asyncio.timeout(60):
        with_port = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
        port = with_port.sockets[0].getsockname()[1]
        program = (sys.executable, "-m", "deploy.local.cli", "esia", "--port", str(port), *files)
        process = await asyncio.create_subprocess_exec(*program, stderr=asyncio.subprocess.PIPE)
        _, said = await process.communicate()
        with_port.close()
    assert process.returncode == 2
    assert said.decode().startswith("mesh esia: ")
    assert "Traceback" not in said.decode()
