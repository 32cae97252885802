"""Who is listening: notices that pass by on the bus are handed to the open streams of their recipient."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import TypeAlias
from uuid import UUID

import grpc

from school.notifications.v1.events_pb2 import NoticePosted
from school.notifications.v1.inbox_pb2 import Notice
from services.gateway.problems import EdgeError
from services.kit.messaging.envelope import EventMeta

# Notices that wait for one slow reader; a family gets a handful in an hour.
_MOST_WAITING = 100


class TooManyStreams(EdgeError):
    """This person, or this gateway, has as many open streams as it may."""

    status = grpc.StatusCode.RESOURCE_EXHAUSTED
    http_status = HTTPStatus.TOO_MANY_REQUESTS
    reason = "TOO_MANY_STREAMS"
    title = "There are too many open live streams"


@dataclass(frozen=True, slots=True)
class Gap:
    """The bus was away: something may have passed by unheard."""


@dataclass(frozen=True, slots=True)
class End:
    """The stream is over."""


Heard: TypeAlias = "Notice | Gap | End"


class Listener:
    """One open stream; what it has not sent yet waits here."""

    def __init__(self, person_id: str, session_id: UUID, cut: Callable[[], None]) -> None:
        """``cut`` drops the connection of a reader who has stopped reading."""
        self.person_id = person_id
        self.session_id = session_id
        self._cut = cut
        self._waiting: asyncio.Queue[Heard] = asyncio.Queue(_MOST_WAITING)

    def tell(self, heard: Heard) -> None:
        """Hand something over; a reader who is too far behind is cut off, and will come back for the rest."""
        try:
            self._waiting.put_nowait(heard)
        except asyncio.QueueFull:
            self._cut()

    def end(self) -> None:
        """End the stream, also when much is waiting."""
        while not self._waiting.empty():
            self._waiting.get_nowait()
        self._waiting.put_nowait(End())

    async def next(self, timeout: float) -> Heard | None:  # noqa: ASYNC109 - silence is no failure
        """What comes next, or None when nothing came within ``timeout`` seconds."""
        try:
            async with asyncio.timeout(timeout):
                return await self._waiting.get()
        except TimeoutError:
            return None


class Hub:
    """All open streams of this gateway, by person and by session."""

    def __init__(self, *, most: int, most_per_person: int) -> None:
        self._most = most
        self._most_per_person = most_per_person
        self._count = 0
        self._closed = False
        self._listeners: defaultdict[str, set[Listener]] = defaultdict(set)
        self._of_session: defaultdict[UUID, set[Listener]] = defaultdict(set)

    def join(self, person_id: str, session_id: UUID, cut: Callable[[], None]) -> Listener:
        """Open a stream for a person in a session. Raises `TooManyStreams`."""
        of_person = self._listeners[person_id]
        if self._count >= self._most or len(of_person) >= self._most_per_person:
            raise TooManyStreams
        listener = Listener(person_id, session_id, cut)
        of_person.add(listener)
        self._of_session[session_id].add(listener)
        self._count += 1
        if self._closed:
            listener.end()
        return listener

    def leave(self, listener: Listener) -> None:
        """Forget a stream that is over."""
        of_person = self._listeners[listener.person_id]
        of_person.discard(listener)
        self._count -= 1
        if not of_person:
            del self._listeners[listener.person_id]
        of_session = self._of_session[listener.session_id]
        of_session.discard(listener)
        if not of_session:
            del self._of_session[listener.session_id]

    @property
    def open(self) -> int:
        """How many streams are open."""
        return self._count

    async def on_notice(self, event: NoticePosted, _meta: EventMeta) -> None:
        """A notice passed by on the bus."""
        for listener in self._listeners.get(event.recipient_id, ()):
            listener.tell(event.notice)

    def on_session_ended(self, session_id: UUID) -> None:
        """A session is over, and with it what is open in it."""
        for listener in self._of_session.get(session_id, ()):
            listener.end()

    async def on_gap(self) -> None:
        """The bus is back; every stream looks up what it missed."""
        for listeners in self._listeners.values():
            for listener in listeners:
                listener.tell(Gap())

    def close(self) -> None:
        """End all streams, present and to come: the process is about to stop."""
        self._closed = True
        for listeners in self._listeners.values():
            for listener in listeners:
                listener.end()
