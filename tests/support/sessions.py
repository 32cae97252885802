"""What a session is, looked at from outside."""

from __future__ import annotations

from uuid import UUID

import grpc
from jose import jwt

from school.identity.v1 import people_pb2, sessions_pb2
from services.kit.caller import Caller
from services.kit.rpc.status import refusal
from tests.support.identity import DEADLINE, Doors, bearer


def claims(session: sessions_pb2.Session) -> dict[str, object]:
    """What an access token says."""
    return jwt.get_unverified_claims(session.access_token)


def caller_of(session: sessions_pb2.Session) -> Caller:
    """The caller behind a session's access token."""
    said = claims(session)
    person, account, own = (UUID(str(said[name])) for name in ("pid", "sub", "sid"))
    return Caller(person, account, own, roles=frozenset(), region=str(said["region"]))


def session_id(session: sessions_pb2.Session) -> UUID:
    return UUID(str(claims(session)["sid"]))


def acts_in(session: sessions_pb2.Session) -> object:
    return claims(session)["roles"]


async def is_in(doors: Doors, session: sessions_pb2.Session) -> str:
    """Empty, or why the session's access token is refused."""
    call = people_pb2.GetMeRequest()
    try:
        await doors.people.GetMe(call, timeout=DEADLINE, metadata=bearer(session))
    except grpc.aio.AioRpcError as error:
        return refusal(error).reason
    return ""
