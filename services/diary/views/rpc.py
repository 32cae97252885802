"""`ViewsService` on the wire."""

from __future__ import annotations

from school.diary.v1 import views_pb2, views_pb2_grpc
from services.diary.views.rules import View
from services.diary.views.usecases import Views
from services.kit.caller import caller
from services.kit.paging import PageWish
from services.kit.rpc.around import Context
from services.kit.rpc.parse import uuid_of


class ViewsRpc(views_pb2_grpc.ViewsServiceServicer):
    """Tells families who looked."""

    def __init__(self, views: Views) -> None:
        self._views = views

    async def ListViews(
        self, request: views_pb2.ListViewsRequest, context: Context
    ) -> views_pb2.ListViewsResponse:
        """Views of a pupil's diary."""
        page = await self._views.of_pupil(
            caller().person_id, uuid_of(request.pupil_id, "pupil_id"), PageWish.of(request)
        )
        return views_pb2.ListViewsResponse(views=map(_to_proto, page.rows), next_page_token=page.next_token)


def _to_proto(view: View) -> views_pb2.View:
    message = views_pb2.View(
        view_id=str(view.id),
        viewer_id=str(view.viewer_id),
        first_day=view.first_day.isoformat(),
        last_day=view.last_day.isoformat(),
    )
    message.seen_at.FromDatetime(view.seen_at)
    return message
