"""The edge of a write: one transaction, in which a request is acted on once."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

from google.protobuf.message import Message

from services.kit.caller import caller
from services.kit.database import Database, Transaction
from services.kit.idempotency import once

Reply = TypeVar("Reply", bound=Message)


class Once:
    """Opens the transaction of a use case; a request that comes again gets the reply it got then."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def __call__(
        self,
        request: Message,
        request_id: str,
        reply_type: type[Reply],
        act: Callable[[Transaction], Awaitable[Reply]],
    ) -> Reply:
        """The reply of ``act``, or the one remembered for the caller's ``request_id``.

        Raises:
            BadRequestId: the id is empty or too long.
            RequestIdReused: the id came before with another content.
        """
        async with self._database.transaction() as tx:
            return await once(
                tx,
                method=request.DESCRIPTOR.full_name,
                actor=str(caller().person_id),
                request_id=request_id,
                request=request,
                reply_type=reply_type,
                act=lambda: act(tx),
            )
