"""A session, and a person who is in, in the contract's words."""

from __future__ import annotations

from uuid import UUID

from school.identity.v1 import sessions_pb2, sign_in_pb2
from services.identity.people.messages import person_message
from services.identity.sessions.minting import Tokens
from services.identity.sessions.rules import Door
from services.identity.sessions.storage import Kept
from services.identity.sessions.usecases import SignedIn

_DOORS = {
    Door.ESIA: sessions_pb2.SESSION_DOOR_ESIA,
    Door.PASSWORD: sessions_pb2.SESSION_DOOR_PASSWORD,
}


def session_message(tokens: Tokens) -> sessions_pb2.Session:
    """Tokens as the contract writes them."""
    message = sessions_pb2.Session(
        access_token=tokens.access, refresh_token=tokens.refresh, pending=tokens.pending
    )
    message.access_expires_at.FromDatetime(tokens.access_end)
    message.refresh_expires_at.FromDatetime(tokens.refresh_end)
    return message


def session_info_message(session: Kept, *, current: UUID) -> sessions_pb2.SessionInfo:
    """A session as its person sees it; ``current``: the one that asks."""
    message = sessions_pb2.SessionInfo(
        session_id=str(session.id),
        current=session.id == current,
        door=_DOORS[session.door],
        device=session.device,
        time_zone=session.time_zone,
    )
    message.began_at.FromDatetime(session.began_at)
    message.last_used_at.FromDatetime(session.rotated_at)
    message.ends_at.FromDatetime(session.absolute_end)
    return message


def signed_in_message(signed_in: SignedIn) -> sign_in_pb2.SignedIn:
    """A person who is in, as the contract writes them."""
    return sign_in_pb2.SignedIn(
        session=session_message(signed_in.tokens),
        person=person_message(signed_in.person),
        bound_now=signed_in.bound_now,
    )
