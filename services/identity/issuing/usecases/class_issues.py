"""Issuing for a whole class: begun and watched here, done by the worker beside the service."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from google.protobuf.message import Message

from school.identity.v1 import issuing_pb2
from services.identity.issuing.rules.jobs import Job, JobState
from services.identity.issuing.rules.people import CHECKLIST, Candidate, Capacity, Reach
from services.identity.issuing.rules.refusals import DocumentsMissing, JobRunning, NobodyChosen, UnknownJob
from services.identity.issuing.rules.slips import Slip
from services.identity.issuing.storage import jobs as storage
from services.identity.issuing.storage.people import candidates
from services.identity.issuing.usecases.desk import Desk
from services.identity.issuing.usecases.issuing import class_list, require_class, require_in_reach, slip_of
from services.identity.keyring import Keyring
from services.kit.caller import Caller
from services.kit.clock import Clock
from services.kit.database import Database, Transaction
from services.kit.idempotency import once
from services.kit.ids import new_id


@dataclass(frozen=True, slots=True)
class ClassWish:
    """To whom of a class credentials are to be given."""

    school_id: UUID
    class_id: UUID
    pupils: bool
    guardians: bool
    documents_seen: bool


class ClassIssues:
    """What the registrar and the homeroom teacher do with the job of a class.

    Args:
        wake: tells the worker that there is something to do.
    """

    def __init__(
        self, database: Database, desk: Desk, keyring: Keyring, wake: Callable[[], None], clock: Clock
    ) -> None:
        self._database = database
        self._desk = desk
        self._keyring = keyring
        self._wake = wake
        self._clock = clock

    async def start(self, caller: Caller, wish: ClassWish, *, request_id: str, request: Message) -> Job:
        """Start issuing for everybody of a class; who has credentials is passed over.

        Raises:
            NotTheirSchool, NotTheirClass: it is not in the caller's reach.
            UnknownClass: the school has no such class.
            NobodyChosen: neither pupils nor guardians.
            DocumentsMissing: the caller does not declare to have seen everybody's.
            JobRunning: a job of the class that the caller started before has not ended.
        """
        if not (wish.pupils or wish.guardians):
            raise NobodyChosen
        if not wish.documents_seen:
            raise DocumentsMissing(_documents(wish))

        async def act() -> issuing_pb2.StartClassIssueResponse:
            job_id = await self._start(tx, reach, wish)
            return issuing_pb2.StartClassIssueResponse(job=issuing_pb2.IssueJob(job_id=str(job_id)))

        async with self._database.transaction() as tx:
            today = await self._desk.today(tx.connection, wish.school_id)
            reach = await self._desk.reach_of(tx.connection, caller, wish.school_id, today=today)
            reply = await once(
                tx,
                method="StartClassIssue",
                actor=str(caller.person_id),
                request_id=request_id,
                request=request,
                reply_type=issuing_pb2.StartClassIssueResponse,
                act=act,
            )
            job = await storage.job(tx.connection, wish.school_id, UUID(reply.job.job_id))
        if job is None:
            raise UnknownJob  # remembered by the request for longer than it was kept
        self._wake()
        return job

    async def get(self, caller: Caller, school_id: UUID, job_id: UUID) -> Job:
        """How far a job is; for who started it, and for the school's registrar. Raises `UnknownJob`."""
        async with self._database.transaction() as tx:
            return await self._job(tx, caller, school_id, job_id)

    async def mine(self, caller: Caller, school_id: UUID) -> list[Job]:
        """The caller's jobs that work, or whose slips wait; the newest first. Raises `NotTheirSchool`."""
        async with self._database.transaction() as tx:
            today = await self._desk.today(tx.connection, school_id)
            await self._desk.reach_of(tx.connection, caller, school_id, today=today)
            ids = await storage.open_jobs(tx.connection, school_id, caller.person_id, now=self._clock.now())
            found = [await storage.job(tx.connection, school_id, job_id) for job_id in ids]
        return [job for job in found if job is not None]

    async def stop(self, caller: Caller, school_id: UUID, job_id: UUID) -> Job:
        """Stop a job; what it has issued stays issued. Stopping an ended job succeeds.

        Nothing more is issued once this has returned. Raises `UnknownJob`.
        """
        async with self._database.transaction() as tx:
            await self._job(tx, caller, school_id, job_id)
            if await storage.stop(tx.connection, job_id, now=self._clock.now()):
                tx.audit(
                    actor=str(caller.person_id),
                    action="stop_class_issue",
                    object_kind="class_issue",
                    object_id=str(job_id),
                )
        async with self._database.transaction() as tx:
            await storage.wait_for_claimed(tx.connection, job_id)
            return await self._job(tx, caller, school_id, job_id)

    async def take(self, caller: Caller, school_id: UUID, job_id: UUID) -> list[Slip]:
        """The slips of an ended job, for who started it, once; those of later issues are left out.

        Raises:
            UnknownJob: the caller started no such job.
            NotTheirSchool, NotTheirClass: they did, and have lost the right to since.
            JobRunning: it has not ended.
            SlipShown: they were taken, or their day is over.
        """
        async with self._database.transaction() as tx:
            job = await storage.job(tx.connection, school_id, job_id, for_update=True)
            if job is None or job.started_by != caller.person_id:
                raise UnknownJob
            today = await self._desk.today(tx.connection, school_id)
            reach = await self._desk.reach_of(tx.connection, caller, school_id, today=today)
            require_in_reach(reach, job.class_id)
            job.require_slips(self._clock.now())
            await storage.wait_for_claimed(tx.connection, job_id)
            sealed = await storage.take_slips(tx.connection, job_id)
            ids = [slip.person_id for slip in sealed]
            known = await candidates(tx.connection, school_id, ids, today=today)
            slips = [
                slip_of(
                    known[slip.person_id],
                    slip.login,
                    self._keyring.open(slip.box, context=storage.slip_context(job_id, slip.person_id)),
                    slip.expires_at,
                )
                for slip in sealed
            ]
            tx.audit(
                actor=str(caller.person_id),
                action="take_slips",
                object_kind="class_issue",
                object_id=str(job_id),
            )
        return slips

    async def _start(self, tx: Transaction, reach: Reach, wish: ClassWish) -> UUID:
        own = await require_class(tx.connection, reach, wish.class_id)
        # Jobs are done in the order in which they came: one person's may not be all that others wait for.
        if await storage.runs_already(tx.connection, own.id, reach.issuer_id):
            raise JobRunning
        today = await self._desk.today(tx.connection, wish.school_id)
        listed = await class_list(tx.connection, reach, wish.class_id, today=today)
        job = Job(
            new_id(),
            own.school_id,
            own.id,
            own.title,
            reach.issuer_id,
            self._clock.now(),
            JobState.RUNNING,
            slips_until=None,
        )
        await storage.insert_job(tx.connection, job, by_registrar=reach.whole)
        chosen = [each.person_id for each in listed if _is_chosen(each, wish)]
        await storage.insert_people(tx.connection, job.id, chosen)
        tx.audit(
            actor=str(reach.issuer_id),
            action="start_class_issue",
            object_kind="class_issue",
            object_id=str(job.id),
        )
        return job.id

    async def _job(self, tx: Transaction, caller: Caller, school_id: UUID, job_id: UUID) -> Job:
        job = await storage.job(tx.connection, school_id, job_id)
        if job is None:
            raise UnknownJob
        if job.started_by != caller.person_id:
            today = await self._desk.today(tx.connection, school_id)
            reach = await self._desk.reach_of(tx.connection, caller, school_id, today=today)
            if not reach.whole:
                raise UnknownJob
        return job


def _is_chosen(candidate: Candidate, wish: ClassWish) -> bool:
    studies = wish.class_id in {place.class_id for place in candidate.classes}
    return wish.pupils if studies else wish.guardians


def _documents(wish: ClassWish) -> set[str]:
    of_pupils = {Capacity.PUPIL, Capacity.YOUNG_PUPIL} if wish.pupils else set()
    of_guardians = {Capacity.PARENT, Capacity.REPRESENTATIVE} if wish.guardians else set()
    return {str(document) for capacity in of_pupils | of_guardians for document in CHECKLIST[capacity]}
