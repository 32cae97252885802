"""One of a service's replicas leads: by an advisory lock, told of work by the others.

The lock is held by the very connection that the leader works with: whoever has lost the lock can no longer
read or store anything.
"""

from __future__ import annotations

import asyncio
import time
from abc import abstractmethod
from collections.abc import Callable
from typing import Final

from sqlalchemy import BigInteger, func, literal, select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.kit.background import Background
from services.kit.database import Database, driver_of


class Seat:
    """The place of a leader, of which a database has one.

    Args:
        lock: the key of the advisory lock; locks belong to a database, so one key serves every service.
        channel: where the others tell of work; channels belong to a database as well.
    """

    def __init__(self, lock: int, channel: str) -> None:
        # Built once: building a statement costs more than the database needs to run it.
        self._take: Final = select(func.pg_try_advisory_lock(literal(lock, BigInteger)))
        self._tell: Final = select(func.pg_notify(channel, ""))
        self._channel = channel

    async def take(self, connection: AsyncConnection) -> bool:
        """Lead for as long as this connection lives; false when another one does."""
        return bool(await connection.scalar(self._take))

    async def listen(self, connection: AsyncConnection, wake: Callable[[], None]) -> None:
        """Have ``wake`` called when another replica tells of a commit, and when this connection is lost.

        Who sleeps would else believe for as long that they still lead.
        """
        driver = driver_of(connection)
        await driver.add_listener(self._channel, lambda *_: wake())
        driver.add_termination_listener(lambda _: wake())

    async def tell(self, connection: AsyncConnection) -> None:
        """Wake the leader: there is work which it did not see committed."""
        await connection.execute(self._tell)


class Leader(Background):
    """Work that one replica of a service does. ``async with`` runs it; the others tell it of their commits.

    Args:
        name: for the log.
        database: whose work it is.
        seat: the leader's place in it.
        take_over_s: seconds between two questions of a replica that follows, whether the place is free.
        tell_every_s: seconds between two words of it; the commits of a busy replica are told of together.
    """

    def __init__(
        self, name: str, database: Database, seat: Seat, *, take_over_s: float, tell_every_s: float
    ) -> None:
        super().__init__(name)
        self._database = database
        self._seat = seat
        self._take_over_s = take_over_s
        self._tell_every_s = tell_every_s
        self._work = asyncio.Event()
        """Set when there is some, whoever has made it."""
        self.leading = False
        """Whether this is the one of the service that works."""

    @abstractmethod
    async def _lead(self, connection: AsyncConnection) -> None:
        """Work until cancelled, on the connection that holds the lock."""

    async def run(self) -> None:
        """Lead when nobody else does."""
        async with self._database.session() as connection:
            # Only the database knows when the lock is free.
            while not await self._take(connection):
                await self._follow(connection)
            self.leading = True
            try:
                await self._seat.listen(connection, self._work.set)
                await self._lead(connection)
            finally:
                self.leading = False

    async def _take(self, connection: AsyncConnection) -> bool:
        async with connection.begin():
            return await self._seat.take(connection)

    async def _follow(self, connection: AsyncConnection) -> None:
        """Tell the leader of what this replica commits, until it is time to ask for the lock again."""
        ends = time.monotonic() + self._take_over_s
        while (left := ends - time.monotonic()) > 0:
            if await self._work_within(left):
                self._work.clear()
                async with connection.begin():
                    await self._seat.tell(connection)
                await asyncio.sleep(self._tell_every_s)

    async def _work_within(self, seconds: float) -> bool:
        """Wait for work; whether there is some."""
        try:
            async with asyncio.timeout(seconds):
                return await self._work.wait()
        except TimeoutError:
            return False
