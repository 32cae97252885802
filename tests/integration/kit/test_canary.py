"""The canary scan looks into what a service would tell others."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import pytest
from sqlalchemy import text

from school.identity.v1.events_pb2 import PersonRegistered
from services.kit.database import Database
from services.kit.errors import DomainError, StatusCode
from services.kit.ids import new_id
from tests.support import canary
from tests.support.canary import Canaries


class Careless(DomainError):
    """An error that quotes."""

    status = StatusCode.INVALID_ARGUMENT
    reason = "CARELESS"
    title = "Careless"


@pytest.fixture
def canaries(monkeypatch: pytest.MonkeyPatch) -> Canaries:
    """Those of this test: what is planted here does not fail the run."""
    own = Canaries()
    monkeypatch.setattr(canary, "CANARIES", own)
    return own


@pytest.fixture
async def database(kit_url: str) -> AsyncIterator[Database]:
    async with Database(kit_url) as opened:
        yield opened
        async with opened.transaction() as tx:
            await tx.execute(text("DELETE FROM outbox"))


async def test_a_secret_in_an_event_is_found(database: Database, kit_url: str, canaries: Canaries) -> None:
    canaries.plant("code", "493817")
    async with database.transaction() as tx:
        tx.publish(PersonRegistered(display_name="Зоя, код 493817"), aggregate=new_id(), version=1)
    await canary.look_at_database(kit_url)

    (finding,) = canaries.findings
    assert finding.where == "an event school.identity.v1.PersonRegistered"


async def test_an_address_in_an_event_is_found(database: Database, kit_url: str, canaries: Canaries) -> None:
    async with database.transaction() as tx:
        tx.publish(PersonRegistered(display_name="zoya@example.ru"), aggregate=new_id(), version=1)
    await canary.look_at_database(kit_url)

    assert len(canaries.findings) == 1


async def test_a_clean_database_gives_no_finding(
    database: Database, kit_url: str, canaries: Canaries
) -> None:
    async with database.transaction() as tx:
        tx.publish(PersonRegistered(display_name="Ёлкина Зоя"), aggregate=new_id(), version=1)
    await canary.look_at_database(kit_url)

    assert not canaries.findings


def test_an_error_that_quotes_a_number_is_found(canaries: Canaries) -> None:
    assert Careless(wanted="+79161234567").metadata

    assert {finding.where for finding in canaries.findings} == {"the error CARELESS"}


async def test_a_problem_document_that_quotes_is_found(canaries: Canaries) -> None:
    def careless(_request: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(
            400, headers={"content-type": "application/problem+json"}, text='{"title": "zoya@example.ru"}'
        )

    async with httpx2.AsyncClient(transport=httpx2.MockTransport(careless)) as client:
        await client.get("http://gateway.test/v1/me")

    assert {finding.where for finding in canaries.findings} == {"the problem document of /v1/me"}


_SCANNED = ("-p", "tests.support.canary")
_CARELESS = """
from tests.support.canary import CANARIES

def test_it():
    CANARIES.plant("code", "493817")
    print("the code is 493817")
"""


@pytest.mark.parametrize("processes", ["0", "1"])
def test_a_finding_fails_the_run_whichever_process_made_it(tmp_path: Path, processes: str) -> None:
    """Every test has passed, and what one of them wrote has not."""
    (tmp_path / "test_careless.py").write_text(_CARELESS, "utf-8")
    run = subprocess.run(
        [sys.executable, "-m", "pytest", *_SCANNED, "-n", processes, "--rootdir", tmp_path, tmp_path],
        capture_output=True,
        text=True,
        check=False,
        cwd=Path(__file__).parents[3],
    )

    assert "1 passed" in run.stdout, run.stdout
    assert "a planted code in test_careless.py::test_it, captured stdout call" in run.stdout
    assert run.returncode == 1
