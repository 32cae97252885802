"""Issuing for whole classes: login, temporary password and sealed slip for a thousand persons.

Each hash is most of what an account costs, so its parameters stand beside the figure.
"""

from __future__ import annotations

import asyncio
import time
from uuid import uuid4

from deploy.local.region import Region
from school.identity.v1 import issuing_pb2, issuing_pb2_grpc
from services.identity.passwords import LEAST_COST
from services.kit.rpc.channel import channel
from tests.bench.machine import cpu_seconds
from tests.bench.table import Table
from tests.support.people import Homeroom, People

ACCOUNTS = 1_000
WAIT_S = 300
_DEADLINE_S = 20.0
_RUNNING = issuing_pb2.IssueJobState.ISSUE_JOB_STATE_RUNNING


async def measure(region: Region, table: Table) -> None:
    """Let homeroom teachers start the jobs of as many classes as hold a thousand persons."""
    rooms = await People(region).homerooms(ACCOUNTS)
    async with channel(region.address("identity")) as to_identity:
        identity = issuing_pb2_grpc.IssuingServiceStub(to_identity)
        names = ("identity", "postgres")
        before, began = [cpu_seconds([region.pid(name)]) for name in names], time.perf_counter()
        jobs = [(room, await _start(identity, room)) for room in rooms]
        async with asyncio.timeout(WAIT_S):
            issued = sum([await _ended(identity, *job) for job in jobs])
        seconds = time.perf_counter() - began
        spent = [
            cpu_seconds([region.pid(name)]) - earlier for name, earlier in zip(names, before, strict=True)
        ]
    table.add(
        f"issuing {ACCOUNTS} accounts, class by class",
        f"{seconds / issued * ACCOUNTS:.1f} s",
        beside=f"{issued} issued in {len(rooms)} classes; {LEAST_COST}; each costs "
        + ", ".join(f"{name} {used / issued * 1000:.1f} ms" for name, used in zip(names, spent, strict=True)),
    )


async def _start(identity: issuing_pb2_grpc.IssuingServiceAsyncStub, room: Homeroom) -> str:
    request = issuing_pb2.StartClassIssueRequest(
        school_id=str(room.school_id),
        class_id=str(room.class_id),
        request_id=str(uuid4()),
        pupils=True,
        guardians=True,
        documents_seen=True,
    )
    reply = await identity.StartClassIssue(request, timeout=_DEADLINE_S, metadata=_by(room))
    return reply.job.job_id


async def _ended(identity: issuing_pb2_grpc.IssuingServiceAsyncStub, room: Homeroom, job_id: str) -> int:
    """Wait for the end of a job; how many it has issued."""
    request = issuing_pb2.GetIssueJobRequest(school_id=str(room.school_id), job_id=job_id)
    while True:
        job = (await identity.GetIssueJob(request, timeout=_DEADLINE_S, metadata=_by(room))).job
        if job.state != _RUNNING:
            return job.issued_count
        await asyncio.sleep(0.1)


def _by(room: Homeroom) -> tuple[tuple[str, str]]:
    return (("authorization", f"Bearer {room.token}"),)
