"""A class issue and its service: killed in the middle, twice; and what is left lying about afterwards."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from sqlalchemy import func, select, text

from services.identity.accounts.storage import accounts
from services.identity.issuing.storage.issues import credential_issues
from services.kit.database import Database
from tests.conftest import DatabaseUrl
from tests.integration.identity.issuing.jobs import STATES, a_class, ended, look, start, take
from tests.integration.identity.issuing.office import Office, open_office
from tests.integration.identity.test_process import running
from tests.support.esia import Bench
from tests.support.keys import Keys
from tests.support.waiting import eventually


async def test_a_job_goes_on_after_its_service_was_killed(
    tmp_path: Path, stand: Bench, database_url: DatabaseUrl, nats_url: str
) -> None:
    """I1, I11: nobody is issued twice, nobody is left out, the counts are exact, every slip is alive.

    A23, A33: and no temporary password lies in any table or in the log.
    """
    url = await database_url("identity")
    keys = Keys(tmp_path / "private-1.json", tmp_path / "jwks.json")
    async with running(tmp_path, stand, database_url=url, nats_url=nats_url) as service:
        office = await open_office(service.town, keys)
        everybody = await a_class(office, 20)
        job_id = (await start(office)).job_id
        await eventually(lambda: issued(office, job_id, at_least=4))
        service.process.kill()
    async with running(tmp_path, stand, database_url=url, nats_url=nats_url) as service:
        office = replace(office, town=service.town)
        await eventually(lambda: issued(office, job_id, at_least=12))
        service.process.kill()
    logs = service.log.read_bytes()
    async with running(tmp_path, stand, database_url=url, nats_url=nats_url) as service:
        office = replace(office, town=service.town)
        job = await ended(office, job_id)

        assert (job.state, job.total_count, job.issued_count) == (STATES.ISSUE_JOB_STATE_DONE, 40, 40)
        assert not job.skipped
        await assert_issued_once(office, len(everybody))
        slips = await take(office, job_id)
        assert [slip.person_id for slip in slips] == [str(each.person_id) for each in everybody]
        for slip in slips[::13]:
            await office.town.doors.enter_with_password(slip.login, slip.temporary_password)
        kept = await everything_in(office.town.database)
    logs += service.log.read_bytes()
    for slip in slips:
        assert slip.temporary_password not in kept
        assert slip.temporary_password.encode().hex() not in kept
        assert slip.temporary_password.encode() not in logs
        assert slip.name.surname.encode() not in logs


async def issued(office: Office, job_id: str, *, at_least: int) -> bool:
    """Whether so many have their credentials, and not everybody."""
    job = await look(office, job_id)
    assert job.state == STATES.ISSUE_JOB_STATE_RUNNING, "it was over before it could be killed"
    return job.issued_count >= at_least


async def assert_issued_once(office: Office, people: int) -> None:
    """Each account was given one password, and each time is on record."""
    async with office.town.database.read() as connection:
        counted: Any = await connection.execute(
            select(func.count(), func.min(accounts.c.issued_count), func.max(accounts.c.issued_count)).where(
                accounts.c.login.is_not(None)
            )
        )
        assert tuple(counted.one()) == (people, 1, 1)
        assert await connection.scalar(select(func.count()).select_from(credential_issues)) == people


async def everything_in(database: Database) -> str:
    """Every row of every table, bytes as hex."""
    tables = text("SELECT quote_ident(tablename) FROM pg_tables WHERE schemaname = 'public'")
    async with database.read() as connection:
        names = list((await connection.execute(tables)).scalars())
        assert {"outbox", "requests", "audit", "issue_job_people"} <= set(names)
        rows: list[str] = []
        for name in names:
            found = await connection.execute(text(f"SELECT t::text FROM {name} t"))  # noqa: S608 - own names
            rows += found.scalars()
    return "\n".join(rows)
