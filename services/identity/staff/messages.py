"""Staff in the contract's words."""

from __future__ import annotations

from school.access.v1.policy_pb2 import Role as WireRole
from school.identity.v1 import staff_pb2
from services.identity.people.messages import name_message, wire_roles
from services.identity.people.rules import Role
from services.identity.staff.rules import Member, Post, RoleNotTheirs


def member_message(member: Member) -> staff_pb2.StaffMember:
    """A member of staff."""
    return staff_pb2.StaffMember(
        person_id=str(member.person_id),
        name=name_message(member.name),
        posts=[post_message(post) for post in member.posts],
        second_factor=member.second_factor,
    )


def post_message(post: Post) -> staff_pb2.Post:
    """A role at a school."""
    [role] = wire_roles([post.role])
    message = staff_pb2.Post(
        school_id=str(post.school_id) if post.school_id else "", role=role, school_title=post.school_title
    )
    message.granted_at.FromDatetime(post.granted_at)
    return message


def role_of(number: WireRole.ValueType) -> Role:
    """The role of a request. Raises `RoleNotTheirs` for a number that is no role."""
    try:
        return Role(WireRole.Name(number).removeprefix("ROLE_"))
    except ValueError:
        raise RoleNotTheirs from None
