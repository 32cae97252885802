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
    with ports.Ports() as chosen:
        assert chosen.take("gateway", free) == free


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
