"""What others keep copies of, and how much of it may be told at once."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final
from uuid import UUID

from services.kit.errors import DomainError, StatusCode

# Of an event on the stream, beside its payload: subject, headers, and what the broker writes around them.
_AROUND_BYTES: Final = 450
_PAYLOAD_BYTES: Final = 150
# What happens in the region meanwhile must find room as well.
_FILLED_AT_MOST: Final = 0.9


class NothingToTell(DomainError):
    """The command was asked for facts that it does not tell."""

    status = StatusCode.INVALID_ARGUMENT
    reason = "NOTHING_TO_TELL"
    title = (
        "What can be told again: everything | relations | delegations | people; "
        "of one of the last three also what comes after an id: relations <id>"
    )


class NoRoom(DomainError):
    """The stream cannot take so much: ends of sessions and relations would have to wait for days."""

    status = StatusCode.FAILED_PRECONDITION
    reason = "NO_ROOM"
    title = (
        "The stream has no room for it: raise MESH_STREAM_MAX_BYTES of identity and restart it, then repeat"
    )


class NotTaken(DomainError):
    """What was told is not published, or a reader of the stream does not come on."""

    status = StatusCode.UNAVAILABLE
    reason = "NOT_TAKEN"
    title = (
        "What was told is not taken on: see that identity, diary and notifications run and reach NATS, "
        "then go on after the last id"
    )


class Matter(StrEnum):
    """A kind of fact that is copied, in the order in which they are told: rights before names."""

    RELATIONS = "relations"
    DELEGATIONS = "delegations"
    PEOPLE = "people"


_EVERYTHING: Final = "everything"
_MATTERS: Final = frozenset(Matter)


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to be told again."""

    matters: tuple[Matter, ...]
    after: UUID | None = None
    """Of one matter: where to go on; None: from the beginning."""

    @classmethod
    def read(cls, text: str) -> Wish:
        """The wish as it is typed: ``everything``, ``relations``, ``relations 0192…``.

        Raises:
            NothingToTell: it is none.
        """
        match text.split():
            case [word] if word == _EVERYTHING:
                return cls(tuple(Matter))
            case [word] if word in _MATTERS:
                return cls((Matter(word),))
            case [word, last] if word in _MATTERS:
                try:
                    return cls((Matter(word),), UUID(last))
                except ValueError:
                    raise NothingToTell from None
            case _:
                raise NothingToTell


def bytes_of(facts: int) -> int:
    """How much of a stream so many facts fill, generously."""
    return facts * (_AROUND_BYTES + _PAYLOAD_BYTES)


def require_room(facts: int, *, held: int, most: int) -> None:
    """Let nothing be told that would fill the stream: a full one refuses the end of a right as well.

    Args:
        facts: how many are to be told.
        held: how many bytes the stream holds.
        most: how many it may hold; -1 for no bound.

    Raises:
        NoRoom: it would be too much.
    """
    if most >= 0 and held + bytes_of(facts) > most * _FILLED_AT_MOST:
        raise NoRoom
