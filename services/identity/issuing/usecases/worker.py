"""Does the jobs of classes, person by person, whoever watches.

Each person is one transaction: claimed, issued, the slip sealed. A worker that dies leaves its person
unclaimed and nothing half done; another one, or the same after its restart, goes on there. Any number of
replicas may work: a claimed person is passed over.
"""

from __future__ import annotations

import asyncio
import os
from contextlib import suppress
from datetime import date
from typing import Final

from services.identity.accounts.rules import AccountBlocked
from services.identity.issuing.rules.people import (
    CHECKLIST,
    ApplicationChannel,
    Capacity,
    Reach,
    capacities,
)
from services.identity.issuing.rules.refusals import WrongCapacity
from services.identity.issuing.storage import issues, jobs
from services.identity.issuing.storage.jobs import Waiting
from services.identity.issuing.usecases.desk import Desk, NewPassword, Verified
from services.identity.keyring import Keyring
from services.kit.background import Background
from services.kit.clock import Clock
from services.kit.database import Database, Transaction
from services.kit.errors import DomainError, Unavailable
from services.kit.log import kind_and_place

# Jobs that another replica was told of, or that a killed one left: looked for so often.
_LOOK_EVERY_S: Final = 2.0
# A person for whom issuing breaks is passed over; the class is not to wait for a human.
_BROKEN: Final = "INTERNAL"
# As many persons at once as there are threads for hashes: a sign-in waits for one hash at the most.
_AT_ONCE: Final = os.cpu_count() or 1


class ClassIssueWorker(Background):
    """``async with`` runs it."""

    def __init__(self, database: Database, desk: Desk, keyring: Keyring, clock: Clock) -> None:
        super().__init__("class-issues")
        self._database = database
        self._desk = desk
        self._keyring = keyring
        self._clock = clock
        self._told = asyncio.Event()

    def wake(self) -> None:
        """There is something to do."""
        self._told.set()

    async def run(self) -> None:
        """Do what there is, then wait until told or until it is time to look."""
        while True:
            self._told.clear()
            await self.work()
            with suppress(TimeoutError):
                async with asyncio.timeout(_LOOK_EVERY_S):
                    await self._told.wait()

    async def work(self) -> None:
        """Issue to everybody who waits, and end the jobs in which nobody does."""
        while True:
            async with self._database.read() as connection:
                waits = await jobs.anybody_waits(connection)
            if waits:
                async with asyncio.TaskGroup() as lanes:
                    for _ in range(_AT_ONCE):
                        lanes.create_task(self._lane())
            async with self._database.transaction() as tx:
                await jobs.end_finished(tx.connection, now=self._clock.now())
            if not waits:
                return

    async def _lane(self) -> None:
        used = True
        while used:
            used = await self._issue_one(await self._desk.new_password())

    async def _issue_one(self, password: NewPassword) -> bool:
        """Use the password for the next person who can have it; false when nobody can."""
        while True:
            waiting: Waiting | None = None
            try:
                async with self._database.transaction() as tx:
                    waiting = await jobs.claim(tx.connection)
                    if waiting is None:
                        return False
                    if await self._issue(tx, waiting, password):
                        return True
            except Unavailable:
                raise
            except Exception as error:
                if waiting is None:
                    raise
                self._log.error("issuing_broke", error=kind_and_place(error))
                async with self._database.transaction() as tx:
                    await jobs.mark_skipped(tx.connection, waiting.job_id, waiting.person_id, reason=_BROKEN)

    async def _issue(self, tx: Transaction, waiting: Waiting, password: NewPassword) -> bool:
        """Issue, or pass over; whether the password was used."""
        try:
            await issues.lock_account(tx.connection, waiting.person_id)
            today = await self._desk.today(tx.connection, waiting.school_id)
            reach = await self._reach(tx, waiting, today)
            candidate = await self._desk.see(tx.connection, reach, waiting.person_id, today=today)
            if candidate.account.closed:
                # Who wanted to leave, or withdrew a consent, is not opened again in passing.
                raise AccountBlocked
            capacity = _capacity(capacities(candidate, reach, today))
            verified = Verified(
                capacity, CHECKLIST[capacity], ApplicationChannel.PAPER, job_id=waiting.job_id
            )
            given = await self._desk.give(tx, reach, candidate, verified, password, today=today)
        except Unavailable:
            raise
        except DomainError as refused:  # raised before anything is written
            await jobs.mark_skipped(tx.connection, waiting.job_id, waiting.person_id, reason=refused.reason)
            return False
        context = jobs.slip_context(waiting.job_id, waiting.person_id)
        await jobs.mark_issued(
            tx.connection,
            waiting.job_id,
            waiting.person_id,
            issue_number=given.number,
            slip=self._keyring.seal(password.clear, context=context),
        )
        return True

    async def _reach(self, tx: Transaction, waiting: Waiting, today: date) -> Reach:
        """What its starter may still do: rights that ended since end the job's as well."""
        if waiting.by_registrar:
            return await self._desk.reach_of_registrar(tx.connection, waiting.started_by, waiting.school_id)
        return await self._desk.reach_of_teacher(
            tx.connection, waiting.started_by, waiting.school_id, today=today
        )


def _capacity(possible: tuple[Capacity, ...]) -> Capacity:
    """What the person is to the class; employees are no matter of a class."""
    for capacity in possible:
        if capacity is not Capacity.EMPLOYEE:
            return capacity
    raise WrongCapacity
