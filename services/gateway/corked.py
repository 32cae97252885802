"""A transport that sends the head of an answer together with its first bytes, and closes without a bang.

uvicorn writes the head when the application says it and the body when it comes; each write is a system
call, and on a small answer the second one is a good part of the whole cost. And a connection that is closed
while its sender still sends is reset, which may take the answer with it; so such a sender is heard out for
a moment.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from typing_extensions import override

_HEAD = b"HTTP/1.1 "
_CONTINUE = b"HTTP/1.1 100"
# Seconds for a sender to notice the answer; RFC 9112, section 9.6, asks for this half-closed moment.
_HEAR_OUT_S = 2.0


class CorkedTransport(asyncio.Transport):
    """Passes everything on to another transport, heads a little later."""

    def __init__(self, transport: asyncio.Transport, more_is_coming: Callable[[], bool]) -> None:
        """``more_is_coming``: whether the present request has not been read to its end."""
        super().__init__()
        self._transport = transport
        self._more_is_coming = more_is_coming
        self._closing = False
        self._head = b""
        # What needs no words of ours is the other's own.
        self.get_extra_info = transport.get_extra_info  # type: ignore[method-assign]
        self.pause_reading = transport.pause_reading  # type: ignore[method-assign]
        self.resume_reading = transport.resume_reading  # type: ignore[method-assign]
        self.set_protocol = transport.set_protocol  # type: ignore[method-assign]

    @override
    def write(self, data: Any) -> None:
        """Send, unless it is a head: that waits for what comes after it. Nothing is sent when all is said."""
        if self.is_closing():
            return
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
        """Send what waits and close; whoever still sends learns that all is said, and is heard out."""
        if self._closing:
            return
        self._closing = True
        self.flush()
        if self._more_is_coming() and self._transport.can_write_eof():
            self._transport.write_eof()
            self._transport.resume_reading()
            asyncio.get_running_loop().call_later(_HEAR_OUT_S, self._transport.abort)
        else:
            self._transport.close()

    @override
    def is_closing(self) -> bool:
        """Whether nothing more will be sent."""
        return self._closing or self._transport.is_closing()

    @override
    def abort(self) -> None:
        """Drop everything and close."""
        self._closing = True
        self._head = b""
        self._transport.abort()
