"""The ESIA door: out to Gosuslugi, back from it, and every outcome in plain words."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import quote, unquote, urlencode

from starlette.requests import Request
from starlette.responses import Response

from school.identity.v1.binding_pb2 import (
    BindingProposal,
    BindWithPasswordRequest,
    ConfirmBindingRequest,
    DeclineBindingRequest,
)
from school.identity.v1.sign_in_pb2 import CompleteEsiaSignInRequest, SignedIn, StartEsiaSignInRequest
from services.gateway.pages.answers import BACK_COOKIE, Answers, wanted_back
from services.gateway.pages.doors.asking import ASKABLE
from services.gateway.pages.doors.sign_in import wait_of
from services.gateway.pages.frame import HOME, ROLE_KEYS
from services.gateway.pages.names import full_name
from services.gateway.pages.troubles.view import Details, trouble_view
from services.gateway.problems import Refused

# A code is about 1 kB and a state 128 bits; what is longer never came from ESIA.
LONGEST = 4096

STATUS = {
    "ESIA_UNAVAILABLE": 503,
    "UNAVAILABLE": 503,
    "TOO_SLOW": 504,
    "OVERLOADED": 429,
    "INTERNAL": 500,
    "SIGN_IN_UNKNOWN": 400,
    "ESIA_REFUSED": 400,
    "ESIA_CODE_REFUSED": 400,
    "ESIA_CLOSED": 400,
    "UNKNOWN_REGION": 400,
    "REGION_ELSEWHERE": 400,
    "REGION_DIFFERS": 400,
    "BINDING_DECLINED": 200,
}
"""The statuses of refused sign-ins; a refused binding is 403."""

UNKNOWN = "SIGN_IN_UNKNOWN"
"""The redirect is not that of the sign-in which waits in this browser: anybody may have linked to it, so the
one that waits goes on waiting."""

DECLINED = "BINDING_DECLINED"
"""The person proposed is not who sits there."""

KEPT = ASKABLE | {UNKNOWN}
"""Refusals after which the browser keeps the key of its sign-in: the school may be asked with it."""

TOO_OLD = "ESIA_PROOF_TOO_OLD"
"""ESIA let the person through without asking, which is no proof of who sits there now."""

DETAILS = ("part", "seen", "needed")
"""The metadata of a refusal that the page of refusals understands."""

LINK_AGAIN = frozenset({"WRONG_CREDENTIALS", "TOO_MANY_ATTEMPTS"})
"""Refusals after which the login and password may be entered once more."""


@dataclass(frozen=True, slots=True)
class LinkView:
    """The form for the diary's own login and password."""

    login: str = ""
    reason: str = ""
    wait: int | None = None


@dataclass(frozen=True, slots=True)
class RoleView:
    """What somebody is, and where."""

    key: str
    class_title: str
    school: str


@dataclass(frozen=True, slots=True)
class ProposalView:
    """Whom the profile would be bound to."""

    person_id: str
    name: str
    roles: tuple[RoleView, ...]


def proposal_view(proposal: BindingProposal) -> ProposalView:
    """The person as they recognise themselves."""
    roles = tuple(
        RoleView(ROLE_KEYS[each.role], each.class_title, each.school_title)
        for each in proposal.roles
        if each.role in ROLE_KEYS
    )
    return ProposalView(proposal.person_id, full_name(proposal.name), roles)


class EsiaPages:
    """`/sign-in/esia` and what follows from it."""

    def __init__(self, answers: Answers) -> None:
        self._answers = answers
        self._sessions = answers.door.sessions
        self._identity = answers.door.services.identity

    async def start(self, request: Request) -> Response:
        """Begin a sign-in and send the browser to ESIA."""
        form = self._sessions.form(request)
        wish = StartEsiaSignInRequest(region_code=str(form.get("region", "")))
        try:
            reply = await self._identity.sign_in.StartEsiaSignIn(wish)
        except Refused as refused:
            return self._refused(refused)
        response = self._answers.see_other(reply.authorization_url)
        self._sessions.keep_sign_in(response, reply.browser_key, reply.expires_at.ToDatetime(tzinfo=UTC))
        self._answers.remember_back(response, wanted_back(str(form.get("back", ""))))
        return response

    async def callback(self, request: Request) -> Response:
        """Take what ESIA's redirect brought. Leads on at once: the code stays in no history."""
        sent = request.query_params
        wish = CompleteEsiaSignInRequest(
            state=sent.get("state", "")[:LONGEST],
            code=sent.get("code", "")[:LONGEST],
            error=sent.get("error", "")[:LONGEST],
            error_description=sent.get("error_description", "")[:LONGEST],
            browser_key=self._sessions.pending_sign_in(request),
        )
        try:
            reply = await self._identity.sign_in.CompleteEsiaSignIn(wish)
        except Refused as refused:
            response = self._too_old(request, refused) or self._refused(refused)
            if refused.reason not in KEPT:
                self._sessions.drop_sign_in(response)
        else:
            if reply.HasField("password_needed"):
                response = self._answers.see_other("/sign-in/link")
                self._keep(
                    response, wish.browser_key, reply.password_needed.expires_at.ToDatetime(tzinfo=UTC)
                )
            else:
                response = await self._entered(request, reply.signed_in)
        response.headers["Referrer-Policy"] = "no-referrer"
        return response

    async def link(self, request: Request) -> Response:
        """Ask for the diary's login and password once, when Gosuslugi gave no SNILS (R22)."""
        if not self._sessions.pending_sign_in(request):
            return self._answers.see_other(f"/sign-in/refused?reason={UNKNOWN}")
        return self._answers.html("link.html", self._answers.bare_frame(request), view=LinkView())

    async def bind(self, request: Request) -> Response:
        """Show whom login and password would bind the profile to; nothing is bound yet (A8)."""
        form = self._sessions.form(request)
        login = str(form.get("login", ""))
        wish = BindWithPasswordRequest(
            browser_key=self._sessions.pending_sign_in(request),
            login=login,
            password=str(form.get("password", "")),
        )
        try:
            reply = await self._identity.binding.BindWithPassword(wish)
        except Refused as refused:
            if refused.reason not in LINK_AGAIN:
                return self._refused(refused)
            view = LinkView(login[:100], refused.reason, wait_of(refused.problem))
            frame = self._answers.bare_frame(request, "/sign-in/link")
            return self._answers.html("link.html", frame, status=refused.problem.status, view=view)
        frame = self._answers.bare_frame(request, "/sign-in/link")
        response = self._answers.html("link_confirm.html", frame, view=proposal_view(reply.proposal))
        self._keep(response, wish.browser_key, reply.proposal.expires_at.ToDatetime(tzinfo=UTC))
        return response

    async def confirm(self, request: Request) -> Response:
        """Bind: the person says that this is them."""
        form = self._sessions.form(request)
        wish = ConfirmBindingRequest(
            browser_key=self._sessions.pending_sign_in(request), person_id=str(form.get("person", ""))
        )
        try:
            reply = await self._identity.binding.ConfirmBinding(wish)
        except Refused as refused:
            return self._refused(refused)
        return await self._entered(request, reply.signed_in)

    async def decline(self, request: Request) -> Response:
        """End the sign-in: this is somebody else."""
        wish = DeclineBindingRequest(browser_key=self._sessions.pending_sign_in(request))
        try:
            await self._identity.binding.DeclineBinding(wish)
        except Refused as refused:
            return self._refused(refused)
        response = self._answers.see_other(f"/sign-in/refused?reason={DECLINED}")
        self._sessions.drop_sign_in(response)
        return response

    async def refused(self, request: Request) -> Response:
        """Say why a sign-in was refused, what it means and what to do next (R23, R25)."""
        if request.query_params.get("reason") == UNKNOWN and self._answers.visitor(request) is not None:
            # A button was pressed twice, and the first time was enough.
            return self._answers.see_other(HOME)
        speech = self._answers.speech(request)
        asked = request.query_params.get("reason", "")
        reason = asked if speech.knows(f"reason.{asked}.meaning") else "OTHER"
        details = Details(**{name: request.query_params.get(name, "") for name in DETAILS})
        view = trouble_view(reason, STATUS.get(reason, 403), signed_in=False, door=True, details=details)
        frame = self._answers.bare_frame(request)
        # The button is for the browser whose sign-in was refused; anybody may have linked to this page.
        ask = reason in ASKABLE and bool(self._sessions.pending_sign_in(request))
        return self._answers.html("trouble.html", frame, status=STATUS.get(reason, 403), view=view, ask=ask)

    async def _entered(self, request: Request, signed_in: SignedIn) -> Response:
        await self._answers.end_present(request)
        if signed_in.bound_now:
            response = self._answers.see_other("/welcome")
        else:
            back = wanted_back(unquote(request.cookies.get(BACK_COOKIE, "")))
            response = self._answers.see_other(back or HOME)
            self._answers.forget_back(response)
        self._sessions.enter(response, signed_in.session)
        return response

    def _keep(self, response: Response, browser_key: str, until: datetime) -> None:
        if browser_key:
            self._sessions.keep_sign_in(response, browser_key, until)

    def _too_old(self, request: Request, refused: Refused) -> Response | None:
        """Back to the step-up: there the person leaves ESIA first, so that it asks them again."""
        if refused.reason != TOO_OLD:
            return None
        back = quote(wanted_back(unquote(request.cookies.get(BACK_COOKIE, ""))), safe="")
        response = self._answers.see_other(f"/step-up?reason={TOO_OLD}&back={back}")
        self._answers.remember_esia_exit(response, refused.problem.metadata.get("esia_logout_url", ""))
        return response

    def _refused(self, refused: Refused) -> Response:
        said = refused.problem.metadata
        query = {"reason": refused.reason} | {name: said[name] for name in DETAILS if name in said}
        return self._answers.see_other(f"/sign-in/refused?{urlencode(query)}")
