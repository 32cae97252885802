"""Class issues: one row per job, one per person of it, each slip sealed until it is taken."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    Boolean,
    Column,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    Table,
    Text,
    Uuid,
    and_,
    delete,
    exists,
    func,
    insert,
    literal,
    or_,
    select,
    text,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from services.identity.accounts.storage import accounts
from services.identity.issuing.rules.jobs import KEPT_AFTER_END, Job, JobState, PersonState, Skipped
from services.identity.issuing.rules.slips import SLIPS_WAIT
from services.identity.keyring import Sealed
from services.identity.metadata import metadata
from services.identity.people.rules import FullName
from services.identity.people.storage import people

issue_jobs = Table(
    "issue_jobs",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("school_id", Uuid, nullable=False),
    Column("class_id", Uuid, nullable=False),
    Column("class_title", Text, nullable=False),
    Column("started_by", Uuid, ForeignKey("people.id"), nullable=False),
    # Whether its starter acted for the whole school; else as the homeroom teacher of the class.
    Column("by_registrar", Boolean, nullable=False),
    Column("started_at", DateTime(timezone=True), nullable=False),
    Column("state", Text, nullable=False),  # a `JobState`
    Column("slips_until", DateTime(timezone=True)),  # null while it works
    # "Which of my jobs are open?"
    Index("issue_jobs_by_starter", "started_by", "id"),
    # The worker's question: is there anything to do?
    Index("issue_jobs_running", "id", postgresql_where=text("state = 'RUNNING'")),
    # The sweep of slips that nobody took, and of jobs long over.
    Index("issue_jobs_by_end", "slips_until", postgresql_where=text("slips_until IS NOT NULL")),
)

issue_job_people = Table(
    "issue_job_people",
    metadata,
    Column("job_id", Uuid, ForeignKey("issue_jobs.id", ondelete="CASCADE"), primary_key=True),
    Column("person_id", Uuid, ForeignKey("people.id"), primary_key=True),
    # In the order of the class list.
    Column("place", Integer, nullable=False),
    Column("state", Text, nullable=False, server_default=text("'WAITING'")),  # a `PersonState`
    # Why nothing was issued: a machine reason.
    Column("reason", Text),
    # Which issue of the account it was: a slip is dead once there is a newer one.
    Column("issue_number", Integer),
    # The temporary password, sealed, until it is taken; then null.
    Column("slip_box", LargeBinary),
    Column("slip_box_key", SmallInteger),
    # The worker's next person.
    Index("issue_job_people_waiting", "job_id", "place", postgresql_where=text("state = 'WAITING'")),
)

_IS_WAITING = issue_job_people.c.state == PersonState.WAITING
_ENDED_WITH_SLIPS = (JobState.DONE, JobState.STOPPED)


@dataclass(frozen=True, slots=True)
class Waiting:
    """A person whose turn it is."""

    job_id: UUID
    person_id: UUID
    school_id: UUID
    class_id: UUID
    started_by: UUID
    by_registrar: bool


@dataclass(frozen=True, slots=True)
class SealedSlip:
    """What was issued to a person, the password still sealed."""

    person_id: UUID
    name: FullName
    login: str = field(repr=False)
    expires_at: datetime
    box: Sealed


def slip_context(job_id: UUID, person_id: UUID) -> str:
    """Where a sealed password opens, and nowhere else."""
    return f"slip of {job_id} for {person_id}"


async def insert_job(connection: AsyncConnection, job: Job, *, by_registrar: bool) -> None:
    """Insert a job that begins now."""
    await connection.execute(
        insert(issue_jobs).values(
            id=job.id,
            school_id=job.school_id,
            class_id=job.class_id,
            class_title=job.class_title,
            started_by=job.started_by,
            by_registrar=by_registrar,
            started_at=job.started_at,
            state=job.recorded_state,
        )
    )


async def runs_already(connection: AsyncConnection, class_id: UUID, started_by: UUID) -> bool:
    """Whether a job of this class that the same person started works; whoever asks at once waits."""
    one_by_one = int.from_bytes(class_id.bytes[8:], "big", signed=True)
    await connection.execute(select(func.pg_advisory_xact_lock(one_by_one)))
    running = select(literal(1)).where(
        issue_jobs.c.class_id == class_id,
        issue_jobs.c.started_by == started_by,
        issue_jobs.c.state == JobState.RUNNING,
    )
    return await connection.scalar(running) is not None


async def insert_people(connection: AsyncConnection, job_id: UUID, person_ids: Sequence[UUID]) -> None:
    """Insert the persons of a job, in the order of the class list."""
    if person_ids:
        rows = [
            {"job_id": job_id, "person_id": person_id, "place": place}
            for place, person_id in enumerate(person_ids)
        ]
        await connection.execute(insert(issue_job_people), rows)


async def job(
    connection: AsyncConnection, school_id: UUID, job_id: UUID, *, for_update: bool = False
) -> Job | None:
    """A job of this school with its counts, which are exact: they are those of its rows."""
    wanted = select(issue_jobs).where(issue_jobs.c.id == job_id, issue_jobs.c.school_id == school_id)
    row = (await connection.execute(wanted.with_for_update() if for_update else wanted)).first()
    if row is None:
        return None
    counted = await connection.execute(
        select(
            func.count().label("total"),
            func.count().filter(issue_job_people.c.state == PersonState.ISSUED).label("issued"),
        ).where(issue_job_people.c.job_id == job_id)
    )
    counts = counted.one()
    return Job(
        row.id,
        row.school_id,
        row.class_id,
        row.class_title,
        row.started_by,
        row.started_at,
        JobState(row.state),
        row.slips_until,
        counts.total,
        counts.issued,
        await _skipped(connection, job_id),
    )


async def open_jobs(
    connection: AsyncConnection, school_id: UUID, started_by: UUID, *, now: datetime
) -> list[UUID]:
    """The jobs of a person at a school that work, or whose slips wait to be taken, the newest first."""
    waits = and_(issue_jobs.c.state.in_(_ENDED_WITH_SLIPS), issue_jobs.c.slips_until > now)
    found = await connection.execute(
        select(issue_jobs.c.id)
        .where(
            issue_jobs.c.started_by == started_by,
            issue_jobs.c.school_id == school_id,
            or_(issue_jobs.c.state == JobState.RUNNING, waits),
        )
        .order_by(issue_jobs.c.id.desc())
    )
    return list(found.scalars())


async def anybody_waits(connection: AsyncConnection) -> bool:
    """Whether a running job has persons whose turn has not come."""
    return bool(await connection.scalar(select(exists().where(_IS_WAITING, _is_running()))))


async def claim(connection: AsyncConnection) -> Waiting | None:
    """The next person of a running job, locked: another worker passes over them."""
    found = await connection.execute(
        select(
            issue_job_people.c.job_id,
            issue_job_people.c.person_id,
            issue_jobs.c.school_id,
            issue_jobs.c.class_id,
            issue_jobs.c.started_by,
            issue_jobs.c.by_registrar,
        )
        .join_from(issue_job_people, issue_jobs, issue_jobs.c.id == issue_job_people.c.job_id)
        .where(_IS_WAITING, issue_jobs.c.state == JobState.RUNNING)
        .order_by(issue_job_people.c.job_id, issue_job_people.c.place)
        .limit(1)
        .with_for_update(of=issue_job_people, skip_locked=True)
    )
    row = found.first()
    if row is None:
        return None
    # Looked at again now that the person is locked: whoever stops the job from here on waits for us, and
    # whoever has stopped it is seen.
    running = await connection.scalar(
        select(literal(1)).where(issue_jobs.c.id == row.job_id, issue_jobs.c.state == JobState.RUNNING)
    )
    return Waiting(**row._asdict()) if running else None


async def mark_issued(
    connection: AsyncConnection, job_id: UUID, person_id: UUID, *, issue_number: int, slip: Sealed
) -> None:
    """Keep a person's slip until it is taken."""
    await connection.execute(
        update(issue_job_people)
        .where(issue_job_people.c.job_id == job_id, issue_job_people.c.person_id == person_id)
        .values(
            state=PersonState.ISSUED,
            issue_number=issue_number,
            slip_box=slip.box,
            slip_box_key=slip.key_version,
        )
    )


async def mark_skipped(connection: AsyncConnection, job_id: UUID, person_id: UUID, *, reason: str) -> None:
    """Pass over a person, with the machine reason."""
    await connection.execute(
        update(issue_job_people)
        .where(issue_job_people.c.job_id == job_id, issue_job_people.c.person_id == person_id, _IS_WAITING)
        .values(state=PersonState.SKIPPED, reason=reason)
    )


async def end_finished(connection: AsyncConnection, *, now: datetime) -> None:
    """End the jobs in which nobody waits any more."""
    waits = exists().where(issue_job_people.c.job_id == issue_jobs.c.id, _IS_WAITING)
    await connection.execute(
        update(issue_jobs)
        .where(issue_jobs.c.state == JobState.RUNNING, ~waits)
        .values(state=JobState.DONE, slips_until=now + SLIPS_WAIT)
    )


async def stop(connection: AsyncConnection, job_id: UUID, *, now: datetime) -> bool:
    """Stop a running job; whether it was running. `wait_for_claimed` follows, once this is committed."""
    stopped = await connection.execute(
        update(issue_jobs)
        .where(issue_jobs.c.id == job_id, issue_jobs.c.state == JobState.RUNNING)
        .values(state=JobState.STOPPED, slips_until=now + SLIPS_WAIT)
    )
    return stopped.rowcount == 1


async def wait_for_claimed(connection: AsyncConnection, job_id: UUID) -> None:
    """Wait until nobody of a job that has ended is being issued credentials any more."""
    await connection.execute(
        select(issue_job_people.c.person_id)
        .where(issue_job_people.c.job_id == job_id, _IS_WAITING)
        .order_by(issue_job_people.c.person_id)
        .with_for_update()
    )


async def take_slips(connection: AsyncConnection, job_id: UUID) -> list[SealedSlip]:
    """The slips that still admit somebody, in the order of the class list; nobody can read them again."""
    found = await connection.execute(
        select(
            issue_job_people.c.person_id,
            issue_job_people.c.slip_box,
            issue_job_people.c.slip_box_key,
            people.c.surname,
            people.c.given_name,
            people.c.patronymic,
            accounts.c.login,
            accounts.c.temporary_until,
        )
        .join_from(issue_job_people, people, people.c.id == issue_job_people.c.person_id)
        .join(
            accounts,
            and_(
                accounts.c.person_id == people.c.id,
                accounts.c.issued_count == issue_job_people.c.issue_number,
                accounts.c.temporary_until.is_not(None),
            ),
        )
        .where(issue_job_people.c.job_id == job_id, issue_job_people.c.slip_box.is_not(None))
        .order_by(issue_job_people.c.place)
    )
    slips = [
        SealedSlip(
            row.person_id,
            FullName(row.surname, row.given_name, row.patronymic),
            row.login,
            row.temporary_until,
            Sealed(row.slip_box, row.slip_box_key),
        )
        for row in found
    ]
    await connection.execute(
        update(issue_job_people)
        .where(issue_job_people.c.job_id == job_id)
        .values(slip_box=None, slip_box_key=None)
    )
    await connection.execute(update(issue_jobs).where(issue_jobs.c.id == job_id).values(state=JobState.TAKEN))
    return slips


async def sweep_jobs(connection: AsyncConnection, *, now: datetime) -> None:
    """Remove slips whose day is over, and jobs long over."""
    lapsed = (
        update(issue_jobs)
        .where(issue_jobs.c.slips_until <= now, issue_jobs.c.state.in_(_ENDED_WITH_SLIPS))
        .values(state=JobState.LAPSED)
        .returning(issue_jobs.c.id)
        .cte("lapsed")
    )
    # One statement, so that no lapsed job is left with a slip in it.
    await connection.execute(
        update(issue_job_people)
        .where(issue_job_people.c.job_id.in_(select(lapsed.c.id)))
        .values(slip_box=None, slip_box_key=None)
    )
    await connection.execute(delete(issue_jobs).where(issue_jobs.c.slips_until < now - KEPT_AFTER_END))


def _is_running() -> Any:
    return and_(issue_jobs.c.id == issue_job_people.c.job_id, issue_jobs.c.state == JobState.RUNNING)


async def _skipped(connection: AsyncConnection, job_id: UUID) -> tuple[Skipped, ...]:
    found = await connection.execute(
        select(
            issue_job_people.c.person_id,
            issue_job_people.c.reason,
            people.c.surname,
            people.c.given_name,
            people.c.patronymic,
        )
        .join_from(issue_job_people, people, people.c.id == issue_job_people.c.person_id)
        .where(issue_job_people.c.job_id == job_id, issue_job_people.c.state == PersonState.SKIPPED)
        .order_by(issue_job_people.c.place)
    )
    return tuple(
        Skipped(row.person_id, FullName(row.surname, row.given_name, row.patronymic), row.reason)
        for row in found
    )
