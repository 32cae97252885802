"""A pupil's family at the registrar's desk."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from school.identity.v1.families_pb2 import (
    CourtLimitKind,
    FamilyLimit,
    FamilyRelation,
    GetPupilFamilyResponse,
)
from services.gateway.pages.drafts import Draft
from services.gateway.pages.names import full_name
from services.gateway.pages.school.dates import date_shown, moment
from services.gateway.pages.school.words import BASES, KINDS

DONE: Final = {
    "registered": "kin.done.registered",
    "changed": "kin.done.changed",
    "ended": "kin.done.ended",
    "limited": "kin.done.limited",
    "lifted": "kin.done.lifted",
}
"""What was just done, as the address names it, and how the page says it."""
LIMITS: Final = {
    CourtLimitKind.COURT_LIMIT_KIND_NO_ACCESS: "kin.limit.no_access",
    CourtLimitKind.COURT_LIMIT_KIND_NO_CONTACTS: "kin.limit.no_contacts",
}


WHY: Final = {
    "term_over": "kin.why.term_over",
    "court_limit": "kin.why.court_limit",
    "limit_over": "kin.why.limit_over",
    "birth_date_corrected": "kin.why.birth_date_corrected",
}
"""Reasons that no registrar has written, as the contract names them."""


@dataclass(frozen=True, slots=True)
class RelationView:
    """One relation."""

    relation_id: str
    guardian_id: str
    name: str
    kind: str
    basis: str
    document: str
    since: str
    until: str
    term: str
    """As the school has set it; empty: until the pupil is of age."""
    state: str
    """"holds", "waits" or "over"."""
    limited: bool
    """Whether a court limits the guardian already."""
    by_credentials: bool


@dataclass(frozen=True, slots=True)
class EndedView:
    """A relation of the past."""

    name: str
    kind: str
    since: str
    ended: datetime
    why: str
    """In the registrar's words; empty when it has a key."""
    why_key: str


@dataclass(frozen=True, slots=True)
class LimitView:
    """What a court forbids somebody."""

    limit_id: str
    name: str
    kind: str
    document: str
    since: str
    until: str


@dataclass(frozen=True, slots=True)
class FamilyView:
    """Everything of one pupil's family."""

    pupil_id: str
    name: str
    born: str
    childhood_ends: str
    relations: tuple[RelationView, ...]
    limits: tuple[LimitView, ...]
    ended: tuple[EndedView, ...]
    pupil_left: bool
    """And is nowhere yet: nobody is let in."""


@dataclass(frozen=True, slots=True)
class Typed:
    """What a form held that was refused."""

    of: str = ""
    """The entry whose form it was: a relation's, limit's or person's id."""
    deed: str = ""
    """Which of its forms."""
    reason: str = ""
    document: str = field(default="", repr=False)
    since: str = ""
    until: str = ""
    kind: str = ""
    why: str = field(default="", repr=False)

    def refused(self, reason: str) -> Typed:
        """The same, and why it was refused."""
        return replace(self, reason=reason)

    def at(self, of: str, deed: str) -> Typed:
        """What a form shows again: this, or nothing."""
        return self if (of, deed) == (self.of, self.deed) else NOTHING


NOTHING: Final = Typed()
_DEEDS: Final = {"relation_id": "change", "limit_id": "lift", "person_id": "register"}
"""Whose form asks for a recent proof, by the field that names its entry."""


def typed_before(draft: Draft) -> Typed:
    """What a form held when its sender was sent to show who they are."""

    def typed(name: str) -> str:
        return next(iter(draft.get(name, ())), "")

    entry = next((name for name in _DEEDS if name in draft), None)
    if entry is None:
        return NOTHING
    return Typed(
        of=typed(entry),
        deed=_DEEDS[entry],
        document=typed("document"),
        until=typed("until"),
        kind=typed("kind"),
        why=typed("why"),
    )


def family_view(reply: GetPupilFamilyResponse, today: str, zone: ZoneInfo) -> FamilyView:
    """A family of a reply; ``today``: the day at the school, YYYY-MM-DD."""
    limited = {each.limit.guardian_id for each in reply.limits}
    return FamilyView(
        pupil_id=reply.pupil_id,
        name=full_name(reply.pupil_name),
        born=date_shown(reply.birth_date),
        childhood_ends=date_shown(reply.last_day_of_childhood),
        relations=tuple(_relation(each, today, limited) for each in reply.relations),
        limits=_limits(reply.limits),
        ended=tuple(
            EndedView(
                full_name(each.guardian_name),
                KINDS.get(each.relation.kind, "family.kind.representative"),
                date_shown(each.relation.valid_from),
                moment(each.ended_at, zone),
                "" if each.ended_why in WHY else each.ended_why,
                WHY.get(each.ended_why, ""),
            )
            for each in reply.ended
        ),
        pupil_left=reply.pupil_left,
    )


def limit_named(name: str) -> CourtLimitKind.ValueType:
    """What a form says that is forbidden; unspecified when it names nothing."""
    found = {key.rpartition(".")[2]: kind for kind, key in LIMITS.items()}
    return found.get(name, CourtLimitKind.COURT_LIMIT_KIND_UNSPECIFIED)


def _relation(each: FamilyRelation, today: str, limited: set[str]) -> RelationView:
    relation = each.relation
    waits = not each.holds and relation.valid_from > today
    basis = BASES.get(relation.basis, "family.basis.school")
    return RelationView(
        relation_id=relation.relation_id,
        guardian_id=relation.guardian_id,
        name=full_name(each.guardian_name),
        kind=KINDS.get(relation.kind, "family.kind.representative"),
        basis=basis,
        document=relation.document,
        since=date_shown(relation.valid_from),
        until=date_shown(relation.valid_until) if relation.valid_until else "",
        term=date_shown(relation.term) if relation.term else "",
        state="holds" if each.holds else "waits" if waits else "over",
        limited=relation.guardian_id in limited,
        by_credentials=basis == "family.basis.credentials",
    )


def _limits(limits: Iterable[FamilyLimit]) -> tuple[LimitView, ...]:
    return tuple(
        LimitView(
            each.limit.limit_id,
            full_name(each.guardian_name),
            LIMITS.get(each.limit.kind, "kin.limit.no_access"),
            each.limit.document,
            date_shown(each.limit.valid_from),
            date_shown(each.limit.valid_until) if each.limit.valid_until else "",
        )
        for each in limits
    )
