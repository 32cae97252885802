"""What every page handler needs: the visitor's language, the frame around the page, and the answer itself."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from school.access.v1.policy_pb2 import Role
from school.identity.v1.people_pb2 import GetMeRequest
from school.identity.v1.sessions_pb2 import EndSessionRequest
from school.notifications.v1.inbox_pb2 import ListNoticesRequest
from services.gateway.pages.assets import Assets
from services.gateway.pages.cabinet.view import full_name, given_name
from services.gateway.pages.frame import Frame, local_path
from services.gateway.pages.language import Speech, chosen_language
from services.gateway.pages.rendering import Renderer
from services.gateway.problems import Refused
from services.gateway.sessions import Visitor
from services.gateway.site import PageDoor
from services.kit.clock import Clock

LANGUAGE_COOKIE = "mesh-language"
BACK_COOKIE = "mesh-back"
# As long as a sign-in through ESIA may take, and a little.
BACK_SECONDS = 15 * 60
A_YEAR_SECONDS = 365 * 24 * 3600

UNAUTHENTICATED = 401

# The step that a session owes, or a change asks for, and the page where it is taken.
_OWED = {
    "ACTIVATION_NEEDED": "/activation",
    "SECOND_FACTOR_NEEDED": "/second-factor",
    "STEP_UP_NEEDED": "/step-up",
}

Answer = TypeVar("Answer")
Endpoint = Callable[[Request], Awaitable[Response]]


class Answers:
    """Makes the answers of all pages."""

    def __init__(self, door: PageDoor, clock: Clock) -> None:
        self.door = door
        self.clock = clock
        self.assets = Assets()
        self._renderer = Renderer(self.assets)
        self._secure = door.public_base_url.startswith("https:")

    # --- language and frame ---

    def speech(self, request: Request) -> Speech:
        """The language of the answer."""
        language = chosen_language(
            request.cookies.get(LANGUAGE_COOKIE), request.headers.get("accept-language")
        )
        return self._renderer.speeches[language]

    def speech_in(self, wish: str) -> Speech:
        """The language for a code or an ``Accept-Language`` header."""
        return self._renderer.speeches[chosen_language(None, wish)]

    def visitor(self, request: Request) -> Visitor | None:
        """Who is signed in; nobody when the door was stopped before it could find out."""
        try:
            return self.door.sessions.signed_in(request)
        except KeyError:
            return None

    def bare_frame(self, request: Request, path: str | None = None) -> Frame:
        """The frame without a single call: for pages before sign-in, and for pages that tell of trouble."""
        visitor = self.visitor(request)
        try:
            csrf = self.door.sessions.csrf_token(request)
        except KeyError:
            csrf = ""
        return Frame(
            speech=self.speech(request),
            path=path or _path(request),
            csrf=csrf,
            signed_in=visitor is not None,
            teaches=visitor is not None and Role.ROLE_TEACHER in visitor.roles,
        )

    async def frame(self, request: Request, path: str | None = None) -> Frame:
        """The frame of a signed-in person's page; what does not answer is left out of it."""
        bare = self.bare_frame(request, path)
        me, inbox = await asyncio.gather(
            unless_silent(self.door.services.identity.people.GetMe(GetMeRequest())),
            unless_silent(
                self.door.services.notifications.inbox.ListNotices(ListNoticesRequest(page_size=1))
            ),
        )
        return Frame(
            speech=bare.speech,
            path=bare.path,
            csrf=bare.csrf,
            signed_in=bare.signed_in,
            teaches=bare.teaches,
            person=full_name(me.person.name) if me else "",
            greeting=given_name(me.person.name) if me else "",
            unread=inbox.unread_count if inbox else None,
        )

    # --- answers ---

    def html(self, template: str, frame: Frame, *, status: int = 200, **view: object) -> HTMLResponse:
        """A whole page."""
        response = HTMLResponse(self._renderer.page(template, frame, **view), status_code=status)
        response.headers["Content-Language"] = frame.speech.language
        response.headers["Vary"] = "Accept-Language, Cookie"
        return response

    def see_other(self, path: str) -> RedirectResponse:
        """Go on to another page; after a POST, loading that page again repeats nothing."""
        return RedirectResponse(path, status_code=303)

    def signed_in(self, page: Endpoint) -> Endpoint:
        """Let only signed-in people open ``page``; others sign in first and come back to it."""

        async def guarded(request: Request) -> Response:
            if self.visitor(request) is None:
                return self._to_sign_in(request)
            try:
                return await page(request)
            except Refused as refused:
                owed = _OWED.get(refused.reason)
                if owed is not None:
                    # What was typed is lost; the page of the form is where the person comes back to.
                    return self.see_other(f"{owed}?back={quote(_back(request), safe='')}")
                if refused.problem.status != UNAUTHENTICATED:
                    raise
                response = self._to_sign_in(request)
                self.door.sessions.leave(response)
                return response

        return guarded

    async def end_present(self, request: Request) -> None:
        """End the session that this browser has: it is left, or another one takes its place (ASVS 7.2.4).

        A silent identity holds nobody up: the browser forgets the session in any case.
        """
        if self.visitor(request) is None:
            return
        try:
            await unless_silent(self.door.services.identity.sessions.EndSession(EndSessionRequest()))
        except Refused:
            # The session is over already: just what was wished.
            return

    def _to_sign_in(self, request: Request) -> Response:
        return self.see_other(f"/sign-in?back={quote(_back(request), safe='')}")

    # --- what a browser remembers ---

    def remember_language(self, response: Response, language: str) -> None:
        """Keep the language that somebody switched to."""
        self._cookie(response, LANGUAGE_COOKIE, language, A_YEAR_SECONDS)

    def remember_back(self, response: Response, back: str) -> None:
        """Keep the page to come back to through a sign-in that leaves this site."""
        if back:
            self._cookie(response, BACK_COOKIE, quote(back, safe=""), BACK_SECONDS)
        else:
            self.forget_back(response)

    def forget_back(self, response: Response) -> None:
        """The person is back."""
        response.delete_cookie(BACK_COOKIE, path="/", secure=self._secure, httponly=True, samesite="lax")

    def _cookie(self, response: Response, name: str, content: str, seconds: int) -> None:
        response.set_cookie(
            name, content, max_age=seconds, path="/", secure=self._secure, httponly=True, samesite="lax"
        )


async def unless_silent(call: Awaitable[Answer]) -> Answer | None:
    """The answer of a call, or ``None`` when the service does not give one just now.

    A refusal for want of a session is no silence: it is raised, so that the person signs in again.
    """
    try:
        return await call
    except Refused as refused:
        if refused.problem.status == UNAUTHENTICATED:
            raise
        return None


def wanted_back(wish: str | None) -> str:
    """The page to come back to, if the wish is a page of this site; else empty."""
    return local_path(wish, "")


def _path(request: Request) -> str:
    query = request.url.query
    return f"{request.url.path}?{query}" if query else request.url.path


def _back(request: Request) -> str:
    """After a lost POST one comes back to the page that held the form: every form's path begins with it."""
    return _path(request) if request.method in {"GET", "HEAD"} else _page_of_form(request.url.path)


def _page_of_form(path: str) -> str:
    parts = path.split("/")
    if parts[1:2] == ["lessons"]:
        return "/".join(parts[:3])
    return f"/{parts[1]}" if parts[1] == "notices" else "/cabinet"
