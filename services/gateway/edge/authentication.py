"""Who is asking: a bearer token, or the session in a browser's cookies.

The token is verified here, so that nothing forged travels further, and once more in every service. A
browser's session is renewed on the way when its access token has run out. What a cookie allows, a foreign
page could make the browser ask for: so an unsafe request on cookies must come from this site and carry the
session's form token; a bearer token is sent by nobody unknowingly and needs neither.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from services.gateway.cookies import Cookies, RawHeaders
from services.gateway.edge.origin import SAFE_METHODS, require_own
from services.gateway.edge.renewal import Renewal
from services.gateway.problems import BadFormToken, Refused
from services.gateway.sessions import FormKey, Visitor, session_subject
from services.kit.errors import SessionEnded, TokenExpired, TokenRefused, Unauthenticated
from services.kit.tokens import TokenVerifier

Headers = Mapping[bytes, bytes]
_BEARER = b"bearer "
_ENDED = "SESSION_ENDED"


@dataclass(slots=True)
class Entrance:
    """What was found out about a request's sender."""

    visitor: Visitor | None = None
    cookies: RawHeaders = field(default_factory=list)
    """``Set-Cookie`` headers that the answer must carry, whatever it is: a renewed session lives in them."""
    ended: SessionEnded | None = None
    """The browser's session is over, although its token has not expired."""


class Authentication:
    """Finds out who is asking."""

    def __init__(
        self,
        verifier: TokenVerifier,
        cookies: Cookies,
        renewal: Renewal,
        form_key: FormKey,
        public_origin: str,
    ) -> None:
        self._verifier = verifier
        self._cookies = cookies
        self._renewal = renewal
        self._form_key = form_key
        self._public_origin = public_origin.encode("ascii")

    def now(self) -> datetime:
        """The instant by which callers are judged here."""
        return self._verifier.now()

    def bearer(self, authorization: bytes) -> Visitor:
        """Whose token the ``Authorization`` header carries.

        Raises `TokenRefused`, `TokenExpired`, `SessionEnded`.
        """
        if authorization[:7].lower() != _BEARER:
            raise TokenRefused
        try:
            token = authorization[7:].strip().decode("ascii")
        except UnicodeDecodeError:
            raise TokenRefused from None
        return self._visitor(token)

    def bearer_if_any(self, headers: Headers) -> Visitor | None:
        """Whose token it is, for calls that need none: what is not good is as if it were not there."""
        authorization = headers.get(b"authorization")
        if authorization is None:
            return None
        try:
            return self.bearer(authorization)
        except (TokenRefused, TokenExpired, SessionEnded):
            return None

    async def caller(self, method: str, headers: Headers, request_id: str, entrance: Entrance) -> Visitor:
        """Who calls the API. Cookies to be set are left in ``entrance``, also when this raises.

        Raises:
            Unauthenticated, TokenRefused, TokenExpired: nobody, or nobody who is known here.
            SessionEnded: somebody, whose session is over.
            ForeignOrigin, BadFormToken: a browser's session, but not its own wish.
            Refused: identity could not renew the session.
        """
        authorization = headers.get(b"authorization")
        if authorization is not None:
            return self.bearer(authorization)
        if method not in SAFE_METHODS:
            require_own(headers, self._public_origin)
        await self.browser(headers, request_id, entrance)
        visitor = entrance.visitor
        if visitor is None:
            raise entrance.ended or Unauthenticated
        if method not in SAFE_METHODS:
            token = headers.get(b"x-csrf-token", b"").decode("latin-1")
            if not self._form_key.accepts(token, session_subject(visitor)):
                raise BadFormToken
        return visitor

    async def browser(self, headers: Headers, request_id: str, entrance: Entrance) -> None:
        """Find the visitor of a browser's session, renewed when needed, and leave them in ``entrance``.

        Raises `Refused` when identity does not answer; a session that is over leaves nobody, and clears
        cookies.
        """
        cookie = headers.get(b"cookie")
        if cookie is None:
            return
        access, refresh = self._cookies.session(cookie)
        if access:
            try:
                entrance.visitor = self._visitor(access)
            except (TokenRefused, TokenExpired):
                entrance.visitor = None
            except SessionEnded as ended:
                entrance.ended = ended
                self._forget(entrance, ended.metadata)
                return
        if entrance.visitor is not None or not refresh:
            return
        try:
            session = await self._renewal.renew(refresh, request_id)
            entrance.visitor = self._visitor(session.access_token)
        except Refused as refused:
            if refused.reason != _ENDED:
                raise
            self._forget(entrance, refused.problem.metadata)
        else:
            self._cookies.set_session(entrance.cookies, session)

    def _forget(self, entrance: Entrance, metadata: Mapping[str, str]) -> None:
        """Have the browser forget a session that is over.

        Not one that has been replaced: the browser was given its successor, and an answer to a request from
        before, overtaking the other, would take it away again.
        """
        if "replaced" not in metadata:
            self._cookies.clear_session(entrance.cookies)

    def require_form_token(self, token: str, subject: str, headers: Headers) -> None:
        """Refuse a form that is not this browser's. Raises `ForeignOrigin`, `BadFormToken`."""
        require_own(headers, self._public_origin)
        if not self._form_key.accepts(token, subject):
            raise BadFormToken

    def _visitor(self, token: str) -> Visitor:
        verified = self._verifier.verify(token)
        return Visitor(verified.caller, token, verified.expires_at)
