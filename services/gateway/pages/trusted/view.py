"""What the pages of trusted persons show; pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from google.protobuf.timestamp_pb2 import Timestamp

from school.access.v1.scope_pb2 import Scope
from school.diary.v1.views_pb2 import View
from school.identity.v1.delegations_pb2 import Delegation, DelegationState, ListDelegationsResponse, Trust

SCOPES: Final = {
    Scope.SCOPE_MARKS: "trusted.scope.marks",
    Scope.SCOPE_HOMEWORK: "trusted.scope.homework",
    Scope.SCOPE_ATTENDANCE: "trusted.scope.attendance",
}
OFFERED: Final = (Scope.SCOPE_MARKS, Scope.SCOPE_HOMEWORK)
"""What a family is offered to grant; the diary keeps no attendance that could be seen."""
STATES: Final = {
    DelegationState.DELEGATION_STATE_INVITED: "trusted.state.invited",
    DelegationState.DELEGATION_STATE_HOLDS: "trusted.state.holds",
    DelegationState.DELEGATION_STATE_UNANSWERED: "trusted.state.unanswered",
    DelegationState.DELEGATION_STATE_REFUSED: "trusted.state.refused",
    DelegationState.DELEGATION_STATE_WITHDRAWN: "trusted.state.withdrawn",
    DelegationState.DELEGATION_STATE_LEFT: "trusted.state.left",
    DelegationState.DELEGATION_STATE_EXPIRED: "trusted.state.expired",
    DelegationState.DELEGATION_STATE_LAPSED: "trusted.state.lapsed",
}
_OPEN: Final = frozenset({DelegationState.DELEGATION_STATE_INVITED, DelegationState.DELEGATION_STATE_HOLDS})
# What is offered first: long enough for a school year's half, short enough to be thought of again.
_USUAL: Final = timedelta(days=180)


@dataclass(frozen=True, slots=True)
class Trusted:
    """Somebody whom a family trusts, or invited."""

    delegation_id: str
    name: str
    """Of who accepted; else what was invited, as far as the reader may know it; else empty."""
    accepted: bool
    state: str
    scopes: tuple[str, ...]
    until: date
    grantor: str
    since: datetime | None
    """When they accepted, in the reader's zone."""
    ended: datetime | None
    """When somebody ended it."""
    answer_by: datetime | None
    """Until when an open invitation can be answered."""


@dataclass(frozen=True, slots=True)
class FamilyView:
    """Whom a pupil's family trusts."""

    pupil_id: str
    pupil: str
    open: tuple[Trusted, ...]
    over: tuple[Trusted, ...]
    can_invite: bool
    can_withdraw: bool


@dataclass(frozen=True, slots=True)
class Offer:
    """A box to tick."""

    name: str
    key: str
    ticked: bool


@dataclass(frozen=True, slots=True)
class InviteForm:
    """The form of an invitation, as it was filled in."""

    pupil_id: str
    pupil: str
    first: date
    latest: date
    until: str
    invitee: str
    offers: tuple[Offer, ...]


@dataclass(frozen=True, slots=True)
class TrustView:
    """What the reader is trusted with, or invited to."""

    delegation_id: str
    pupil_id: str
    pupil: str
    grantor: str
    scopes: tuple[str, ...]
    until: date
    answer_by: datetime | None


@dataclass(frozen=True, slots=True)
class Look:
    """A trusted person looked."""

    viewer: str
    seen_at: datetime
    first: date
    last: date


@dataclass(frozen=True, slots=True)
class LooksView:
    """Who looked into a pupil's diary."""

    pupil_id: str
    pupil: str
    looks: tuple[Look, ...]
    older: str = field(default="")
    """The token of the next page; empty on the last."""


def family_view(pupil_id: str, reply: ListDelegationsResponse, zone: ZoneInfo) -> FamilyView:
    """The list: what is open, and what is over."""
    shown = [(one.state in _OPEN, _trusted(one, zone)) for one in reply.delegations]
    return FamilyView(
        pupil_id=pupil_id,
        pupil=reply.pupil_name,
        open=tuple(one for is_open, one in shown if is_open),
        over=tuple(one for is_open, one in shown if not is_open),
        can_invite=reply.can_invite,
        can_withdraw=reply.can_withdraw,
    )


def invite_form(
    pupil_id: str,
    reply: ListDelegationsResponse,
    today: date,
    *,
    until: str = "",
    invitee: str = "",
    ticked: Iterable[str] = ("marks", "homework"),
) -> InviteForm:
    """The form, with what was filled in before, or what is usual."""
    latest = date.fromisoformat(reply.latest_until)
    chosen = frozenset(ticked)
    return InviteForm(
        pupil_id=pupil_id,
        pupil=reply.pupil_name,
        first=today,
        latest=latest,
        until=until or min(latest, today + _USUAL).isoformat(),
        invitee=invitee,
        offers=tuple(Offer(_word(scope), SCOPES[scope], _word(scope) in chosen) for scope in OFFERED),
    )


def scopes_of(words: Iterable[str]) -> list[Scope.ValueType]:
    """The scopes that are offered and whose boxes were ticked."""
    chosen = frozenset(words)
    return [scope for scope in OFFERED if _word(scope) in chosen]


def scope_keys(scopes: Sequence[Scope.ValueType]) -> tuple[str, ...]:
    """What scopes are called; one of a newer contract is not named."""
    return tuple(SCOPES[scope] for scope in scopes if scope in SCOPES)


def trust_view(one: Trust, zone: ZoneInfo) -> TrustView:
    """What somebody is trusted with, or invited to."""
    return TrustView(
        delegation_id=one.delegation_id,
        pupil_id=one.pupil_id,
        pupil=one.pupil_name,
        grantor=one.grantor_name,
        scopes=scope_keys(one.scopes),
        until=date.fromisoformat(one.valid_until),
        answer_by=_local(one.answer_by, zone) if one.HasField("answer_by") else None,
    )


def look_views(views: Iterable[View], trusted: Iterable[Delegation], zone: ZoneInfo) -> tuple[Look, ...]:
    """Who looked, when, and at which days; without a name when they were trusted more than a year ago."""
    names = {one.trusted_id: one.trusted_name for one in trusted}
    return tuple(
        Look(
            names.get(one.viewer_id, ""),
            _local(one.seen_at, zone),
            date.fromisoformat(one.first_day),
            date.fromisoformat(one.last_day),
        )
        for one in views
    )


def _trusted(one: Delegation, zone: ZoneInfo) -> Trusted:
    waits = one.state == DelegationState.DELEGATION_STATE_INVITED
    return Trusted(
        delegation_id=one.delegation_id,
        name=one.trusted_name or one.invitee,
        accepted=bool(one.trusted_name),
        state=STATES[one.state],
        scopes=scope_keys(one.scopes),
        until=date.fromisoformat(one.valid_until),
        grantor=one.grantor_name,
        since=_local(one.accepted_at, zone) if one.HasField("accepted_at") else None,
        ended=_local(one.ended_at, zone) if one.HasField("ended_at") else None,
        answer_by=_local(one.answer_by, zone) if waits else None,
    )


def _word(scope: Scope.ValueType) -> str:
    return Scope.Name(scope).removeprefix("SCOPE_").lower()


def _local(stamp: Timestamp, zone: ZoneInfo) -> datetime:
    return stamp.ToDatetime(UTC).astimezone(zone)
