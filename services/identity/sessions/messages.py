"""A session, and a person who is in, in the contract's words."""

from __future__ import annotations

from school.identity.v1 import sessions_pb2, sign_in_pb2
from services.identity.people.messages import person_message
from services.identity.sessions.usecases import SignedIn, Tokens


def session_message(tokens: Tokens) -> sessions_pb2.Session:
    """Tokens as the contract writes them."""
    message = sessions_pb2.Session(access_token=tokens.access, refresh_token=tokens.refresh)
    message.access_expires_at.FromDatetime(tokens.access_end)
    message.refresh_expires_at.FromDatetime(tokens.refresh_end)
    return message


def signed_in_message(signed_in: SignedIn) -> sign_in_pb2.SignedIn:
    """A person who is in, as the contract writes them."""
    return sign_in_pb2.SignedIn(
        session=session_message(signed_in.tokens),
        person=person_message(signed_in.person),
        bound_now=signed_in.bound_now,
    )
