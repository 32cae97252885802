"""Driving dead letters again, and putting aside those that can never be applied."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from typing import Final, TypeVar
from uuid import UUID

from services.kit.database import Database
from services.kit.dead_letters import storage
from services.kit.dead_letters.storage import Waiting
from services.kit.errors import Unavailable
from services.kit.messaging import inbox
from services.kit.messaging.effects import Effects, Outcome

_ACTOR: Final = "command"
_PAGE: Final = 500
# A deadlock that was given up, a server that is just taking over: not the end of a night's work.
_PAUSES_S: Final = (0.25, 1.0)

Say = Callable[[str], None]
Answer = TypeVar("Answer")


class NoLetter(LookupError):
    """No dead letter is meant; the text says what was looked for."""


class Mending:
    """Drives letters again, each in a transaction of its own; killed in between, nothing is half done.

    Args:
        database: the service's.
        effects: of each of the service's consumers.
        say: takes a line for each letter.
    """

    def __init__(self, database: Database, effects: Iterable[Effects], say: Say) -> None:
        self._database = database
        self._effects = {one.durable: one for one in effects}
        self._say = say

    async def redrive_event(self, event_id: UUID) -> Counter[Outcome]:
        """Drive one event again, for every consumer for which it lies here, also where it was discarded.

        Raises:
            NoLetter: it is no dead letter, and was not applied either.
            Unavailable: the database does not answer.
        """
        async with self._database.read() as connection:
            lying = await storage.of_event(connection, event_id)
            if not lying and not await storage.was_applied(connection, event_id):
                raise NoLetter(f"no dead letter has the id {event_id}")
        if not lying:
            self._say(f"{Outcome.CLOSED}  {event_id}")
            return Counter([Outcome.CLOSED])
        return Counter([await self._redrive(event_id, consumer, kind) for consumer, kind in lying])

    async def redrive_open(self, name: str | None = None) -> Counter[Outcome]:
        """Drive every open letter again, or those of one kind of event.

        Args:
            name: the event's full name, or the last part of it; None: all.

        Raises:
            NoLetter: no event has this name.
            Unavailable: the database does not answer.
        """
        if name is not None:
            await self._require_known(name)
        outcomes: Counter[Outcome] = Counter()
        async for letter in self._waiting(name):
            outcomes[await self._redrive(letter.event_id, letter.consumer, letter.type)] += 1
        return outcomes

    async def _waiting(self, name: str | None) -> AsyncIterator[Waiting]:
        last: Waiting | None = None
        while True:
            async with self._database.read() as connection:
                page = await storage.next_waiting(connection, name=name, after=last, most=_PAGE)
            for letter in page:
                yield letter
            if len(page) < _PAGE:
                return
            last = page[-1]

    async def _require_known(self, name: str) -> None:
        async with self._database.read() as connection:
            known = set(await storage.types(connection))
        known.update(*(one.types for one in self._effects.values()))
        if not any(name in (kind, kind.rpartition(".")[2]) for kind in known):
            raise NoLetter(f"no event that is heard here has the name {name}")

    async def _redrive(self, event_id: UUID, consumer: str, kind: str) -> Outcome:
        effects = self._effects.get(consumer)
        if effects is None:
            # Another version of the service had it; this one does not know what to do about its events.
            outcome, reason = Outcome.FAILING, "UNKNOWN_CONSUMER"
        else:
            outcome, reason = await _patiently(lambda: effects.redrive(event_id, by=_ACTOR))
        self._say("  ".join(filter(None, (outcome, kind, str(event_id), consumer, reason))))
        return outcome


async def discard(database: Database, event_id: UUID, *, by: str, why: str) -> Counter[str]:
    """Put an event aside that can never be applied: it counts as handled, until somebody redrives it.

    Args:
        database: the service's.
        event_id: which, for every consumer for which it lies here.
        by: who decides it, for the audit.
        why: in their words, for the audit.

    Returns:
        How many letters were ``discarded``, were ``discarded already``, or were ``applied`` meanwhile.

    Raises:
        NoLetter: it is no dead letter.
        Unavailable: the database does not answer.
    """
    outcomes: Counter[str] = Counter()
    async with database.transaction() as tx:
        for consumer, _ in await storage.of_event(tx.connection, event_id):
            letter = await inbox.exhume(tx, consumer, event_id)
            if letter is None:
                continue
            if letter.discarded:
                outcomes["discarded already"] += 1
            elif not await inbox.claim(tx, consumer, [event_id]):
                await inbox.close(tx, consumer, event_id)
                outcomes["applied"] += 1
            else:
                await storage.discard(tx, consumer, event_id)
                tx.audit(
                    actor=_ACTOR,
                    action="discard_event",
                    object_kind="event",
                    object_id=str(event_id),
                    why=f"{by}: {why}",
                )
                outcomes["discarded"] += 1
    if not outcomes:
        raise NoLetter(f"no dead letter has the id {event_id}")
    return outcomes


async def _patiently(work: Callable[[], Awaitable[Answer]]) -> Answer:
    for pause in _PAUSES_S:
        try:
            return await work()
        except Unavailable:
            await asyncio.sleep(pause)
    return await work()
