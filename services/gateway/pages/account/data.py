"""`/account/data`: one's own data, to take along and to have erased."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import Final

import orjson
from starlette.requests import Request
from starlette.responses import Response

from school.identity.v1.own_data_pb2 import (
    CancelErasureRequest,
    ExportMyDataRequest,
    PreviewErasureRequest,
    RequestErasureRequest,
)
from services.gateway.pages.account.export import readable
from services.gateway.pages.account.view import erased_and_kept, local
from services.gateway.pages.answers import Answers
from services.gateway.problems import Problem, Refused

_HOME: Final = "/account/data"
TOLD_BESIDE: Final = frozenset({"LAST_OPERATOR", "NO_ERASURE"})


class DataPages:
    """Export and erasure."""

    def __init__(self, answers: Answers) -> None:
        self._answers = answers
        self._own = answers.door.services.identity.own_data

    async def show(self, request: Request) -> Response:
        """What can be taken along, what an erasure would do, and one that waits."""
        return await self._show(request)

    async def read(self, request: Request) -> Response:
        """Everything that identity keeps about the person, to be read."""
        frame, reply = await asyncio.gather(
            self._answers.frame(request),
            self._own.ExportMyData(ExportMyDataRequest()),
        )
        zone = self._answers.zone(request)
        response = self._answers.html(
            "account/export.html",
            frame,
            parts=readable(orjson.loads(reply.json), frame.speech.keys, zone),
            today=self._answers.clock.today(zone),
        )
        response.headers["Cache-Control"] = "no-store"
        return response

    async def download(self, request: Request) -> Response:
        """The same as a file. A form's deed: it asks for a recent proof, and no link may set it off."""
        reply = await self._own.ExportMyData(ExportMyDataRequest())
        return Response(
            reply.json,
            media_type="application/json",
            headers={
                "Content-Disposition": 'attachment; filename="diary-data.json"',
                "Cache-Control": "no-store",
            },
        )

    async def ask(self, request: Request) -> Response:
        """Before an erasure: what is erased, what is kept and why."""
        return await self._show(request, template="account/erasure.html")

    async def erase(self, request: Request) -> Response:
        """Have it erased in three days."""
        try:
            await self._own.RequestErasure(RequestErasureRequest())
        except Refused as refused:
            if refused.reason not in TOLD_BESIDE:
                raise
            return await self._show(request, refused.problem)
        return self._answers.see_other(_HOME)

    async def keep(self, request: Request) -> Response:
        """Take the erasure back."""
        try:
            await self._own.CancelErasure(CancelErasureRequest())
        except Refused as refused:
            if refused.reason not in TOLD_BESIDE:
                raise
        return self._answers.see_other(f"{_HOME}?done=kept")

    async def _show(
        self, request: Request, problem: Problem | None = None, template: str = "account/data.html"
    ) -> Response:
        frame, reply = await asyncio.gather(
            self._answers.frame(request),
            self._own.PreviewErasure(PreviewErasureRequest()),
        )
        erased, kept = erased_and_kept(reply.items, frame.speech.keys)
        waits: datetime | None = None
        if reply.HasField("erases_at"):
            waits = local(reply.erases_at, self._answers.zone(request))
        return self._answers.html(
            template,
            frame,
            status=problem.status if problem else 200,
            erased=erased,
            kept=kept,
            waits=waits,
            problem=problem,
            done=request.query_params.get("done", ""),
            today=self._answers.clock.today(self._answers.zone(request)),
        )
