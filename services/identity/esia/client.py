"""A client system's conversation with ESIA, from the address a browser is sent to, to the person's data."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hmac import compare_digest
from typing import Final
from urllib.parse import urljoin, urlsplit
from uuid import UUID

from services.identity.esia import base64url, requests
from services.identity.esia.certificates import TrustedCertificates
from services.identity.esia.errors import (
    EsiaAccessEnded,
    EsiaAnswerMalformed,
    EsiaCodeRejected,
    EsiaError,
    EsiaScopeNotGranted,
    EsiaStateMismatch,
    error_of,
)
from services.identity.esia.gost.process import GostProcess
from services.identity.esia.http import Answer, EsiaHttp, Page
from services.identity.esia.profile import (
    EsiaContact,
    EsiaKid,
    EsiaProfile,
    read_contact,
    read_kid,
    read_profile,
)
from services.identity.esia.settings import EsiaSettings
from services.identity.esia.signers import Signer, signer_of
from services.identity.esia.tokens import AccessToken, IdToken, TokenVerifier
from services.identity.esia.watch import Watch

_MOST_ELEMENTS: Final = 100
# ESIA's codes are JWS of a kilobyte. What a browser brings goes no further if it cannot be one: no stranger
# shall try out what ESIA answers to nonsense.
_CODE: Final = re.compile(r"[A-Za-z0-9._~+/=-]{1,4096}")


@dataclass(frozen=True, slots=True)
class EsiaTokens:
    """Believed tokens of one sign-in. Not to be stored or logged: what is needed is the profile."""

    access: AccessToken
    identity: IdToken | None
    refresh_token: str | None = field(repr=False)

    @property
    def oid(self) -> int:
        """Whose tokens these are."""
        return self.access.oid

    @property
    def scopes(self) -> tuple[str, ...]:
        """What was agreed to, without ``?oid=``."""
        return self.access.scopes


class EsiaClient:
    """One client system at one ESIA; safe for many sign-ins at once. Made by `connect`."""

    def __init__(
        self,
        settings: EsiaSettings,
        signer: Signer,
        verifier: TokenVerifier,
        *,
        http: EsiaHttp,
        watch: Watch,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.settings = settings
        self._signer = signer
        self._verifier = verifier
        self._http = http
        self._watch = watch
        self._now = now

    @property
    def available(self) -> bool:
        """False while ESIA counts as down: show the password door instead of sending anybody there."""
        return not (self._http.suspended or self._watch.away)

    async def authorization_url(
        self,
        state: UUID,
        *,
        code_verifier: str | None = None,
        scopes: tuple[str, ...] | None = None,
        redirect_uri: str | None = None,
    ) -> str:
        """The address to send the browser to; signed, so it is good for minutes only.

        Args:
            state: random, kept in the browser's cookie, compared when the browser comes back.
            code_verifier: 43 to 128 characters (RFC 7636), kept for `exchange`; used where ``pkce`` is on.
            scopes: instead of those in the settings.
            redirect_uri: instead of that in the settings; the same goes to `exchange`.

        Raises:
            EsiaSignerFailed: the request could not be signed.
        """
        parameters = await self._signed(str(state), scopes=scopes, redirect_uri=redirect_uri)
        parameters |= {
            "response_type": "code",
            "access_type": "offline" if self.settings.offline else "online",
        }
        if self.settings.person_filter:
            parameters["person_filter"] = requests.person_filter(self.settings.person_filter)
        if self.settings.pkce and code_verifier:
            parameters["code_challenge"] = requests.pkce_challenge(code_verifier)
            parameters["code_challenge_method"] = "S256"
        base = (self.settings.browser_url or self.settings.base_url).rstrip("/")
        return f"{base}{requests.AUTHORIZE}?{requests.query(parameters)}"

    def code_of(self, answer: Mapping[str, str], *, state: UUID | str) -> str:
        """The code out of the query that the browser came back with.

        Args:
            answer: the query's parameters.
            state: the one that was sent.

        Raises:
            EsiaStateMismatch: another state, or none.
            EsiaDeclined: the person refused.
            EsiaError: whatever else ESIA says; see `services.identity.esia.errors`.
        """
        if not compare_digest(answer.get("state", "").encode(), str(state).encode()):
            raise EsiaStateMismatch
        if "error" in answer:
            raise error_of(answer["error"], answer.get("error_description", ""), skew=self._http.skew)
        code = answer.get("code", "")
        if not code:
            raise EsiaAnswerMalformed(field="code")
        return code

    async def exchange(
        self,
        code: str,
        *,
        code_verifier: str | None = None,
        scopes: tuple[str, ...] | None = None,
        redirect_uri: str | None = None,
    ) -> EsiaTokens:
        """Change a code for tokens, and believe them.

        Raises:
            EsiaCodeRejected: the code is used, too old, or not for us.
            EsiaUnavailable: ESIA does not answer as it should.
            EsiaTokenRefused: the tokens do not hold.
            EsiaError: whatever else ESIA says.
        """
        if not _CODE.fullmatch(code):
            raise EsiaCodeRejected
        state = requests.new_state()
        parameters = await self._signed(state, scopes=scopes, redirect_uri=redirect_uri, code=code)
        parameters |= {"grant_type": "authorization_code", "code": code, "token_type": "Bearer"}
        if self.settings.pkce and code_verifier:
            parameters["code_verifier"] = code_verifier
        answer = await self._token_request(parameters, state)
        return await self._tokens(answer.body, asked=scopes or self.settings.scopes)

    async def refresh(self, tokens: EsiaTokens) -> EsiaTokens:
        """Change a refresh token for fresh tokens of the same person.

        Raises:
            EsiaCodeRejected: there is no refresh token, or ESIA no longer takes it.
            EsiaError: as `exchange`.
        """
        if tokens.refresh_token is None:
            raise error_of("invalid_grant", "ESIA-007011")
        state = requests.new_state()
        parameters = await self._signed(state)
        parameters |= {
            "grant_type": "refresh_token",
            "refresh_token": tokens.refresh_token,
            "token_type": "Bearer",
        }
        answer = await self._token_request(parameters, state)
        return await self._tokens(answer.body, asked=(), oid=tokens.oid)

    async def person(self, tokens: EsiaTokens) -> EsiaProfile:
        """The person of these tokens.

        Raises:
            EsiaScopeNotGranted: ESIA gives no data, or no name although ``fullname`` was asked for.
            EsiaAccessEnded: the token is no longer good, or the person is blocked.
            EsiaAnswerMalformed: a field is not as documented.
            EsiaUnavailable: ESIA does not answer as it should.
        """
        answer = await self._get(f"{requests.PERSON}/{tokens.oid}", tokens)
        if "oid" in answer and str(answer["oid"]) != str(tokens.oid):
            raise EsiaAnswerMalformed(field="oid")
        level = tokens.identity.level if tokens.identity else None
        profile = read_profile(answer, oid=tokens.oid, level_seen=level)
        if "fullname" in self.settings.scopes and not (profile.surname or profile.given_name):
            raise EsiaScopeNotGranted(names="fullname")
        return profile

    async def contacts(self, tokens: EsiaTokens) -> tuple[EsiaContact, ...]:
        """The person's contacts (scopes ``email``, ``mobile``, ``contacts``). Raises as `person`."""
        elements = await self.collection(tokens, "ctts")
        return tuple(contact for contact in map(read_contact, elements) if contact is not None)

    async def kids(self, tokens: EsiaTokens) -> tuple[EsiaKid, ...]:
        """The children in the person's account (scopes ``kid_*``). Raises as `person`."""
        return tuple(map(read_kid, await self.collection(tokens, "kids")))

    async def collection(self, tokens: EsiaTokens, name: str) -> list[Mapping[str, object]]:
        """The elements of ``ctts``, ``docs``, ``addrs`` or ``kids``, in whichever form ESIA gives them.

        Raises:
            EsiaAnswerMalformed: not a collection, too long, or an address outside ESIA.
            EsiaError: as `person`.
        """
        path = f"{requests.PERSON}/{tokens.oid}/{name}"
        elements = (await self._get(path, tokens, params={"embed": "(elements)"})).get("elements", [])
        if not isinstance(elements, list) or len(elements) > _MOST_ELEMENTS:
            raise EsiaAnswerMalformed(field="elements")
        return [await self._element(element, path, tokens) for element in elements]

    def logout_url(self, return_to: str | None = None) -> str:
        """Where to send the browser to end its session at ESIA as well; it comes back as the settings say."""
        base = (self.settings.browser_url or self.settings.base_url).rstrip("/")
        back = return_to or self.settings.after_logout or urljoin(self.settings.redirect_uri, "/")
        parameters = {"client_id": self.settings.client_id, "redirect_url": back}
        return f"{base}{requests.LOGOUT}?{requests.query(parameters)}"

    async def look(self) -> float | None:
        """See whether ESIA answers at all; seconds by which our clock is ahead of its own, if it told.

        Raises:
            EsiaUnavailable: it does not answer.
        """
        return (await self._http.look(requests.AUTHORIZE, within=self.settings.timeout)).skew

    async def try_address(self, address: str) -> Page:
        """What a browser would see at an `authorization_url`; for the operator's self-test.

        Raises:
            EsiaUnavailable: ESIA does not answer.
        """
        return await self._http.look(address, within=self.settings.timeout)

    async def _signed(
        self,
        state: str,
        *,
        scopes: tuple[str, ...] | None = None,
        redirect_uri: str | None = None,
        code: str = "",
    ) -> dict[str, str]:
        parameters = {
            "client_id": self.settings.client_id,
            "scope": " ".join(scopes or self.settings.scopes),
            "timestamp": requests.timestamp(self._now()),
            "state": state,
            "redirect_uri": redirect_uri or self.settings.redirect_uri,
        }
        secret = await self._signer.sign(requests.signed_string(**parameters, code=code))
        return parameters | {
            "client_secret": base64url.encode(secret),
            "client_certificate_hash": self._signer.certificate_hash,
        }

    async def _token_request(self, parameters: Mapping[str, str], state: str) -> Answer:
        answer = await self._http.post(requests.TOKEN, parameters)
        if answer.refusal or answer.status >= 400:
            raise answer.refusal or error_of("", "")
        if answer.body.get("state") != state:
            raise EsiaStateMismatch
        return answer

    async def _tokens(
        self, body: Mapping[str, object], *, asked: tuple[str, ...], oid: int | None = None
    ) -> EsiaTokens:
        access_text, id_text, refresh = (
            _token(body, name) for name in ("access_token", "id_token", "refresh_token")
        )
        if access_text is None or (id_text is None and "openid" in asked):
            raise EsiaAnswerMalformed(field="id_token" if access_text else "access_token")
        access = await self._verifier.access(access_text)
        if oid is not None and access.oid != oid:
            raise EsiaAnswerMalformed(field="access_token")
        identity = await self._verifier.identity(id_text, oid=access.oid) if id_text else None
        return EsiaTokens(access, identity, refresh)

    async def _get(
        self, address: str, tokens: EsiaTokens, params: Mapping[str, str] | None = None
    ) -> Mapping[str, object]:
        answer = await self._http.get(address, bearer=tokens.access.text, params=params)
        if answer.status == 401:
            raise EsiaAccessEnded
        if answer.status == 403:
            raise EsiaScopeNotGranted(names=address.rpartition("/")[2] if params else "person")
        if answer.status >= 400:
            raise EsiaError
        return answer.body

    async def _element(self, element: object, path: str, tokens: EsiaTokens) -> Mapping[str, object]:
        if isinstance(element, dict):
            return element
        if not isinstance(element, str) or not belongs_below(element, self.settings.base_url, path):
            # The token goes along: an address elsewhere would give it away.
            raise EsiaAnswerMalformed(field="elements")
        return await self._get(element, tokens)


def _token(body: Mapping[str, object], name: str) -> str | None:
    value = body.get(name)
    if value is not None and not isinstance(value, str):
        raise EsiaAnswerMalformed(field=name)
    return value or None


def belongs_below(address: str, base: str, path: str) -> bool:
    """Whether ``address`` is absolute, at the very site ``base``, and below ``path`` there."""
    theirs, ours = urlsplit(address), urlsplit(base)
    same = (theirs.scheme, theirs.netloc) == (ours.scheme, ours.netloc)
    return same and theirs.path.startswith(f"{ours.path.rstrip('/')}{path}/")


@asynccontextmanager
async def connect(
    settings: EsiaSettings, *, now: Callable[[], datetime] = lambda: datetime.now(UTC)
) -> AsyncIterator[EsiaClient]:
    """A client with its signer, trusted certificates, GOST process and connections; all closed at the end.

    ESIA need not be reachable. While the client is open, ESIA is looked at from time to time, so that
    `EsiaClient.available` is right also before anybody tried to sign in.

    Raises:
        EsiaSignerFailed: the key or certificate cannot be used.
    """
    async with GostProcess() as gost, EsiaHttp(settings) as http:
        signer = await signer_of(settings, gost)
        verifier = TokenVerifier(settings, TrustedCertificates(settings.trusted_certificates), gost, now)
        async with Watch(settings, http) as watch:
            yield EsiaClient(settings, signer, verifier, http=http, watch=watch, now=now)
