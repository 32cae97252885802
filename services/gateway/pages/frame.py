"""What surrounds every page: who is signed in, in which language, with which unread notices."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote

from school.access.v1.policy_pb2 import Role
from services.gateway.edge.languages import LANGUAGES
from services.gateway.pages.language import Speech

HOME = "/cabinet"

ROLE_KEYS: Final = {
    Role.ROLE_PUPIL: "role.pupil",
    Role.ROLE_GUARDIAN: "role.guardian",
    Role.ROLE_TEACHER: "role.teacher",
    Role.ROLE_REGISTRAR: "role.registrar",
    Role.ROLE_SCHOOL_ADMINISTRATOR: "role.school_administrator",
    Role.ROLE_AUTHORITY: "role.authority",
    Role.ROLE_OPERATOR: "role.operator",
}
"""The words for each role, in the order in which they are listed."""


@dataclass(frozen=True, slots=True)
class RoleChoice:
    """One of the roles that a person can act in."""

    value: str
    """What the form sends: the role's name, or nothing for all roles at once."""
    key: str
    chosen: bool


def role_choices(
    held: Collection[Role.ValueType], acting: Collection[Role.ValueType]
) -> tuple[RoleChoice, ...]:
    """What somebody who holds several roles may switch between; nothing for who holds one."""
    if len(held) < 2:
        return ()
    everything = set(held) <= set(acting)
    return (
        RoleChoice("", "role.all", everything),
        *(
            RoleChoice(Role.Name(role), key, not everything and role in acting)
            for role, key in ROLE_KEYS.items()
            if role in held
        ),
    )


@dataclass(frozen=True, slots=True)
class Frame:
    """The part of a page that is the same everywhere."""

    speech: Speech
    path: str
    """The path and query of this page, to come back to after switching the language."""
    csrf: str
    """The token that every form of the page carries."""
    signed_in: bool = False
    whole: bool = False
    """Whether the session opens everything; one that owes a step has no sections to go to."""
    plain: bool = False
    """Whether nothing leads away from the page: it shows what is shown only once."""
    person: str = ""
    """The full name of who is signed in; empty when identity does not answer."""
    greeting: str = ""
    """How a page addresses them."""
    teaches: bool = False
    office: bool = False
    """Whether the person works in a school's office, or in the region's."""
    unread: int | None = None
    """How many notices are unread; ``None`` when nobody could say."""
    roles: tuple[RoleChoice, ...] = ()
    """The switch of who holds several roles."""

    @property
    def other_language(self) -> str:
        """The language one may switch to."""
        return next(language for language in LANGUAGES if language != self.speech.language)

    @property
    def switch_url(self) -> str:
        """The address that switches the language and comes back here."""
        return f"/language?to={self.other_language}&back={quote(self.path, safe='')}"


def local_path(wish: str | None, otherwise: str = HOME) -> str:
    """A path of this host to go to, or ``otherwise``: never another host, whatever the wish says (A18)."""
    if not wish or len(wish) > 500 or not wish.startswith("/"):
        return otherwise
    if wish.startswith(("//", "/\\")) or any(character in wish for character in "\\\r\n\t\0"):
        return otherwise
    return wish
