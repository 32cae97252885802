"""Which ports are taken, and whose they are."""

from __future__ import annotations

import asyncio
import os
import random
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from deploy.local import ports
from deploy.local.trouble import Trouble


def _listener(port: int = 0) -> socket.socket:
    return socket.create_server(("127.0.0.1", port))


def test_a_free_preferred_port_is_taken() -> None:
    free = ports.any_free()
    with ports.Ports() as chosen:
        assert chosen.take("gateway", free) == free


def test_a_free_port_is_none_that_outgoing_connections_are_given() -> None:
    """Between choosing it and listening on it lie seconds full of connections."""
    lowest, _ = Path("/proc/sys/net/ipv4/ip_local_port_range").read_text("ascii").split()

    assert max(ports.any_free() for _ in range(100)) < int(lowest)


def test_a_port_that_only_some_may_have_is_none_that_is_given(monkeypatch: pytest.MonkeyPatch) -> None:
    """After a connection that the server closed first, its port is not open to everybody for a minute."""
    free = ports.any_free()
    with _listener() as listening:
        used = listening.getsockname()[1]
        with socket.create_connection(("127.0.0.1", used)) as caller:
            listening.accept()[0].close()
            assert caller.recv(1) == b""
    drawn = [free, used]
    monkeypatch.setattr(random, "choice", lambda _: drawn.pop())

    assert ports.is_free(used)
    assert ports.any_free() == free
    assert not drawn


def test_a_busy_port_is_avoided_and_named() -> None:
    with _listener() as busy, ports.Ports() as chosen:
        preferred = busy.getsockname()[1]

        assert chosen.take("gateway", preferred) != preferred
        assert chosen.moved == {"gateway": preferred}


def test_no_port_is_given_twice() -> None:
    preferred = ports.any_free()
    with ports.Ports() as chosen:
        assert chosen.take("identity", preferred) != chosen.take("diary", preferred)


def test_nobody_is_moved_to_a_port_that_another_prefers() -> None:
    with _listener() as busy:
        taken = busy.getsockname()[1]
        with ports.Ports([taken, taken + 1]) as chosen:
            assert chosen.take("diary", taken) not in (taken, taken + 1)


def test_two_regions_that_start_at_once_do_not_choose_the_same_port() -> None:
    """Nobody listens on a port yet when it is chosen."""
    preferred = ports.any_free()
    with ports.Ports() as one, ports.Ports() as other:
        assert one.take("gateway", preferred) != other.take("gateway", preferred)


def test_a_port_is_free_again_after_its_region() -> None:
    preferred = ports.any_free()
    for _ in range(2):
        with ports.Ports() as chosen:
            assert chosen.take("gateway", preferred) == preferred


async def test_a_knock_tells_who_listens() -> None:
    with _listener() as listening:
        port = listening.getsockname()[1]
        assert await ports.knock(port)
    assert not await ports.knock(port)


async def test_a_knock_that_meets_itself_leaves_the_port_free(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the system does once in some thousands of knocks, made certain: caller's port and port are one."""
    port, met, call = ports.any_free(), [], asyncio.open_connection

    async def from_itself(host: str, at: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        reader, writer = await call(host, at, local_addr=(host, at))
        met.append(writer.get_extra_info("peername")[1])
        return reader, writer

    monkeypatch.setattr(asyncio, "open_connection", from_itself)
    assert not await ports.knock(port)
    assert met == [port]

    await asyncio.sleep(0)
    with socket.socket() as listening:  # without SO_REUSEADDR: it must be open to everybody
        listening.bind((ports.LOOPBACK, port))


def test_our_own_port_is_recognised() -> None:
    with _listener() as ours:
        ports.assert_owner(ours.getsockname()[1], os.getpid(), name="listener")


def test_a_stranger_on_our_port_is_found_out() -> None:
    """An orphan that still holds the port must not be taken for the program just started."""
    with (
        _listener() as stranger,
        subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as ours,
    ):
        with pytest.raises(Trouble, match="not the diary"):
            ports.assert_owner(stranger.getsockname()[1], ours.pid, name="diary")
        ours.communicate(b"\n")
