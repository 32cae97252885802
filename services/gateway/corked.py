"""A transport that sends the head of an answer together with its first bytes.

uvicorn writes the head when the application says it and the body when it comes; each write is a system call,
and on a small answer the second one is a good part of the whole cost.
"""

from __future__ import annotations

import asyncio
from typing import Any

from typing_extensions import override

_HEAD = b"HTTP/1.1 "
_CONTINUE = b"HTTP/1.1 100"


class CorkedTransport(asyncio.Transport):
    """Passes everything on to another transport, heads a little later."""

    def __init__(self, transport: asyncio.Transport) -> None:
        super().__init__()
        self._transport = transport
        self._head = b""
        # What needs no words of ours is the other's own.
        self.get_extra_info = transport.get_extra_info  # type: ignore[method-assign]
        self.is_closing = transport.is_closing  # type: ignore[method-assign]
        self.pause_reading = transport.pause_reading  # type: ignore[method-assign]
        self.resume_reading = transport.resume_reading  # type: ignore[method-assign]
        self.set_protocol = transport.set_protocol  # type: ignore[method-assign]

    @override
    def write(self, data: Any) -> None:
        """Send, unless it is a head: that waits for what comes after it."""
        if data.startswith(_HEAD) and not data.startswith(_CONTINUE):
            self._head += data
        elif self._head:
            head, self._head = self._head, b""
            self._transport.write(head + data)
        else:
            self._transport.write(data)

    def flush(self) -> None:
        """Send a head that nothing came after."""
        if self._head:
            head, self._head = self._head, b""
            self._transport.write(head)

    @override
    def close(self) -> None:
        """Send what waits and close."""
        self.flush()
        self._transport.close()

    @override
    def abort(self) -> None:
        """Drop everything and close."""
        self._head = b""
        self._transport.abort()
