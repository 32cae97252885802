"""What an event does here: its effect and its inbox row in one transaction, or a dead letter.

Two doors lead here: the stream (`services.kit.messaging.consumer`), and an operator who mends dead letters
beside it (`services.kit.dead_letters`). Invariants:

- Whichever of them applies an event first, the other finds it in the inbox.
- Who has locked a dead letter may wait for the inbox, never the other way round: the stream leaves a letter
  that is locked to whoever holds it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from uuid import UUID

from google.protobuf.message import DecodeError, Message

from services.kit.database import Database, Transaction
from services.kit.errors import BadId, DomainError, Unavailable
from services.kit.log import kind_and_place
from services.kit.messaging import inbox
from services.kit.messaging.completeness import Completeness
from services.kit.messaging.envelope import EventMeta

Handler = Callable[[Transaction, Any, EventMeta], Awaitable[None]]
"""``async (tx, event, meta)``: one event's effect, in the given transaction, guarded by the version."""
OnDead = Callable[[Transaction, EventMeta], Awaitable[None]]
"""``async (tx, meta)``: what is done, in the same transaction, when an event becomes a dead letter."""


class Refused(Exception):
    """An event that will never be handled; the text is a machine reason."""


@dataclass(frozen=True, slots=True)
class Hearing:
    """What one consumer of a service hears, and what it does about it."""

    stream: str
    """The publisher's, such as ``DIARY``; it may not exist yet."""
    durable: str
    """``<service>-<name>``; inbox and dead letters are kept by this name."""
    handlers: Mapping[type[Message], Handler]
    """What to do, by the type of the event; other events of the stream are not delivered."""
    on_dead: OnDead | None = None
    """What a dead letter means for a copy that must not be trusted too far."""
    relies_on: Completeness | None = None
    """The copy without which nothing may be done about its events."""


class Outcome(StrEnum):
    """What became of a dead letter that was driven again."""

    APPLIED = "applied"
    CLOSED = "closed"
    """It had been applied meanwhile."""
    FAILING = "still failing"
    WAITING = "must wait"
    """For something that is away; that is nobody's failed attempt."""


class Effects:
    """The effects of the events that one consumer hears.

    Args:
        database: where effects, inbox and dead letters are.
        region: the code of the region; events of others are refused.
        hearing: what is heard.
    """

    def __init__(self, database: Database, region: str, hearing: Hearing) -> None:
        self.durable = hearing.durable
        self._database = database
        self._region = region
        self._on_dead = hearing.on_dead
        self._relies_on = hearing.relies_on
        self._handlers = {
            kind.DESCRIPTOR.full_name: (kind, handler) for kind, handler in hearing.handlers.items()
        }

    @property
    def types(self) -> set[str]:
        """The full names of the events that are heard."""
        return set(self._handlers)

    async def apply(self, events: Sequence[tuple[EventMeta, bytes]]) -> None:
        """Give each event its effect unless it had it, all in one transaction.

        Raises:
            Refused: one will never be handled.
            Unavailable: something that this stands on is away.
            Exception: whatever a handler raises.
        """
        async with self._database.transaction() as tx:
            fresh = await inbox.claim(tx, self.durable, [meta.event_id for meta, _ in events])
            handled = list(fresh)
            for meta, payload in events:
                if meta.event_id in fresh:
                    fresh.discard(meta.event_id)  # the same event may be in a batch twice
                    await self._effect(tx, meta, payload)
            if handled:
                await inbox.unbury(tx, self.durable, handled)

    async def bury(self, meta: EventMeta, payload: bytes, attempts: int, error: Exception) -> None:
        """Keep an event that could not be applied among the dead letters, unless it was applied meanwhile."""
        async with self._database.transaction() as tx:
            if await inbox.bury(tx, self.durable, meta, payload, attempts=attempts, reason=reason_of(error)):
                await self._told_dead(tx, meta)

    async def redrive(self, event_id: UUID, *, by: str) -> tuple[Outcome, str]:
        """Try a dead letter once more, in a transaction of its own; what became of it, and why.

        Waits for who tries the same one right now. A letter that was discarded is tried as well, and stays
        discarded when it fails.

        Args:
            event_id: which.
            by: who wants it, for the audit.

        Raises:
            Unavailable: the database does not answer.
        """
        letter: inbox.DeadLetter | None = None
        try:
            if self._relies_on is not None:
                await self._relies_on.look(self._database)
            async with self._database.transaction() as tx:
                letter = await inbox.exhume(tx, self.durable, event_id)
                if letter is None:
                    return Outcome.CLOSED, ""
                if letter.discarded:
                    await inbox.give_back(tx, self.durable, event_id)
                applied = bool(await inbox.claim(tx, self.durable, [event_id]))
                if applied:
                    await self._effect(tx, letter.meta, letter.payload)
                await inbox.close(tx, self.durable, event_id)
                tx.audit(actor=by, action="redrive_event", object_kind="event", object_id=str(event_id))
        except Unavailable as away:
            if type(away) is Unavailable:
                raise
            return Outcome.WAITING, away.reason
        except Exception as error:
            if letter is None:
                raise
            return await self._fails_again(letter.meta, error)
        return (Outcome.APPLIED if applied else Outcome.CLOSED), ""

    async def _fails_again(self, meta: EventMeta, error: Exception) -> tuple[Outcome, str]:
        reason = reason_of(error)
        async with self._database.transaction() as tx:
            if not await inbox.failed_again(tx, self.durable, meta.event_id, reason=reason):
                return Outcome.CLOSED, ""  # by somebody else, since
            await self._told_dead(tx, meta)
        return Outcome.FAILING, reason

    async def _effect(self, tx: Transaction, meta: EventMeta, payload: bytes) -> None:
        if meta.region != self._region:
            raise Refused("FOREIGN_REGION")
        if meta.type not in self._handlers:
            raise Refused("UNKNOWN_TYPE")
        kind, handler = self._handlers[meta.type]
        try:
            event = kind.FromString(payload)
        except DecodeError:
            raise Refused("UNREADABLE") from None
        await handler(tx, event, meta)

    async def _told_dead(self, tx: Transaction, meta: EventMeta) -> None:
        # What another region says is nothing that our copies could lack.
        if self._on_dead is None or meta.region != self._region:
            return
        # Nor do they know anything by what is no id; it must not keep the event from being buried.
        with suppress(BadId):
            await self._on_dead(tx, meta)


def reason_of(error: Exception) -> str:
    """What went wrong, without the error's text: texts may quote personal data."""
    if isinstance(error, Refused):
        return str(error)
    if isinstance(error, DomainError):
        return error.reason
    return kind_and_place(error)
