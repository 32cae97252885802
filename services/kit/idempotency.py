"""The same request sent again gets the same reply, and is acted on once (AIP-155)."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

import grpc
from google.protobuf.message import Message
from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert

from services.kit.database import Transaction
from services.kit.errors import DomainError
from services.kit.tables import requests

Reply = TypeVar("Reply", bound=Message)

_LONGEST_REQUEST_ID: Final = 128  # characters; a UUID has 36


class RequestIdReused(DomainError):
    """The same request id came with another content: a client's mistake, answered before it does harm."""

    status = grpc.StatusCode.ALREADY_EXISTS
    reason = "REQUEST_ID_REUSED"
    title = "This request id was used for another request"


class BadRequestId(DomainError):
    """A request id that is missing, too long, or holds control characters."""

    status = grpc.StatusCode.INVALID_ARGUMENT
    reason = "BAD_REQUEST_ID"
    title = "The request id must have between 1 and 128 printable characters"


async def once(
    tx: Transaction,
    *,
    method: str,
    actor: str,
    request_id: str,
    request: Message,
    reply_type: type[Reply],
    act: Callable[[], Awaitable[Reply]],
) -> Reply:
    """Act on a request for the first time, or give the reply that it got then.

    Two of the same at once: one acts, the other waits for it and gets the same reply. When acting fails,
    nothing is remembered and the request may be sent again. Replies are remembered for as long as events are
    kept.

    Args:
        tx: the transaction in which ``act`` works; the reply is remembered by its commit.
        method: what is asked for, such as the RPC's full name.
        actor: who asks; ids of different persons are different ids.
        request_id: chosen by the client, 1 to 128 characters.
        request: the whole request.
        reply_type: the type of the reply.
        act: does it.

    Raises:
        BadRequestId: the id is empty, too long, or holds control characters.
        RequestIdReused: the id came before with another content.
    """
    # PostgreSQL takes no NUL in a text, and no client has a use for other control characters.
    if not 0 < len(request_id) <= _LONGEST_REQUEST_ID or not request_id.isprintable():
        raise BadRequestId
    key = {"method": method, "actor": actor, "request_id": request_id}
    fingerprint = hashlib.sha256(request.SerializeToString(deterministic=True)).digest()

    # Whoever inserts the row acts; whoever comes meanwhile waits here for the other's commit or rollback.
    inserted = await tx.execute(
        insert(requests)
        .values(**key, fingerprint=fingerprint)
        .on_conflict_do_nothing()
        .returning(requests.c.request_id)
    )
    this_one = [requests.c[name] == value for name, value in key.items()]
    if inserted.first() is None:
        known = (await tx.execute(select(requests.c.fingerprint, requests.c.reply).where(*this_one))).one()
        if known.fingerprint != fingerprint:
            raise RequestIdReused
        return reply_type.FromString(known.reply)

    reply = await act()
    await tx.execute(update(requests).where(*this_one).values(reply=reply.SerializeToString()))
    return reply
