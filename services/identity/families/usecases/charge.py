"""Who may do something about a pupil's family: a registrar of the school that looks after it."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.identity.families.rules.relations import OwnFamily, WhyNeeded
from services.identity.families.rules.schooling import Schooling
from services.identity.families.storage import standing
from services.identity.families.storage.standing import Pupil
from services.identity.people.rights import require_registrar
from services.identity.people.rules import NotTheirSchool
from services.identity.words import reason_given
from services.kit.caller import Caller


async def require_charge(
    connection: AsyncConnection, school_id: UUID, pupil_id: UUID, *, lets_in: bool
) -> Schooling:
    """Where the pupil studies, and did. Raises as `Schooling.require_charge`."""
    schooling = await standing.schooling_of(connection, pupil_id)
    schooling.require_charge(school_id, lets_in=lets_in)
    return schooling


async def locked_pupil(
    connection: AsyncConnection, caller: Caller, school_id: UUID, pupil_id: UUID, *, lets_in: bool
) -> Pupil:
    """A pupil of whom the caller, as a registrar of the school, has charge; locked as in `standing.pupil`.

    Raises:
        NotTheirSchool: the caller is no registrar of the school, or it has and had no such pupil.
        PupilLeft: see `Schooling.require_charge`.
    """
    await require_registrar(connection, caller, school_id)
    pupil = await standing.pupil(connection, pupil_id, lock=True)
    if pupil is None:
        raise NotTheirSchool
    # Now that nobody else has them leave.
    await require_charge(connection, school_id, pupil_id, lets_in=lets_in)
    return pupil


async def require_foreign(
    connection: AsyncConnection, caller: Caller, guardian_id: UUID, pupil_id: UUID, *, today: date
) -> None:
    """Raises `OwnFamily` when the caller is one of the two, or stands for the pupil."""
    if caller.person_id in {guardian_id, pupil_id}:
        raise OwnFamily
    own = await standing.relation_of_pair(connection, caller.person_id, pupil_id)
    if own is not None and own.holds_on(today):
        raise OwnFamily


def reason_of(text: str) -> str:
    """A registrar's reason on one line. Raises `WhyNeeded` when it is empty."""
    reason = reason_given(text)
    if not reason:
        raise WhyNeeded
    return reason
