"""Telling the others of every school, class and membership once more, so that they can fill their copies.

For a region that had schools before anybody heard of them, and for a copy that was lost. What is told is
what there is, at its version: whoever knows it so, or newer, keeps what they have.
"""

from __future__ import annotations

from typing import Final

from services.diary.schools import storage
from services.diary.schools.facts import class_described, class_membership_set, school_described
from services.kit.database import Database
from services.kit.errors import DomainError, StatusCode

TELL_AGAIN: Final = "tell-again"
_SCHOOLS: Final = "schools"


class NothingToTell(DomainError):
    """The command was asked for facts that it does not tell."""

    status = StatusCode.INVALID_ARGUMENT
    reason = "NOTHING_TO_TELL"
    title = "What can be told again: schools"


async def tell_again(database_url: str, what: str) -> str:
    """Publish every present fact of ``what``, each school in one transaction; says how many.

    Raises:
        NothingToTell: ``what`` is not "schools".
        Unavailable: the database does not answer.
    """
    if what != _SCHOOLS:
        raise NothingToTell
    told = 0
    async with Database(database_url, pool_size=1) as database:
        async with database.read() as connection:
            schools = await storage.all_schools(connection)
        for school in schools:
            async with database.transaction() as tx:
                event = school_described(
                    school.school_id,
                    title=school.title,
                    zone=school.zone,
                    connection=school.connection,
                    connects_on=school.connects_on,
                    version=school.version,
                )
                tx.publish(event, aggregate=school.school_id, version=school.version)
                classes = await storage.all_classes(tx.connection, school.school_id)
                for each in classes:
                    described = class_described(
                        each.class_id,
                        school_id=each.school_id,
                        title=each.title,
                        grade=each.grade,
                        homeroom_teacher_id=each.homeroom_teacher_id,
                        version=each.version,
                    )
                    tx.publish(described, aggregate=each.class_id, version=each.version)
                memberships = await storage.all_memberships(tx.connection, school.school_id)
                for one in memberships:
                    member = class_membership_set(
                        one.membership_id,
                        class_id=one.class_id,
                        school_id=one.school_id,
                        pupil_id=one.pupil_id,
                        from_on=one.from_on,
                        until_on=one.until_on,
                        version=one.version,
                    )
                    tx.publish(member, aggregate=one.membership_id, version=one.version)
                told += 1 + len(classes) + len(memberships)
    return f"{told} facts of {len(schools)} schools wait to be published"
