"""Staff: who works where, and which roles the visitor may give and take."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Final
from zoneinfo import ZoneInfo

from school.access.v1.policy_pb2 import Role
from school.identity.v1.staff_pb2 import StaffMember
from services.gateway.pages.frame import ROLE_KEYS
from services.gateway.pages.names import full_name
from services.gateway.pages.school.dates import moment
from services.gateway.pages.school.desk import REGION_URL, SchoolView

OF_REGION: Final = (Role.ROLE_AUTHORITY, Role.ROLE_OPERATOR)
"""Roles that hold in the whole region; an operator gives them."""
OF_SCHOOL: Final = (Role.ROLE_TEACHER, Role.ROLE_REGISTRAR)
"""Roles at a school that its administrator gives."""
BY_OPERATOR: Final = (*OF_SCHOOL, Role.ROLE_SCHOOL_ADMINISTRATOR)
"""Roles at a school that an operator gives."""

DONE: Final = {"granted": "staff.granted", "revoked": "staff.revoked"}


@dataclass(frozen=True, slots=True)
class Scope:
    """Whose staff is shown: a school's, or the region's."""

    school_id: str
    """Empty for the region."""
    url: str
    grantable: tuple[Role.ValueType, ...]


def scope_of(school: SchoolView | None, roles: Iterable[Role.ValueType]) -> Scope:
    """What somebody with these roles may give at a school, or in the region."""
    operates = Role.ROLE_OPERATOR in roles
    if school is None:
        return Scope("", f"{REGION_URL}/staff", OF_REGION if operates else ())
    return Scope(school.school_id, f"{school.url}/staff", BY_OPERATOR if operates else OF_SCHOOL)


@dataclass(frozen=True, slots=True)
class PostView:
    """A role that somebody holds."""

    name: str
    """What the form sends."""
    key: str
    since: date
    can_be_taken: bool


@dataclass(frozen=True, slots=True)
class RoleOffer:
    """A role that can be given."""

    name: str
    key: str


@dataclass(frozen=True, slots=True)
class MemberView:
    """A member of staff, or somebody who may become one."""

    person_id: str
    name: str
    url: str
    posts: tuple[PostView, ...]
    second_factor: bool
    offers: tuple[RoleOffer, ...]
    is_me: bool


def member_view(member: StaffMember, scope: Scope, zone: ZoneInfo, me: str) -> MemberView:
    """A member of a reply; ``me`` is the visitor's person, who cannot take roles from themselves."""
    is_me = member.person_id == me
    held = {post.role for post in member.posts}
    return MemberView(
        person_id=member.person_id,
        name=full_name(member.name),
        url=f"{scope.url}/{member.person_id}",
        posts=tuple(
            PostView(
                Role.Name(post.role),
                ROLE_KEYS[post.role],
                moment(post.granted_at, zone).date(),
                post.role in scope.grantable and not is_me,
            )
            for post in member.posts
            if post.role in ROLE_KEYS
        ),
        second_factor=member.second_factor,
        offers=tuple(
            RoleOffer(Role.Name(role), ROLE_KEYS[role]) for role in scope.grantable if role not in held
        ),
        is_me=is_me,
    )


def role_named(name: str) -> Role.ValueType:
    """The role that a form names; unspecified when it names none."""
    return next((role for role in ROLE_KEYS if Role.Name(role) == name), Role.ROLE_UNSPECIFIED)
