"""How pages call a person."""

from __future__ import annotations

from school.identity.v1.people_pb2 import FullName


def full_name(name: FullName) -> str:
    """The name as documents have it: "Иванова Анна Петровна"."""
    return " ".join(part for part in (name.surname, name.given_name, name.patronymic) if part)


def given_name(name: FullName) -> str:
    """How a page addresses a person: "Анна Петровна"."""
    return " ".join(part for part in (name.given_name, name.patronymic) if part)
