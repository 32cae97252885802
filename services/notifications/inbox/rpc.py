"""`InboxService` on the wire."""

from __future__ import annotations

from school.notifications.v1 import inbox_pb2, inbox_pb2_grpc
from services.kit.caller import caller
from services.kit.paging import PageWish
from services.kit.rpc.around import Context
from services.kit.rpc.parse import uuid_of
from services.notifications.inbox.messages import notice_message
from services.notifications.inbox.usecases import Inbox


class InboxRpc(inbox_pb2_grpc.InboxServiceServicer):
    """Reads and clears the caller's own inbox."""

    def __init__(self, inbox: Inbox) -> None:
        self._inbox = inbox

    async def ListNotices(
        self, request: inbox_pb2.ListNoticesRequest, context: Context
    ) -> inbox_pb2.ListNoticesResponse:
        """Lists the caller's notices, the newest first."""
        after = uuid_of(request.after_notice_id, "after_notice_id") if request.after_notice_id else None
        page, unread = await self._inbox.page(caller().person_id, PageWish.of(request), after=after)
        return inbox_pb2.ListNoticesResponse(
            notices=[notice_message(notice) for notice in page.rows],
            next_page_token=page.next_token,
            unread_count=unread,
        )

    async def ReadNotices(
        self, request: inbox_pb2.ReadNoticesRequest, context: Context
    ) -> inbox_pb2.ReadNoticesResponse:
        """Marks the caller's notices up to and including one as read."""
        up_to = uuid_of(request.up_to_notice_id, "up_to_notice_id")
        unread = await self._inbox.read(caller().person_id, up_to=up_to)
        return inbox_pb2.ReadNoticesResponse(unread_count=unread)
