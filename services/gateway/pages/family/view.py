"""A family: its children, where they study, and who else sees their diaries."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from school.identity.v1.families_pb2 import (
    Child,
    Guardian,
    ListGuardiansResponse,
    ListMyChildrenResponse,
)
from services.gateway.pages.names import full_name
from services.gateway.pages.school.dates import date_shown
from services.gateway.pages.school.words import BASES, KINDS


@dataclass(frozen=True, slots=True)
class GuardianView:
    """Somebody who stands for a pupil."""

    name: str
    kind: str
    """In what capacity, as a key."""
    basis: str
    """By whose word, as a key."""
    since: str
    until: str
    """Empty when no end is set."""
    is_me: bool


@dataclass(frozen=True, slots=True)
class ChildView:
    """A child with everybody who sees the diary, as far as the visitor may know."""

    pupil_id: str
    name: str
    label: str
    kind: str
    places: tuple[str, ...]
    until: str
    guardians: tuple[GuardianView, ...]
    answered: bool
    """Whether it could be asked who else stands for the child."""
    may_share: bool
    """Whether the visitor may see and admit others."""


@dataclass(frozen=True, slots=True)
class GrownView:
    """A child of age."""

    name: str
    since: str
    """The last day on which the visitor stood for them."""


@dataclass(frozen=True, slots=True)
class OwnView:
    """The visitor's own diary, and who sees it."""

    pupil_id: str
    guardians: tuple[GuardianView, ...]
    too_young: bool


@dataclass(frozen=True, slots=True)
class Typed:
    """What a form held when it was sent; never the password."""

    login: str = field(default="", repr=False)
    label: str = ""
    kind: str = "parent"
    reason: str = ""
    wait: int | None = None
    """Seconds to wait before the next try."""
    pupil_id: str = ""
    """Whose form it was."""
    asks_code: bool = False
    """The child has a second factor, as was said before; the code itself is never kept."""


def child_views(
    reply: ListMyChildrenResponse, guardians: Mapping[str, ListGuardiansResponse | None], me: str
) -> tuple[ChildView, ...]:
    """The children in the order given; ``guardians``: of each, None when nobody answered."""
    return tuple(_child(child, guardians.get(child.person_id), me) for child in reply.children)


def grown_views(children: Sequence[Child]) -> tuple[GrownView, ...]:
    """Children who came of age."""
    return tuple(GrownView(full_name(child.name), date_shown(child.valid_until)) for child in children)


def guardian_views(guardians: Sequence[Guardian], me: str) -> tuple[GuardianView, ...]:
    """Whoever stands for a pupil, in the order given."""
    return tuple(
        GuardianView(
            full_name(each.name),
            KINDS.get(each.kind, "family.kind.representative"),
            BASES.get(each.basis, "family.basis.school"),
            date_shown(each.valid_from),
            date_shown(each.valid_until) if each.valid_until else "",
            each.person_id == me,
        )
        for each in guardians
    )


def _child(child: Child, told: ListGuardiansResponse | None, me: str) -> ChildView:
    return ChildView(
        pupil_id=child.person_id,
        name=full_name(child.name),
        label=child.label,
        kind=KINDS.get(child.kind, "family.kind.representative"),
        places=tuple(
            ", ".join(part for part in (place.class_title, place.school_title) if part)
            for place in child.places
        ),
        until=date_shown(child.valid_until) if child.valid_until else "",
        guardians=guardian_views(told.guardians if told else (), me),
        answered=told is not None,
        may_share=bool(told and told.may_share),
    )
