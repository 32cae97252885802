"""One of a service's replicas leads: by an advisory lock, told of work by the others.

The lock is held by the very connection that the leader works with: whoever has lost the lock can no longer
read or store anything.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from sqlalchemy import BigInteger, func, literal, select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.kit.database import driver_of


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
