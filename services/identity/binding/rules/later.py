"""What a bound profile shows at a later entry that the school should know of (A14).

After binding issuer and oid are the key: name and SNILS are compared again, never matched again. Another
SNILS than the person's ends the entry (`services.identity.binding.rules.matching.again`); what is in here
does not.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from services.identity.binding.rules.matching import Profile, Registered
from services.identity.binding.rules.names import NamePart, compare
from services.identity.binding.rules.roads import Road


class Change(StrEnum):
    """What has come to differ since the binding."""

    NAME = "name"
    BIRTH_DATE = "birth_date"
    SNILS_UNREGISTERED = "snils_unregistered"
    """ESIA has verified a SNILS, the school has registered none: nobody writes it in unseen."""


@dataclass(frozen=True, slots=True)
class Noticed:
    """A change, and the part of the name, if it is one of the name."""

    change: Change
    part: NamePart | None = None


def noticed(profile: Profile, person: Registered) -> tuple[Noticed, ...]:
    """Everything that the school should look at, while the person is in all the same."""
    found = []
    likeness = compare(profile.name, person.name)
    if isinstance(likeness, NamePart):
        found.append(Noticed(Change.NAME, likeness))
    if profile.birth_date is not None and profile.birth_date != person.birth_date:
        found.append(Noticed(Change.BIRTH_DATE))
    if profile.snils is not None and person.snils is None:
        found.append(Noticed(Change.SNILS_UNREGISTERED))
    return tuple(found)


def proves_by_snils(road: Road | None, profile: Profile, person: Registered) -> bool:
    """Whether a binding that the password made is by SNILS from now on: ESIA has learnt it (R22)."""
    return (
        road is Road.PASSWORD
        and profile.snils is not None
        and profile.snils == person.snils
        and not person.snils_disputed
    )
