"""Up to when a copy holds everything that its owner has committed.

The owner says on its stream: whatever I committed before this instant lies before this saying
(`services.kit.messaging.relay`). Once everything before the saying is settled here, the copy is complete as
of that instant. Nothing less shows it: an empty stream may have lost its end or its publisher, and events are
settled in any order. What became a dead letter counts as settled: `OnDead` must see to what it was about.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from google.protobuf.message import DecodeError, Message
from sqlalchemy import Column, DateTime, MetaData, Table, Text, func, select
from sqlalchemy.dialects.postgresql import insert

from services.kit.clock import Clock
from services.kit.database import Database
from services.kit.log import get_logger

SettledUpTo = Callable[[], Awaitable[int | None]]
"""The sequence of the stream up to which all is settled; None while the broker cannot be asked."""

_MOST_UNPROVEN: Final = 100  # of a consumer that lags behind by more, the newest suffice


def completeness_table(metadata: MetaData) -> Table:
    """The table that remembers it, for a service's own metadata: the replicas of a service share one copy."""
    return Table(
        "copies",
        metadata,
        # Whose facts they are: the owner's stream.
        Column("stream", Text, primary_key=True),
        Column("complete_as_of", DateTime(timezone=True), nullable=False),
    )


class Completeness:
    """What one consumer of a service knows of the copy that it keeps.

    Args:
        kind: the owner's event; it has ``as_of``.
        stream: the owner's stream.
        table: of `completeness_table`.
        limit: a copy that was not complete for so long is stale.
        clock: compared with the owner's database; their difference adds to ``limit`` or takes from it.
    """

    def __init__(
        self, kind: type[Message], stream: str, table: Table, *, limit: timedelta, clock: Clock
    ) -> None:
        self.type: Final = str(kind.DESCRIPTOR.full_name)
        self._kind = kind
        self._stream = stream
        self._table = table
        self._limit = limit
        self._clock = clock
        self._log = get_logger("completeness")
        self._unproven: dict[int, datetime] = {}
        self.as_of: datetime | None = None
        """The copy holds everything that was committed before; None while that was never shown."""

    @property
    def stale(self) -> bool:
        """Whether the copy may lack what its owner committed longer ago than the limit."""
        return self.as_of is None or self._clock.now() - self.as_of > self._limit

    def heard(self, sequence: int, payload: bytes) -> None:
        """The owner says at ``sequence`` of its stream up to when all is told."""
        try:
            event: Any = self._kind.FromString(payload)
        except DecodeError:
            self._log.error("event_is_malformed", event_type=self.type, sequence=sequence)
            return
        if len(self._unproven) >= _MOST_UNPROVEN:
            del self._unproven[min(self._unproven)]
        self._unproven[sequence] = event.as_of.ToDatetime(UTC)

    def forget_unproven(self) -> None:
        """What was heard and not shown yet is worth nothing, also to whoever asks about it just now."""
        self._unproven = {}

    async def prove(self, database: Database, settled_up_to: SettledUpTo) -> None:
        """Ask up to where all is settled, and remember what that shows."""
        asked_about = self._unproven
        settled = await settled_up_to() if asked_about else None
        if settled is None or asked_about is not self._unproven:
            settled = -1
        shown = [sequence for sequence in asked_about if sequence <= settled]
        if not shown:
            await self.look(database)
            return
        newest = max(asked_about[sequence] for sequence in shown)
        wish = insert(self._table).values(stream=self._stream, complete_as_of=newest)
        latest = func.greatest(self._table.c.complete_as_of, wish.excluded.complete_as_of)
        async with database.transaction() as tx:
            kept = await tx.execute(
                wish.on_conflict_do_update(
                    index_elements=["stream"], set_={"complete_as_of": latest}
                ).returning(self._table.c.complete_as_of)
            )
            as_of = kept.scalar_one()
        self.as_of = as_of
        for sequence in shown:
            asked_about.pop(sequence, None)

    async def look(self, database: Database) -> None:
        """Learn what this service's replicas have shown."""
        query = select(self._table.c.complete_as_of).where(self._table.c.stream == self._stream)
        async with database.read() as connection:
            self.as_of = await connection.scalar(query)
