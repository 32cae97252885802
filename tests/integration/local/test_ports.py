"""Which ports are taken, and whose they are."""

from __future__ import annotations

import os
import socket
import subprocess
import sys

import pytest

from deploy.local import ports
from deploy.local.trouble import Trouble


def _listener(port: int = 0) -> socket.socket:
    return socket.create_server(("127.0.0.1", port))


def test_a_free_preferred_port_is_taken() -> None:
    free = ports.any_free()
    assert ports.Ports().take("gateway", free) == free


def test_a_busy_port_is_avoided_and_named() -> None:
    with _listener() as busy:
        preferred = busy.getsockname()[1]
        chosen = ports.Ports()

        assert chosen.take("gateway", preferred) != preferred
        assert chosen.moved == {"gateway": preferred}


def test_no_port_is_given_twice() -> None:
    chosen = ports.Ports()
    preferred = ports.any_free()
    assert chosen.take("identity", preferred) != chosen.take("diary", preferred)


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
