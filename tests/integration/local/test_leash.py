"""Nothing that was started outlives whoever started it."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from deploy.local import leash
from deploy.local.keep import Kept
from deploy.local.trouble import Trouble
from tests.support.processes import alive, until

_PATIENT = "import time; print('here', flush=True); time.sleep(600)"
_DEAF = (
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('here', flush=True); "
    "time.sleep(600)"
)
# A parent as a program of its own: holds one child on a leash and says its pid.
_PARENT = """
import asyncio, sys
from pathlib import Path
from deploy.local import leash

async def main() -> None:
    program = leash.Program(name="child", command=[sys.executable, "-c", sys.argv[2]], log=Path(sys.argv[1]))
    print((await leash.start(program)).pid, flush=True)
    await asyncio.sleep(600)

asyncio.run(main())
"""


def _program(folder: Path, code: str, *, grace: float = 10.0) -> leash.Program:
    return leash.Program(
        name="child", command=[sys.executable, "-c", code], log=folder / "child.log", grace=grace
    )


async def _said_here(log: Path) -> None:
    await until(lambda: log.exists() and "here" in log.read_text(), what="the program's first word")


async def _nobody_ready(child: leash.Child) -> None:
    """Ready as soon as it exists."""


@pytest.mark.parametrize("ending", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
async def test_a_child_ends_with_its_parent_however_that_ends(tmp_path: Path, ending: signal.Signals) -> None:
    log = tmp_path / "child.log"
    with subprocess.Popen(
        [sys.executable, "-c", _PARENT, log, _PATIENT], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        assert alive(child)

        parent.send_signal(ending)
        parent.wait(timeout=30)

    await until(lambda: not alive(child), what="the child's end")


async def test_a_program_deaf_to_its_stop_signal_is_killed_after_the_grace(tmp_path: Path) -> None:
    child = await leash.start(_program(tmp_path, _DEAF, grace=0.2))
    await _said_here(child.program.log)

    assert await child.stop() == -signal.SIGKILL


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux tells a child of this death")
async def test_a_child_dies_with_its_guard(tmp_path: Path) -> None:
    child = await leash.start(_program(tmp_path, _PATIENT))
    guard = psutil.Process(child.pid).parent()
    assert guard is not None

    guard.kill()
    await child.ended()

    await until(lambda: not alive(child.pid), what="the child's end")


async def test_what_a_program_leaves_behind_ends_with_it(tmp_path: Path) -> None:
    """A grandchild in the program's process group does not go on alone."""
    code = (
        "import subprocess, sys; "
        f"p = subprocess.Popen([sys.executable, '-c', {_PATIENT!r}], stdout=subprocess.DEVNULL); "
        "print(p.pid, flush=True)"
    )
    child = await leash.start(_program(tmp_path, code))
    await child.ended()

    await until(lambda: not alive(int(child.program.log.read_text())), what="the grandchild's end")


async def test_a_program_that_cannot_be_started_says_why(tmp_path: Path) -> None:
    program = leash.Program(name="ghost", command=[str(tmp_path / "ghost")], log=tmp_path / "ghost.log")

    with pytest.raises(Trouble) as refused:
        await leash.start(program)

    assert "cannot start" in refused.value.log


async def test_a_program_that_dies_is_started_again_and_said_so(tmp_path: Path) -> None:
    said: list[str] = []
    kept = Kept(_program(tmp_path, _PATIENT), _nobody_ready, said.append)
    await kept.start()
    first = kept.pid

    kept.kill()
    await asyncio.wait_for(kept.back(after=first), 10)

    assert alive(kept.pid)
    assert kept.pid != first
    assert "signal 9" in said[0]
    await kept.stop()


async def test_a_program_that_is_stopped_stays_stopped(tmp_path: Path) -> None:
    said: list[str] = []
    kept = Kept(_program(tmp_path, _PATIENT), _nobody_ready, said.append)
    await kept.start()
    pid = kept.pid

    await kept.stop()

    assert not alive(pid)
    assert (kept.pid, said) == (0, [])


async def test_a_program_that_does_not_get_ready_is_not_left_running(tmp_path: Path) -> None:
    pids: list[int] = []

    async def never(child: leash.Child) -> None:
        pids.append(child.pid)
        raise Trouble("it will never be ready", remedy="none")

    with pytest.raises(Trouble):
        await Kept(_program(tmp_path, _PATIENT), never, lambda _: None).start()

    assert not alive(pids[0])


async def test_a_start_that_is_given_up_leaves_nothing(tmp_path: Path) -> None:
    before = psutil.Process().children(recursive=True)
    starting = asyncio.create_task(leash.start(_program(tmp_path, _PATIENT)))
    await asyncio.sleep(0)  # it has begun, and waits for its guard's word

    starting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await starting

    running = [task for task in asyncio.all_tasks() if task.get_name() == "leash of child"]
    await asyncio.gather(*running)
    assert psutil.Process().children(recursive=True) == before


async def test_a_program_does_not_hear_ctrl_c(tmp_path: Path) -> None:
    """It has a session of its own: whoever started it decides in what order things stop."""
    child = await leash.start(_program(tmp_path, _PATIENT))

    assert os.getsid(child.pid) != os.getsid(0)
    await child.stop()
