"""What every page handler needs: the visitor's language, the frame around the page, and the answer itself."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection
from dataclasses import replace
from typing import TypeVar
from urllib.parse import quote, unquote
from zoneinfo import ZoneInfo

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from school.access.v1.policy_pb2 import Pending, Role
from school.identity.v1.people_pb2 import GetMeRequest
from school.identity.v1.sessions_pb2 import EndSessionRequest, Session
from school.notifications.v1.inbox_pb2 import ListNoticesRequest
from services.gateway.edge.clients import ZONE_COOKIE
from services.gateway.edge.languages import LANGUAGE_COOKIE, chosen_language
from services.gateway.pages.assets import Assets
from services.gateway.pages.drafts import Draft, packed, unpacked
from services.gateway.pages.frame import HOME, Frame, local_path, role_choices
from services.gateway.pages.language import Speech
from services.gateway.pages.names import full_name, given_name
from services.gateway.pages.rendering import Renderer
from services.gateway.problems import Refused
from services.gateway.sessions import Visitor
from services.gateway.site import PageDoor
from services.kit.clock import Clock

BACK_COOKIE = "mesh-back"
# As long as a sign-in through ESIA may take, and a little.
BACK_SECONDS = 15 * 60
DRAFT_COOKIE = "mesh-draft"
ESIA_EXIT_COOKIE = "mesh-esia-exit"
# The page that offers it is the next one.
ESIA_EXIT_SECONDS = 10 * 60
A_YEAR_SECONDS = 365 * 24 * 3600

UNAUTHENTICATED = 401

PENDING_PAGES = {
    Pending.PENDING_ACTIVATION: "/activation",
    Pending.PENDING_SECOND_FACTOR: "/second-factor",
}
"""The page where a session that owes a step pays it."""

# Rooms whose forms all come back to the room's first page.
_ROOMS = frozenset({"family", "notices", "activation", "second-factor", "step-up"})

OFFICE_ROLES = frozenset(
    {Role.ROLE_TEACHER, Role.ROLE_REGISTRAR, Role.ROLE_SCHOOL_ADMINISTRATOR, Role.ROLE_OPERATOR}
)
"""Who has something to do in an office: a teacher for the own class."""

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

    def person_id(self, request: Request) -> str:
        """The id of who is signed in; empty when nobody is."""
        visitor = self.visitor(request)
        return str(visitor.person_id) if visitor else ""

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
            whole=visitor is not None and not visitor.caller.pending,
            teaches=visitor is not None and Role.ROLE_TEACHER in visitor.roles,
            office=visitor is not None and not OFFICE_ROLES.isdisjoint(visitor.roles),
        )

    async def frame(self, request: Request, path: str | None = None) -> Frame:
        """The frame of a signed-in person's page; what does not answer is left out of it."""
        bare = self.bare_frame(request, path)
        visitor = self.visitor(request)
        me, inbox = await asyncio.gather(
            unless_silent(self.door.services.identity.people.GetMe(GetMeRequest())),
            unless_silent(
                self.door.services.notifications.inbox.ListNotices(ListNoticesRequest(page_size=1))
            ),
        )
        return replace(
            bare,
            person=full_name(me.person.name) if me else "",
            greeting=given_name(me.person.name) if me else "",
            unread=inbox.unread_count if inbox else None,
            roles=role_choices(me.person.roles, visitor.roles) if me and visitor else (),
        )

    def zone(self, request: Request) -> ZoneInfo:
        """The zone that the reader's device has told; Moscow time before it has."""
        try:
            return ZoneInfo(unquote(request.cookies.get(ZONE_COOKIE, "")) or "Europe/Moscow")
        except (ValueError, OSError):
            return ZoneInfo("Europe/Moscow")

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

    def signed_in(self, page: Endpoint, *, owing: Collection[Pending.ValueType] = ()) -> Endpoint:
        """Let only signed-in people open ``page``; others sign in first and come back to it.

        A session that owes a step is led to that step, unless ``owing`` says that the page is part of it.
        """

        async def guarded(request: Request) -> Response:
            visitor = self.visitor(request)
            if visitor is None:
                return self._to_sign_in(request)
            pending = visitor.caller.pending
            if pending and pending not in owing:
                return self.see_other(f"{PENDING_PAGES[pending]}?back={quote(_back(request), safe='')}")
            try:
                return await page(request)
            except Refused as refused:
                owed = _OWED.get(refused.reason)
                if owed is not None:
                    # The page of the form is where the person comes back to.
                    back = _back(request)
                    away = self.see_other(f"{owed}?back={quote(back, safe='')}")
                    self._remember_draft(request, away, back)
                    return away
                if refused.problem.status != UNAUTHENTICATED:
                    raise
                response = self._to_sign_in(request)
                self.leave(response)
                return response

        return guarded

    def onward(self, session: Session, back: str) -> str:
        """Where somebody goes who has just got ``session``: to the step that it owes, else on their way."""
        owed = PENDING_PAGES.get(session.pending)
        if owed is None:
            return back or HOME
        return f"{owed}?back={quote(back, safe='')}" if back else owed

    async def end_present(self, request: Request) -> str:
        """End the session that this browser has: it is left, or another one takes its place (ASVS 7.2.4).

        A silent identity holds nobody up: the browser forgets the session in any case. Gives the address
        where the session at ESIA can be ended as well; empty when there is none.
        """
        if self.visitor(request) is None:
            return ""
        try:
            ended = await unless_silent(self.door.services.identity.sessions.EndSession(EndSessionRequest()))
        except Refused:
            # The session is over already: just what was wished.
            return ""
        return ended.esia_logout_url if ended else ""

    def leave(self, response: Response) -> None:
        """Have the browser forget the session, and what its person had on the way: another may come next."""
        self.door.sessions.leave(response)
        self.forget_back(response)
        self.forget_draft(response)

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
        self._forget(response, BACK_COOKIE)

    def draft(self, request: Request) -> Draft:
        """What its person had typed into this page's form before they were sent to show who they are."""
        return unpacked(request.cookies.get(DRAFT_COOKIE, ""), request.url.path, self.person_id(request))

    def forget_draft(self, response: Response) -> None:
        """It stands in the form again."""
        self._forget(response, DRAFT_COOKIE)

    def _remember_draft(self, request: Request, response: Response, back: str) -> None:
        if request.method != "POST":
            return
        typed = self.door.sessions.form(request).multi_items()
        fields = ((name, value) for name, value in typed if isinstance(value, str))
        draft = packed(back, self.person_id(request), fields)
        if draft:
            self._cookie(response, DRAFT_COOKIE, draft, BACK_SECONDS)

    def remember_esia_exit(self, response: Response, address: str) -> None:
        """Keep where the session at ESIA can be ended, for the next page to offer."""
        if self._is_esia(address):
            self._cookie(response, ESIA_EXIT_COOKIE, quote(address, safe=""), ESIA_EXIT_SECONDS)

    def esia_exit(self, request: Request) -> str:
        """Where the session at ESIA can be ended, if that is to be offered; only ever an address of ESIA."""
        address = unquote(request.cookies.get(ESIA_EXIT_COOKIE, ""))
        return address if self._is_esia(address) else ""

    def _is_esia(self, address: str) -> bool:
        # The rule of forms: where no origin of ESIA is set, any https host.
        origins = tuple(f"{origin}/" for origin in self.door.sign_in_origins)
        return address.startswith(origins or "https://")

    def _forget(self, response: Response, name: str) -> None:
        response.delete_cookie(name, path="/", secure=self._secure, httponly=True, samesite="lax")

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
    if parts[1:2] == ["account"] and parts[3:] in (["erase"], ["withdraw"]):
        return path
    if parts[1:2] in (["lessons"], ["account"]):
        return "/".join(parts[:3])
    if parts[3:4] == ["trusted"]:
        return path if parts[4:] == ["invite"] else "/".join(parts[:4])
    if parts[1:2] == ["trusted"]:
        return "/".join(parts[:-1]) if parts[-1] in {"accept", "refuse"} else "/trusted"
    if parts[1:2] in (["school"], ["region"]):
        return "/".join(parts[:-1])
    return f"/{parts[1]}" if parts[1] in _ROOMS else "/cabinet"
