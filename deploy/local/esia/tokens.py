"""``/aas/oauth2/v3/te``: a code, a refresh token or a system's own request becomes tokens."""

from __future__ import annotations

import hashlib
from functools import partial
from hmac import compare_digest

from starlette.requests import Request as HttpRequest
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from deploy.local.esia import asked
from deploy.local.esia.asked import Version
from deploy.local.esia.client_secrets import MANDATORY, require_signature
from deploy.local.esia.issuing import issue_access, issue_tokens
from deploy.local.esia.refusals import NowhereToGo, Refusal
from deploy.local.esia.shelf import Shelf
from deploy.local.esia.stand import Agreement, Stand, shelf_key
from deploy.local.esia.systems import System
from services.identity.esia import base64url

_GRANTS = {"authorization_code", "refresh_token", "client_credentials"}


class Tokens:
    """The systems' side of the stand."""

    def __init__(self, stand: Stand) -> None:
        self._stand = stand

    def routes(self) -> list[Route]:
        """Its paths."""
        return [
            Route("/aas/oauth2/v3/te", partial(self.exchange, version="v2"), methods=["POST"]),
            Route("/aas/oauth2/te", partial(self.exchange, version="v1"), methods=["POST"]),
        ]

    async def exchange(self, http: HttpRequest, *, version: Version) -> Response:
        """Give tokens, or HTTP 400 with ESIA's error."""
        state = ""
        try:
            form = await http.form()
            pairs = [(name, value) for name, value in form.multi_items() if isinstance(value, str)]
            parameters = asked.Parameters.of(pairs)
            state = parameters["state"]
            answer = await self._answer(parameters, version)
        except NowhereToGo as lost:
            return _refused(lost.refusal, state)
        except Refusal as refusal:
            return _refused(refusal, state)
        return JSONResponse({**answer, "state": state}, headers={"Cache-Control": "no-store"})

    async def _answer(self, parameters: asked.Parameters, version: Version) -> dict[str, object]:
        if self._stand.switches.overloaded:
            raise Refusal("007008")
        if self._stand.switches.broken:
            raise Refusal("007007")
        system = asked.asking_system(self._stand.registry, parameters)
        asked.require_allowed(system, version)
        if not parameters["scope"].strip():
            raise Refusal("007013")
        parameters.require(*MANDATORY[version], "grant_type", "token_type")
        if parameters["grant_type"] not in _GRANTS:
            raise Refusal("007003", "grant_type", error="unsupported_grant_type")
        asked.require_form(parameters, {"token_type": {"Bearer"}})
        asked.require_redirect(system, parameters)
        asked.require_timely(system, parameters, self._stand.now())
        await require_signature(
            self._stand.registry,
            system,
            parameters,
            version=version,
            gost=self._stand.gost,
            code=_code(parameters),
        )
        return await self._granted(system, parameters)

    async def _granted(self, system: System, parameters: asked.Parameters) -> dict[str, object]:
        if parameters["grant_type"] == "client_credentials":
            scopes = asked.require_scopes(system, parameters, system.own_scopes)
            return await issue_access(self._stand, system, scopes, None)
        if parameters["grant_type"] == "refresh_token":
            parameters.require("refresh_token")
            agreement = self._taken(self._stand.refreshes, parameters["refresh_token"], system, parameters)
        else:
            parameters.require("code")
            agreement = self._taken(self._stand.codes, parameters["code"], system, parameters)
            _require_verifier(agreement, parameters)
        try:
            return await issue_tokens(self._stand, system, agreement)
        except LookupError:
            raise Refusal("007011") from None

    @staticmethod
    def _taken(
        shelf: Shelf[Agreement], token: str, system: System, parameters: asked.Parameters
    ) -> Agreement:
        """What a code or refresh token stands for; whoever shows it to be another's does not spend it."""
        key = shelf_key(token)
        agreement = shelf.get(key)
        ours = (system.mnemonic, parameters["redirect_uri"], frozenset(parameters["scope"].split()))
        if (
            agreement is None
            or (agreement.mnemonic, agreement.redirect_uri, frozenset(agreement.scopes)) != ours
        ):
            raise Refusal("007011")
        shelf.take(key)
        return agreement


def _code(parameters: asked.Parameters) -> str:
    """Only a code is signed along; a refresh and a system's own request sign the string without."""
    return parameters["code"] if parameters["grant_type"] == "authorization_code" else ""


def _require_verifier(agreement: Agreement, parameters: asked.Parameters) -> None:
    if agreement.code_challenge is None:
        return
    verifier = parameters["code_verifier"].encode()
    challenge = base64url.encode(hashlib.sha256(verifier).digest())
    if not compare_digest(challenge, agreement.code_challenge):
        raise Refusal("007040")


def _refused(refusal: Refusal, state: str) -> Response:
    body = {"error": refusal.error, "error_description": refusal.description}
    if state:
        body["state"] = state
    return JSONResponse(body, status_code=400, headers={"Cache-Control": "no-store"})
