"""`/account/contacts`: where one is reached."""

from __future__ import annotations

import asyncio
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from school.identity.v1.contacts_pb2 import (
    CancelContactChangeRequest,
    ChangeContactRequest,
    ConfirmMobileRequest,
    ContactKind,
    ListMyContactsRequest,
)
from services.gateway.pages.account.view import contact_views
from services.gateway.pages.answers import Answers
from services.gateway.problems import Problem, Refused

KINDS: Final = {
    "email": ContactKind.CONTACT_KIND_EMAIL,
    "mobile": ContactKind.CONTACT_KIND_MOBILE,
}
TOLD_BESIDE: Final = frozenset(
    {"BAD_EMAIL", "BAD_MOBILE", "CONTACT_TAKEN", "TOO_SOON", "WRONG_CODE", "CODE_EXPIRED"}
)
_HOME: Final = "/account/contacts"


class ContactPages:
    """E-mail and mobile: what is in force, what waits to be confirmed."""

    def __init__(self, answers: Answers) -> None:
        self._answers = answers
        self._contacts = answers.door.services.identity.contacts

    async def show(self, request: Request) -> Response:
        """Both contacts with their changes."""
        return await self._show(request)

    async def edit(self, request: Request) -> Response:
        """The form for another address or number."""
        kind = request.path_params["kind"]
        return await self._edit(request, kind) if kind in KINDS else self._answers.see_other(_HOME)

    async def change(self, request: Request) -> Response:
        """Begin a change: a link or code goes to the new one."""
        kind = request.path_params["kind"]
        if kind not in KINDS:
            return self._answers.see_other(_HOME)
        value = str(self._answers.door.sessions.form(request).get("value", ""))
        try:
            await self._contacts.ChangeContact(ChangeContactRequest(kind=KINDS[kind], value=value))
        except Refused as refused:
            if refused.reason not in TOLD_BESIDE:
                raise
            return await self._edit(request, kind, value, refused.problem)
        return self._answers.see_other(f"{_HOME}#{kind}")

    async def cancel(self, request: Request) -> Response:
        """Take a change back; the former contact stays."""
        kind = KINDS.get(request.path_params["kind"])
        if kind is not None:
            await self._contacts.CancelContactChange(CancelContactChangeRequest(kind=kind))
        return self._answers.see_other(_HOME)

    async def confirm(self, request: Request) -> Response:
        """Confirm the new mobile with its code."""
        code = str(self._answers.door.sessions.form(request).get("code", ""))
        try:
            await self._contacts.ConfirmMobile(ConfirmMobileRequest(code=code))
        except Refused as refused:
            if refused.reason not in TOLD_BESIDE:
                raise
            return await self._show(request, refused.problem)
        return self._answers.see_other(f"{_HOME}?done=mobile")

    async def _show(self, request: Request, problem: Problem | None = None) -> Response:
        frame, reply = await asyncio.gather(
            self._answers.frame(request, _HOME),
            self._contacts.ListMyContacts(ListMyContactsRequest()),
        )
        return self._answers.html(
            "account/contacts.html",
            frame,
            status=problem.status if problem else 200,
            contacts=contact_views(reply.contacts, self._answers.zone(request)),
            problem=problem,
            done=request.query_params.get("done", ""),
            today=self._answers.clock.today(self._answers.zone(request)),
        )

    async def _edit(
        self, request: Request, kind: str, value: str = "", problem: Problem | None = None
    ) -> Response:
        frame = await self._answers.frame(request, f"{_HOME}/{kind}")
        return self._answers.html(
            "account/contact.html",
            frame,
            status=problem.status if problem else 200,
            kind=kind,
            value=value[:320],
            problem=problem,
        )
