"""``/aas/oauth2/v2/ac`` and what follows it in the browser: sign in, agree or refuse, go back."""

from __future__ import annotations

from functools import partial
from urllib.parse import urlencode, urlsplit

from starlette.requests import Request as HttpRequest
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from deploy.local.esia import asked, pages
from deploy.local.esia.asked import Version
from deploy.local.esia.client_secrets import MANDATORY, require_signature
from deploy.local.esia.issuing import issue_code, new_sid
from deploy.local.esia.people import Person
from deploy.local.esia.refusals import NowhereToGo, Refusal
from deploy.local.esia.stand import Agreement, Request, Session, Stand, new_key
from deploy.local.esia.systems import System
from services.identity.esia import requests

SESSION_COOKIE = "esia_stand_session"


class Authorize:
    """The browser's side of the stand."""

    def __init__(self, stand: Stand) -> None:
        self._stand = stand

    def routes(self) -> list[Route]:
        """Its paths."""
        return [
            Route("/aas/oauth2/v2/ac", partial(self.authorize, version="v2"), methods=["GET", "POST"]),
            Route("/aas/oauth2/ac", partial(self.authorize, version="v1"), methods=["GET", "POST"]),
            Route("/login", self.sign_in, methods=["POST"]),
            Route("/consent", self.consent_page, methods=["GET"]),
            Route("/consent", self.decide, methods=["POST"]),
            Route("/switch", self.switch, methods=["POST"]),
            Route(requests.LOGOUT, self.log_out, methods=["GET"]),
        ]

    async def authorize(self, http: HttpRequest, *, version: Version) -> Response:
        """Check what a system asks for, then show the sign-in form, or the consent page at once (R19)."""
        try:
            parameters = asked.Parameters.of(await _pairs(http))
            system = asked.asking_system(self._stand.registry, parameters)
            redirect_uri = asked.require_redirect(system, parameters)
        except NowhereToGo as lost:
            return pages.refusal(lost.refusal)
        except Refusal as refusal:
            return pages.refusal(refusal)
        try:
            request = await self._checked(system, redirect_uri, parameters, version)
        except Refusal as refusal:
            return _back(redirect_uri, parameters["state"], refusal)
        key = new_key()
        self._stand.requests.put(key, request)
        session = self._session(http)
        if session is None:
            return self._sign_in_form(key, request)
        return await self._signed_in(http, key, request, session)

    async def _checked(
        self, system: System, redirect_uri: str, parameters: asked.Parameters, version: Version
    ) -> Request:
        if self._stand.switches.overloaded:
            raise Refusal("007008")
        if self._stand.switches.broken:
            raise Refusal("007007")
        asked.require_allowed(system, version)
        if not parameters["scope"].strip():
            raise Refusal("007013")
        parameters.require(*MANDATORY[version], "response_type", "access_type")
        asked.require_form(parameters, {"response_type": {"code"}, "access_type": {"online", "offline"}})
        scopes = asked.require_scopes(system, parameters, system.scopes)
        asked.require_timely(system, parameters, self._stand.now())
        person_filter = asked.read_person_filter(parameters)
        challenge = parameters["code_challenge"] or None
        if system.pkce and challenge is None:
            raise Refusal("007039")
        await require_signature(
            self._stand.registry,
            system,
            parameters,
            version=version,
            gost=self._stand.gost,
        )
        return Request(
            system=system,
            scopes=scopes,
            state=parameters["state"],
            redirect_uri=redirect_uri,
            offline=parameters["access_type"] == "offline",
            person_filter=person_filter,
            code_challenge=challenge,
        )

    async def sign_in(self, http: HttpRequest) -> Response:
        """Take login and password, or the demo person that was chosen."""
        form = await http.form()
        key = str(form.get("request", ""))
        request = self._stand.requests.get(key)
        if request is None:
            return pages.too_late()
        person = self._who(
            str(form.get("person", "")), str(form.get("login", "")), str(form.get("password", ""))
        )
        if person is None:
            return self._sign_in_form(key, request, failed=True)
        if person.oid in self._stand.switches.blocked:
            return pages.blocked()
        session = Session(person.oid, new_sid(), self._stand.now())
        cookie = new_key()
        self._stand.sessions.put(cookie, session)
        response = await self._signed_in(http, key, request, session)
        response.set_cookie(SESSION_COOKIE, cookie, httponly=True, samesite="lax", path="/")
        return response

    async def consent_page(self, http: HttpRequest) -> Response:
        """Show what the system asks for."""
        key = http.query_params.get("request", "")
        request = self._stand.requests.get(key)
        person = self._stand.person(request.session.oid) if request and request.session else None
        if request is None or person is None:
            return pages.too_late()
        return pages.consent(key, request, person)

    async def decide(self, http: HttpRequest) -> Response:
        """Send the browser back: with a code when the person agreed, with 007004 when not."""
        form = await http.form()
        request = self._stand.requests.take(str(form.get("request", "")))
        if request is None or request.session is None:
            return pages.too_late()
        if form.get("decision") != "provide":
            return _back(request.redirect_uri, request.state, Refusal("007004"))
        return await self._agreed(http, request, request.session)

    async def switch(self, http: HttpRequest) -> Response:
        """Sign out here, to choose another person for the same request."""
        key = str((await http.form()).get("request", ""))
        request = self._stand.requests.get(key)
        if request is None:
            return pages.too_late()
        request.session = None
        self._stand.sessions.take(http.cookies.get(SESSION_COOKIE, ""))
        return self._sign_in_form(key, request)

    async def log_out(self, http: HttpRequest) -> Response:
        """End the session; go back to an address that is the system's."""
        self._stand.sessions.take(http.cookies.get(SESSION_COOKIE, ""))
        system = self._stand.registry.system(http.query_params.get("client_id", ""))
        target = http.query_params.get("redirect_url", "")
        response: Response = pages.signed_out()
        if system is not None and _is_theirs(system, target):
            response = RedirectResponse(target, status_code=302)
        response.delete_cookie(SESSION_COOKIE, path="/")
        return response

    async def _signed_in(self, http: HttpRequest, key: str, request: Request, session: Session) -> Response:
        request.session = session
        person = self._stand.person(session.oid)
        if person is None:
            return pages.blocked()
        if not passes(request.person_filter, person):
            self._stand.requests.take(key)
            return _back(request.redirect_uri, request.state, Refusal("007055"))
        if (session.oid, request.system.mnemonic, request.scopes) in self._stand.consents:
            self._stand.requests.take(key)
            return await self._agreed(http, request, session)
        return RedirectResponse(f"/consent?{urlencode({'request': key})}", status_code=303)

    async def _agreed(self, http: HttpRequest, request: Request, session: Session) -> Response:
        if request.system.remember_consent:
            self._stand.consents.add((session.oid, request.system.mnemonic, request.scopes))
        agreement = Agreement(
            mnemonic=request.system.mnemonic,
            redirect_uri=request.redirect_uri,
            scopes=request.scopes,
            session=session,
            offline=request.offline,
            code_challenge=request.code_challenge,
        )
        try:
            code = await issue_code(
                self._stand,
                request.system,
                agreement,
                address=http.client.host if http.client else "",
                user_agent=http.headers.get("user-agent", ""),
            )
        except Refusal as refusal:
            return _back(request.redirect_uri, request.state, refusal)
        return RedirectResponse(_with(request.redirect_uri, code=code, state=request.state), status_code=302)

    def _who(self, chosen: str, login: str, password: str) -> Person | None:
        if chosen:
            person = self._stand.people.by_login(chosen)
            return person if person and person.featured else None
        person = self._stand.people.by_login(login)
        return person if person and person.password == password else None

    def _session(self, http: HttpRequest) -> Session | None:
        session = self._stand.sessions.get(http.cookies.get(SESSION_COOKIE, ""))
        return session if session and self._stand.person(session.oid) else None

    def _sign_in_form(self, key: str, request: Request, *, failed: bool = False) -> HTMLResponse:
        return pages.sign_in(key, request, self._stand.people.featured, failed=failed)


def passes(person_filter: str | None, person: Person) -> bool:
    """Whether ``person_filter`` lets this account through."""
    match person_filter:
        case "conf_acc":
            return person.trusted
        case "acc_kid":
            return person.level == "child"
        case "acc_not_kid":
            return person.level != "child"
        case _:
            return True


async def _pairs(http: HttpRequest) -> list[tuple[str, str]]:
    if http.method == "GET":
        return http.query_params.multi_items()
    form = await http.form()
    return [(name, value) for name, value in form.multi_items() if isinstance(value, str)]


def _back(redirect_uri: str, state: str, refusal: Refusal) -> Response:
    answer = {"error": refusal.error, "error_description": refusal.description}
    if state:
        answer["state"] = state
    return RedirectResponse(_with(redirect_uri, **answer), status_code=302)


def _with(address: str, **parameters: str) -> str:
    joint = "&" if urlsplit(address).query else "?"
    return f"{address}{joint}{urlencode(parameters)}"


def _is_theirs(system: System, target: str) -> bool:
    parts = urlsplit(target)
    hosts = {urlsplit(uri)[:2] for uri in system.redirect_uris}
    return target in system.logout_uris or (parts.scheme, parts.netloc) in hosts
