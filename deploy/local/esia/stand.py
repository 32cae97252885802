"""Everything the stand remembers while it runs."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from deploy.local.esia.people import People, Person
from deploy.local.esia.seal import Seal
from deploy.local.esia.shelf import Shelf
from deploy.local.esia.switches import Switches
from deploy.local.esia.systems import Registry, System
from services.identity.esia.gost.process import GostProcess

_TO_DECIDE = 600.0  # seconds a person may take for the sign-in and consent pages


@dataclass(frozen=True, slots=True)
class Session:
    """A person's single sign-on session."""

    oid: int
    sid: str
    since: datetime


@dataclass(slots=True)
class Request:
    """An authorisation under way: what a system asked for, and since when who is signed in."""

    system: System
    scopes: tuple[str, ...]
    state: str
    redirect_uri: str
    offline: bool
    person_filter: str | None
    code_challenge: str | None
    session: Session | None = None


@dataclass(frozen=True, slots=True)
class Agreement:
    """What a person agreed to; a code, and later a refresh token, stands for it."""

    mnemonic: str
    redirect_uri: str
    scopes: tuple[str, ...]
    session: Session
    offline: bool
    code_challenge: str | None


@dataclass(frozen=True, slots=True)
class Access:
    """What an access token opens."""

    oid: int | None
    scopes: tuple[str, ...]
    until: datetime


@dataclass
class Stand:
    """The registered systems, the persons, the seal, and what is kept between requests."""

    registry: Registry
    people: People
    gost: GostProcess
    seal: Seal
    switches: Switches = field(default_factory=Switches)

    def __post_init__(self) -> None:
        settings = self.registry.stand
        self.requests: Shelf[Request] = Shelf(_TO_DECIDE, self._seconds)
        self.sessions: Shelf[Session] = Shelf(settings.session_lives, self._seconds)
        self.codes: Shelf[Agreement] = Shelf(settings.code_lives, self._seconds)
        self.refreshes: Shelf[Agreement] = Shelf(30 * 86_400.0, self._seconds)
        # An expired token is told apart from an invalid one for as long again as it lived.
        self.accesses: Shelf[Access] = Shelf(2.0 * settings.token_lives, self._seconds)
        self.consents: set[tuple[int, str, tuple[str, ...]]] = set()

    def now(self) -> datetime:
        """The stand's time, which a switch may set apart from the truth."""
        return datetime.now(UTC) + timedelta(seconds=self.switches.clock_ahead)

    def person(self, oid: int) -> Person | None:
        """The account with this oid, unless it is blocked."""
        return None if oid in self.switches.blocked else self.people.by_oid(oid)

    def _seconds(self) -> float:
        return self.now().timestamp()


def new_key() -> str:
    """A random key: for a session, a request under way."""
    return secrets.token_urlsafe(32)


def shelf_key(token: str) -> str:
    """What a code or token is kept under: the text itself need not be kept."""
    return hashlib.sha256(token.encode()).hexdigest()
