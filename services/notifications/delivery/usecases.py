"""Taking messages to be sent, sending them, and showing what became of them."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from school.identity.v1.events_pb2 import MessageKind
from services.kit.clock import Clock
from services.kit.database import Database, Transaction
from services.kit.paging import Page, PageWish
from services.notifications.delivery import storage
from services.notifications.delivery.rules import (
    KEPT,
    Channel,
    Claim,
    Delivery,
    NotSent,
    Order,
    next_due,
)

ATTEMPT: Final = timedelta(seconds=30)
"""One attempt takes no longer."""
_CLAIM: Final = 2 * ATTEMPT
"""What a killed sender had taken on is tried again after so long; twice an attempt, so never in one."""


async def take(tx: Transaction, order: Order, *, now: datetime) -> None:
    """Keep a message to be sent from ``now`` on; the same one again changes nothing."""
    await storage.take(tx.connection, order, now=now)


async def withdraw(tx: Transaction, delivery_id: UUID, *, now: datetime) -> None:
    """Have a message not sent, if it was not; also one that is heard of only later."""
    await storage.withdraw(tx.connection, delivery_id, now=now)


async def erase(tx: Transaction, person_id: UUID) -> None:
    """Forget all that concerns a person; the word that their data were erased still goes to them."""
    await storage.erase(tx.connection, person_id, farewell=MessageKind.MESSAGE_KIND_ERASED)


class Outgoing:
    """What waits on one channel, for any number of senders at once."""

    def __init__(self, database: Database, channel: Channel, clock: Clock) -> None:
        self._database = database
        self._channel = channel
        self._clock = clock

    async def pause(self) -> timedelta | None:
        """How long nothing is to be done; negative when something is overdue, None while nothing waits."""
        async with self._database.read() as connection:
            due = await storage.next_due_at(connection, self._channel)
        return due - self._clock.now() if due else None

    async def claim(self, most: int) -> list[Claim]:
        """Take on up to ``most`` of what is due, for one attempt each; what is too old is settled instead."""
        now = self._clock.now()
        async with self._database.transaction() as tx:
            await storage.expire(tx.connection, self._channel, now=now)
            return await storage.claim(tx.connection, self._channel, most=most, now=now, until=now + _CLAIM)

    async def sent(self, claim: Claim) -> None:
        """The message was taken by the mail server or the provider."""
        async with self._database.transaction() as tx:
            await storage.sent(tx.connection, claim, now=self._clock.now())

    async def not_sent(self, claim: Claim, failure: NotSent) -> None:
        """The message was not taken; it is tried again later, or was the last time."""
        now = self._clock.now()
        again_at = next_due(claim, failure, now=now, jitter=random.random())  # noqa: S311 - it only spreads
        async with self._database.transaction() as tx:
            await storage.failed(tx.connection, claim, reason=failure.reason, now=now, again_at=again_at)


class Deliveries:
    """What people may know of messages sent; what was in them is shown to nobody."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def page_of(self, person_id: UUID, wish: PageWish) -> Page[Delivery]:
        """A page of what was sent to a person, the newest first."""
        async with self._database.read() as connection:
            found = await storage.newest(
                connection, limit=wish.limit, before=wish.after, since=self._since(), person_id=person_id
            )
            return await _page(connection, found, wish)

    async def page(self, state: int | None, wish: PageWish) -> Page[Delivery]:
        """A page of everybody's deliveries in a `State`, None for all, the newest first."""
        async with self._database.read() as connection:
            found = await storage.newest(
                connection, limit=wish.limit, before=wish.after, since=self._since(), state=state
            )
            return await _page(connection, found, wish)

    async def sweep(self) -> None:
        """Remove what is not shown any more."""
        swept = 1
        while swept:
            async with self._database.transaction() as tx:
                swept = await storage.sweep(tx.connection, before=self._since())

    def _since(self) -> datetime:
        return self._clock.now() - KEPT


async def _page(connection: AsyncConnection, found: Sequence[Delivery], wish: PageWish) -> Page[Delivery]:
    page = wish.page(found, lambda delivery: delivery.delivery_id)
    attempts = await storage.attempts_of(connection, [one.delivery_id for one in page.rows])
    whole = [replace(one, attempts=attempts.get(one.delivery_id, ())) for one in page.rows]
    return Page(whole, page.next_token)
