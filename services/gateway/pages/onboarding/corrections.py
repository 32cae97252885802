"""`…/correction`: what is wrong in the registered data, and what is right (R10)."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import uuid4

from starlette.requests import Request
from starlette.responses import Response

from school.identity.v1.activation_pb2 import GetActivationRequest
from school.identity.v1.corrections_pb2 import RequestCorrectionRequest, WithdrawCorrectionRequest
from services.gateway.pages.answers import Answers
from services.gateway.pages.onboarding.view import FIELDS, DataRow, activation_view
from services.gateway.problems import Refused

TOLD = frozenset({"BAD_FIELD", "NOTHING_TO_CORRECT", "CORRECTION_WAITS"})
OVER = frozenset({"CORRECTION_DECIDED", "UNKNOWN_CORRECTION"})
"""There is nothing to take back any more: the list shows what became of it."""
LONGEST = 500
"""Characters of the person's words."""


@dataclass(frozen=True, slots=True)
class CorrectionFormView:
    """The form for one field."""

    row: DataRow
    request_id: str
    """Sent again with the form, so that pressing twice asks once."""
    right_value: str = ""
    comment: str = ""
    reason: str = ""


class CorrectionPages:
    """The form, what it sends, and taking it back."""

    def __init__(self, answers: Answers, home: str) -> None:
        """``home``: the path of the page that shows the data; the form is beneath it."""
        self._answers = answers
        self._home = home
        self._identity = answers.door.services.identity

    async def show(self, request: Request) -> Response:
        """The form for the field in the address."""
        return await self._form(request, request.query_params.get("field", ""), request_id=str(uuid4()))

    async def send(self, request: Request) -> Response:
        """Ask the school."""
        form = self._answers.door.sessions.form(request)
        word, value, comment, request_id = (
            str(form.get(name, "")).strip() for name in ("field", "right_value", "comment", "request_id")
        )
        if word not in FIELDS:
            return self._answers.see_other(self._home)
        wish = RequestCorrectionRequest(
            request_id=request_id, field=FIELDS[word], right_value=value, comment=comment[:LONGEST]
        )
        try:
            await self._identity.corrections.RequestCorrection(wish)
        except Refused as refused:
            if refused.reason not in TOLD:
                raise
            return await self._form(
                request,
                word,
                request_id=str(uuid4()),
                right_value=value[:320],
                comment=comment[:LONGEST],
                refused=refused,
            )
        return self._answers.see_other(f"{self._home}#corrections")

    async def withdraw(self, request: Request) -> Response:
        """Take it back."""
        correction_id = str(self._answers.door.sessions.form(request).get("correction_id", ""))
        try:
            await self._identity.corrections.WithdrawCorrection(
                WithdrawCorrectionRequest(correction_id=correction_id)
            )
        except Refused as refused:
            if refused.reason not in OVER:
                raise
        return self._answers.see_other(f"{self._home}#corrections")

    async def _form(
        self,
        request: Request,
        word: str,
        *,
        request_id: str,
        right_value: str = "",
        comment: str = "",
        refused: Refused | None = None,
    ) -> Response:
        if word not in FIELDS:
            return self._answers.see_other(self._home)
        activation = (await self._identity.activation.GetActivation(GetActivationRequest())).activation
        rows = activation_view(activation, self._answers.clock.now()).rows
        view = CorrectionFormView(
            row=next(row for row in rows if row.field == word),
            request_id=request_id,
            right_value=right_value,
            comment=comment,
            reason=refused.reason if refused else "",
        )
        frame = self._answers.bare_frame(request, f"{self._home}/correction?field={word}")
        status = refused.problem.status if refused else 200
        return self._answers.html("correction.html", frame, status=status, view=view, home=self._home)
