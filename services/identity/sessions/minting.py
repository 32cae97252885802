"""The tokens of a session: what they say of it, and how a refresh token is proven."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from school.access.v1.policy_pb2 import Pending
from services.identity.keyring import Keyring, KeyringError
from services.identity.people.messages import wire_roles
from services.identity.people.rules import Role
from services.identity.sessions.rules import (
    RefreshToken,
    Standing,
    acting,
    owed,
    proof_message,
)
from services.identity.sessions.storage import Kept
from services.kit.errors import SessionEnded
from services.kit.tokens import TokenIssuer


@dataclass(frozen=True, slots=True)
class Tokens:
    """What a client needs to stay signed in."""

    session_id: UUID
    access: str = field(repr=False)
    access_end: datetime
    refresh: str = field(repr=False)
    """Empty when the one that the client has goes on."""
    refresh_end: datetime
    pending: Pending.ValueType = Pending.PENDING_UNSPECIFIED
    """What the session still owes."""


class Mint:
    """Makes the tokens of sessions.

    Args:
        keyring: proves refresh tokens.
        issuer: signs access tokens.
        demanding: the roles that demand a second factor at the password door.
    """

    def __init__(self, keyring: Keyring, issuer: TokenIssuer, demanding: frozenset[Role]) -> None:
        self._keyring = keyring
        self._issuer = issuer
        self._demanding = demanding

    @property
    def key_version(self) -> int:
        """The key by which a new session's refresh tokens are proven."""
        return self._keyring.refresh_version

    def tokens(self, session: Kept, standing: Standing, *, refresh: bool = True) -> Tokens:
        """The tokens of a session as it is; without ``refresh`` only the access token is new.

        Raises:
            SessionEnded: the key of its refresh tokens was taken away.
        """
        due = owed(
            session.door,
            standing,
            second_factor_at=session.second_factor_at,
            demanding=self._demanding,
        )
        pending = Pending.Value(f"PENDING_{due}")
        access, access_end = self._issuer.issue(
            person_id=session.person_id,
            account_id=session.account_id,
            session_id=session.id,
            roles=frozenset(wire_roles(acting(standing.roles, session.acting_as))),
            pending=pending,
            authenticated_at=session.auth_at,
            until=session.absolute_end,
        )
        text = ""
        if refresh:
            proof = self.proof(
                session.id, session.generation, seed=session.seed, key_version=session.proof_key
            )
            text = str(RefreshToken(session.id, session.generation, proof))
        return Tokens(session.id, access, access_end, text, session.idle_end, pending)

    def proof(self, session_id: UUID, generation: int, *, seed: bytes, key_version: int) -> bytes:
        """What proves a refresh token. Raises `SessionEnded` when its key was taken away."""
        try:
            return self._keyring.refresh_mac(
                proof_message(session_id, generation, seed), key_version=key_version
            )
        except KeyringError:
            raise SessionEnded from None
