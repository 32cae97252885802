"""The forms of activation. Each answers with the page of the next step, or with its own and what to mend."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response

from school.identity.v1.activation_pb2 import (
    ActivationStep,
    ConfirmActivationMobileRequest,
    ConfirmMyDataRequest,
    FinishActivationRequest,
    GiveContactsRequest,
    SendActivationCodesRequest,
    SetFirstPasswordRequest,
)
from services.gateway.pages.answers import Answers
from services.gateway.pages.onboarding.page import PATH, ActivationPages
from services.gateway.pages.onboarding.view import Aftermath
from services.gateway.pages.passwords.view import differs
from services.gateway.problems import Refused

ELSEWHERE: Final = frozenset({"STEP_NOT_DUE", "ALREADY_ACTIVE"})
"""The form is of a step that is done, in another tab perhaps: the page shows the one that is due."""
TOLD: Final = frozenset(
    {
        "BAD_FIELD",
        "FIELD_FILLED",
        "BAD_EMAIL",
        "BAD_MOBILE",
        "CONTACT_TAKEN",
        "BAD_PASSWORD",
        "PASSWORD_MOVED",
        "TOO_SOON",
        "TOO_MANY_ATTEMPTS",
        "WRONG_CODE",
        "CODE_EXPIRED",
    }
)
"""Refusals that are told beside the form."""


class ActivationForms:
    """What a person sends."""

    def __init__(self, answers: Answers, pages: ActivationPages) -> None:
        self._answers = answers
        self._pages = pages
        self._activation = answers.door.services.identity.activation

    async def data(self, request: Request) -> Response:
        """The registered data are right; the sex, if the school left it empty and the person wants to say."""
        wish = ConfirmMyDataRequest(gender=self._field(request, "gender"))
        return await self._do(
            request, self._activation.ConfirmMyData(wish), ActivationStep.ACTIVATION_STEP_CONFIRM_DATA
        )

    async def contacts(self, request: Request) -> Response:
        """E-mail and mobile."""
        typed = {name: self._field(request, name)[:320] for name in ("email", "mobile")}
        return await self._do(
            request,
            self._activation.GiveContacts(GiveContactsRequest(**typed)),
            ActivationStep.ACTIVATION_STEP_GIVE_CONTACTS,
            typed,
        )

    async def password(self, request: Request) -> Response:
        """The permanent password."""
        form = self._answers.door.sessions.form(request)
        password, repeated = str(form.get("new_password", "")), form.get("repeated")
        step = ActivationStep.ACTIVATION_STEP_SET_PASSWORD
        if differs(password, None if repeated is None else str(repeated)):
            return await self._pages.render(request, step=step, after=Aftermath(differ=True))
        wish = SetFirstPasswordRequest(password=password)
        return await self._do(request, self._activation.SetFirstPassword(wish), step)

    async def codes(self, request: Request) -> Response:
        """The link and the code once more."""
        return await self._do(
            request,
            self._activation.SendActivationCodes(SendActivationCodesRequest()),
            ActivationStep.ACTIVATION_STEP_CONFIRM_CONTACTS,
            onward=f"{PATH}?sent=1",
        )

    async def mobile(self, request: Request) -> Response:
        """The code that came by SMS; spaces between its digits make no difference."""
        code = "".join(self._field(request, "code").split())
        return await self._do(
            request,
            self._activation.ConfirmActivationMobile(ConfirmActivationMobileRequest(code=code)),
            ActivationStep.ACTIVATION_STEP_CONFIRM_CONTACTS,
        )

    async def finish(self, request: Request) -> Response:
        """The account is the person's own; a new session takes the place of the one that owed this."""
        try:
            reply = await self._activation.FinishActivation(FinishActivationRequest())
        except Refused as refused:
            if refused.reason not in ELSEWHERE:
                raise
            return self._answers.see_other(PATH)
        response = self._answers.see_other(self._answers.onward(reply.session, PATH))
        self._answers.door.sessions.enter(response, reply.session)
        return response

    async def _do(
        self,
        request: Request,
        call: Awaitable[Any],
        step: ActivationStep.ValueType,
        typed: dict[str, str] | None = None,
        onward: str = PATH,
    ) -> Response:
        try:
            await call
        except Refused as refused:
            if refused.reason in ELSEWHERE:
                return self._answers.see_other(PATH)
            if refused.reason not in TOLD:
                raise
            after = Aftermath(problem=refused.problem, typed=typed or {})
            return await self._pages.render(request, step=step, after=after)
        return self._answers.see_other(onward)

    def _field(self, request: Request, name: str) -> str:
        return str(self._answers.door.sessions.form(request).get(name, "")).strip()
