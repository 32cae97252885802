"""Sessions of browsers: the cookies, what a page may know of its visitor, and the token of its forms.

Nothing is kept here: the access token says who the visitor is, the refresh token keeps them signed in, and a
form's token is an HMAC of the session, so any gateway can check what another has given out.
"""

from __future__ import annotations

import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import cast
from uuid import UUID

from starlette.datastructures import FormData
from starlette.requests import HTTPConnection, Request
from starlette.responses import Response

from school.access.v1.policy_pb2 import Role
from school.identity.v1.sessions_pb2 import Session
from services.gateway.cookies import Cookies
from services.kit.caller import Caller

FORM_FIELD = "csrf_token"
"""The hidden field that every form of a page carries."""


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who is signed in, as their verified access token says."""

    caller: Caller
    token: str
    expires_at: datetime
    """When the access token ends; the session itself may go on."""

    @property
    def person_id(self) -> UUID:
        """The person."""
        return self.caller.person_id

    @property
    def roles(self) -> frozenset[Role.ValueType]:
        """What the person is in the region."""
        return self.caller.roles


@dataclass(slots=True)
class BrowserState:
    """What the door found out about a browser before a page is asked."""

    visitor: Visitor | None
    visit: str
    """A random word for this browser, to which forms of people who are not signed in are bound."""
    visit_used: bool = False
    """Whether a form was bound to the visit, so that the browser must keep the word."""
    form: FormData | None = None


class FormKey:
    """Makes and checks the tokens of forms: HMAC-SHA256 over the session, or over the visit before it."""

    def __init__(self, key: bytes) -> None:
        """Raises `ValueError` when the key is shorter than 32 bytes."""
        if len(key) < 32:
            raise ValueError("the form key must have at least 32 bytes")
        self._key = key

    def token(self, subject: str) -> str:
        """The token of one session (or visit); the same each time, so pages in several tabs all work."""
        return hmac.new(self._key, subject.encode(), sha256).hexdigest()

    def accepts(self, token: str, subject: str) -> bool:
        """Whether the token is that of the subject; takes the same time whatever is wrong."""
        return hmac.compare_digest(token.encode(), self.token(subject).encode())


class Sessions:
    """What pages need to know and do about sessions."""

    def __init__(self, cookies: Cookies, form_key: FormKey) -> None:
        self._cookies = cookies
        self._form_key = form_key

    def signed_in(self, request: HTTPConnection) -> Visitor | None:
        """Who is signed in at this browser; the door has verified (and, when needed, renewed) the token."""
        return browser_state(request).visitor

    def csrf_token(self, request: HTTPConnection) -> str:
        """The value of the hidden field `FORM_FIELD` for every form on a page of this browser.

        Scripts send the same value in the header ``X-CSRF-Token``.
        """
        state = browser_state(request)
        state.visit_used = state.visit_used or state.visitor is None
        return self._form_key.token(subject(state))

    def form(self, request: Request) -> FormData:
        """The fields of the form that was sent; the door has read it and checked its token.

        Raises `LookupError` when the request carried no form.
        """
        form = browser_state(request).form
        if form is None:
            raise LookupError("the request carried no form")
        return form

    def enter(self, response: Response, session: Session) -> None:
        """Keep a new session in the browser; the cookie of the pending sign-in goes (A19)."""
        self._cookies.set_session(response.raw_headers, session)
        self._cookies.clear_sign_in(response.raw_headers)

    def leave(self, response: Response) -> None:
        """Forget the session in the browser. Ending it at identity is `EndSession`'s work."""
        self._cookies.clear_session(response.raw_headers)

    def keep_sign_in(self, response: Response, browser_key: str, expires_at: datetime) -> None:
        """Keep the secret of `StartEsiaSignIn` in this browser until ``expires_at`` (A1)."""
        self._cookies.set_sign_in(response.raw_headers, browser_key, expires_at)

    def pending_sign_in(self, request: HTTPConnection) -> str:
        """The ``browser_key`` of the sign-in that waits in this browser; empty when none does."""
        return self._cookies.sign_in(request.headers.get("cookie", "").encode("latin-1"))

    def drop_sign_in(self, response: Response) -> None:
        """Forget the pending sign-in."""
        self._cookies.clear_sign_in(response.raw_headers)


def browser_state(request: HTTPConnection) -> BrowserState:
    """What the door has put beside the request."""
    return cast("BrowserState", request.scope["state"]["browser"])


def subject(state: BrowserState) -> str:
    """What the tokens of a browser's forms are bound to."""
    return f"visit:{state.visit}" if state.visitor is None else session_subject(state.visitor)


def session_subject(visitor: Visitor) -> str:
    """What form tokens of a session are bound to: the same through renewals, another after sign-in."""
    return f"session:{visitor.caller.session_id}"


def new_visit() -> str:
    """A random word of 128 bits."""
    return secrets.token_urlsafe(16)
