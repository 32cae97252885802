"""A person in the contract's words."""

from __future__ import annotations

from collections.abc import Iterable

from school.access.v1.policy_pb2 import Role as WireRole
from school.identity.v1 import people_pb2
from services.identity.people.rules import BadRoles, FullName, Person, Role


def person_message(person: Person) -> people_pb2.Person:
    """The message for a person."""
    return people_pb2.Person(
        person_id=str(person.id), name=name_message(person.name), roles=wire_roles(person.roles)
    )


def name_message(name: FullName) -> people_pb2.FullName:
    """The message for a full name."""
    return people_pb2.FullName(surname=name.surname, given_name=name.given_name, patronymic=name.patronymic)


def wire_roles(roles: Iterable[Role]) -> list[WireRole.ValueType]:
    """The numbers of roles, always in the same order."""
    return [WireRole.Value(f"ROLE_{role}") for role in sorted(roles)]


def roles_named(numbers: Iterable[WireRole.ValueType]) -> frozenset[Role]:
    """The roles with these numbers. Raises `BadRoles` for one that there is not."""
    try:
        return frozenset(Role(WireRole.Name(number).removeprefix("ROLE_")) for number in numbers)
    except ValueError:
        raise BadRoles from None
