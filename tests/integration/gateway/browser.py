"""A browser before the gateway, as far as its cookies and forms matter."""

from __future__ import annotations

from datetime import datetime, timedelta
from http.cookies import SimpleCookie
from uuid import uuid4

import httpx2

from school.access.v1.policy_pb2 import Pending, Role
from school.identity.v1.sessions_pb2 import Session
from services.gateway.config import read_form_key
from services.gateway.sessions import FormKey
from services.kit.clock import SystemClock
from tests.integration.gateway.stage import Outside
from tests.support.clock import MovableClock


class Browser:
    """A person's browser: one session at identity, as cookies."""

    def __init__(self, gateway: Outside) -> None:
        self.gateway = gateway
        self.session_id = uuid4()
        self.person_id = uuid4()

    def session(
        self,
        *,
        refresh: str = "refresh-2",
        minutes: float = 5,
        pending: Pending.ValueType = Pending.PENDING_UNSPECIFIED,
        roles: frozenset[Role.ValueType] = frozenset({Role.ROLE_TEACHER}),
        proven: datetime | None = None,
    ) -> Session:
        """Tokens of the session, which may owe a step; ``minutes`` may be in the past.

        ``proven``: when the person last showed who they are; None says nothing.
        """
        clock = MovableClock()
        clock.move(minutes=minutes - 5)
        token, expires = self.gateway.stage.keys.issuer(clock=clock).issue(
            person_id=self.person_id,
            account_id=uuid4(),
            session_id=self.session_id,
            roles=roles,
            pending=pending,
            authenticated_at=proven,
        )
        session = Session(access_token=token, refresh_token=refresh, pending=pending)
        session.access_expires_at.FromDatetime(expires)
        session.refresh_expires_at.FromDatetime(SystemClock().now() + timedelta(days=1))
        return session

    def cookies(self, session: Session, prefix: str = "mesh-") -> dict[str, str]:
        """The headers that a browser with the session sends."""
        jar = f"{prefix}access={session.access_token}; {prefix}refresh={session.refresh_token}"
        return {"Cookie": jar}

    def form_token(self) -> str:
        """The token of this session's forms."""
        key = FormKey(read_form_key(self.gateway.settings.form_key_file))
        return key.token(f"session:{self.session_id}")


def set_cookies(answer: httpx2.Response) -> SimpleCookie:
    """The cookies of an answer as a browser keeps them: the last word on each counts."""
    jar = SimpleCookie()
    for header in answer.headers.get_list("set-cookie"):
        jar.load(header)
    return jar
