"""`/account`: the account at a glance; what was done with it, and what was sent."""

from __future__ import annotations

import asyncio

from starlette.requests import Request
from starlette.responses import Response

from school.identity.v1.accounts_pb2 import GetMyAccountRequest
from school.identity.v1.audit_pb2 import ListMyAuditRequest
from school.notifications.v1.delivery_pb2 import ListMyDeliveriesRequest
from services.gateway.pages.account.view import account_view, delivery_views, entry_views
from services.gateway.pages.answers import Answers

PAGE = 50
_LONGEST_TOKEN = 500


class OverviewPages:
    """`/account`, `/account/history` and `/account/messages`."""

    def __init__(self, answers: Answers) -> None:
        self._answers = answers

    async def show(self, request: Request) -> Response:
        """What opens the account, and where each part of it is looked after."""
        services = self._answers.door.services
        frame, account = await asyncio.gather(
            self._answers.frame(request),
            services.identity.accounts.GetMyAccount(GetMyAccountRequest()),
        )
        return self._answers.html(
            "account/overview.html",
            frame,
            view=account_view(account, self._answers.zone(request)),
            answer=request.query_params.get("done", ""),
            today=self._answers.clock.today(self._answers.zone(request)),
        )

    async def history(self, request: Request) -> Response:
        """Who did what with the account and when, the newest first."""
        token = request.query_params.get("page", "")[:_LONGEST_TOKEN]
        frame, reply = await asyncio.gather(
            self._answers.frame(request),
            self._answers.door.services.identity.audit.ListMyAudit(
                ListMyAuditRequest(page_size=PAGE, page_token=token)
            ),
        )
        entries = entry_views(
            reply.entries,
            self._answers.person_id(request),
            frame.speech.keys,
            self._answers.zone(request),
        )
        return self._answers.html(
            "account/history.html",
            frame,
            entries=entries,
            older=reply.next_page_token,
            later=bool(token),
            today=self._answers.clock.today(self._answers.zone(request)),
        )

    async def messages(self, request: Request) -> Response:
        """What was sent to the person by e-mail and SMS, and what became of it."""
        token = request.query_params.get("page", "")[:_LONGEST_TOKEN]
        frame, reply = await asyncio.gather(
            self._answers.frame(request),
            self._answers.door.services.notifications.delivery.ListMyDeliveries(
                ListMyDeliveriesRequest(page_size=PAGE, page_token=token)
            ),
        )
        return self._answers.html(
            "account/messages.html",
            frame,
            deliveries=delivery_views(reply.deliveries, frame.speech.keys, self._answers.zone(request)),
            older=reply.next_page_token,
            later=bool(token),
            today=self._answers.clock.today(self._answers.zone(request)),
        )
