"""What is and was bound to an account, as its person and the school's office read it; pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from zoneinfo import ZoneInfo

from google.protobuf.timestamp_pb2 import Timestamp

from school.identity.v1.binding_pb2 import Binding, BindingRoad, UnbindReason

ROADS: Final = {
    BindingRoad.BINDING_ROAD_SNILS: "binding.road.snils",
    BindingRoad.BINDING_ROAD_PASSWORD: "binding.road.password",
}
REASONS: Final = {
    UnbindReason.UNBIND_REASON_OWN_WISH: "binding.why.own_wish",
    UnbindReason.UNBIND_REASON_PROFILE_LOST: "binding.why.profile_lost",
    UnbindReason.UNBIND_REASON_PROFILE_MERGED: "binding.why.profile_merged",
    UnbindReason.UNBIND_REASON_WRONG_PERSON: "binding.why.wrong_person",
}


@dataclass(frozen=True, slots=True)
class BindingView:
    """One binding, in the reader's zone."""

    road: str
    bound_at: datetime
    reverified_at: datetime | None
    ended_at: datetime | None
    why: str
    by_school: bool


def binding_views(
    bindings: Iterable[Binding], zone: ZoneInfo
) -> tuple[BindingView | None, tuple[BindingView, ...]]:
    """The binding that holds, if one does, and those that ended, the newest first."""
    views = [_view(each, zone) for each in bindings]
    present = next((view for view in views if view.ended_at is None), None)
    return present, tuple(view for view in views if view.ended_at is not None)


def _view(binding: Binding, zone: ZoneInfo) -> BindingView:
    def local(moment: Timestamp) -> datetime:
        return moment.ToDatetime(tzinfo=UTC).astimezone(zone)

    return BindingView(
        road=ROADS.get(binding.road, ""),
        bound_at=local(binding.bound_at),
        reverified_at=local(binding.reverified_at) if binding.HasField("reverified_at") else None,
        ended_at=local(binding.ended_at) if binding.HasField("ended_at") else None,
        why=REASONS.get(binding.ended_why, ""),
        by_school=binding.ended_by_school,
    )
