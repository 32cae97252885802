from __future__ import annotations

import asyncio
from typing import Any

from typing_extensions import override

from services.gateway.corked import CorkedTransport


class Wire(asyncio.Transport):
    """A transport that takes nothing after its end, as the event loop's own."""

    def __init__(self) -> None:
        super().__init__()
        self.sent = b""
        self._ended = False

    @override
    def write(self, data: Any) -> None:
        if self._ended:
            raise RuntimeError("the end was written")
        self.sent += data

    @override
    def write_eof(self) -> None:
        self._ended = True

    @override
    def can_write_eof(self) -> bool:
        return True

    @override
    def is_closing(self) -> bool:
        return False

    @override
    def pause_reading(self) -> None: ...

    @override
    def resume_reading(self) -> None: ...

    @override
    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None: ...

    @override
    def abort(self) -> None:
        self._ended = True


async def test_a_head_waits_for_what_comes_after_it() -> None:
    wire = Wire()
    transport = CorkedTransport(wire, lambda: False)
    transport.write(b"HTTP/1.1 200 OK\r\n\r\n")
    before = wire.sent
    transport.write(b"body")
    assert not before
    assert wire.sent == b"HTTP/1.1 200 OK\r\n\r\nbody"


async def test_an_answer_that_comes_after_the_end_is_dropped() -> None:
    """Whoever was cut off while their request was in progress is no fault of ours."""
    wire = Wire()
    transport = CorkedTransport(wire, lambda: True)
    transport.close()
    transport.write(b"HTTP/1.1 200 OK\r\n\r\n")
    transport.write(b"body")
    assert not wire.sent
