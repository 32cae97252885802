"""The service as an operator runs it: a process, its environment, a broker, and a log that knows nobody."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from uuid import UUID

from sqlalchemy import func, select

from deploy.local import ports
from school.access.v1.policy_pb2 import Role as WireRole
from school.diary.v1.events_pb2 import SchoolDescribed
from school.identity.v1 import people_pb2
from services.identity.keyring import Keyring, new_keys
from services.identity.schools.events import HANDLERS
from services.identity.schools.storage import schools
from services.kit.clock import SystemClock
from services.kit.database import Database
from services.kit.ids import new_id
from services.kit.messaging.effects import Effects, Hearing
from services.kit.messaging.envelope import EventMeta
from services.kit.rpc.channel import channel
from services.kit.sealing import Unsealer
from services.kit.tables import outbox
from tests.conftest import DatabaseUrl
from tests.support.esia import Bench
from tests.support.identity import DEADLINE, OPERATOR, REGIONS, Town, bearer, doors_of, reason
from tests.support.keys import REGION, make_keys, make_sealing_keys
from tests.support.processes import listens, until
from tests.support.sessions import is_in
from tests.support.waiting import eventually


@dataclass(frozen=True, slots=True)
class Running:
    """A process that serves, and what it has written."""

    process: asyncio.subprocess.Process
    town: Town
    log: Path
    environment: dict[str, str]

    async def command(self, *arguments: str) -> tuple[int, str]:
        """What an operator types beside the service: exit status, and what it says."""
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "services.identity",
            *arguments,
            env=self.environment,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        said, _ = await process.communicate()
        return process.returncode or 0, said.decode()


@asynccontextmanager
async def running(
    folder: Path,
    stand: Bench,
    *,
    database_url: str,
    nats_url: str,
    module: str = "services.identity",
    more: Mapping[str, str] = MappingProxyType({}),
) -> AsyncIterator[Running]:
    """``python -m services.identity`` until the block ends; then it is asked to stop, and does.

    Args:
        folder: for its keys and its log.
        stand: its ESIA.
        database_url: migrated.
        nats_url: where the broker is.
        module: another one, which runs the service in a way of its own.
        more: what its environment holds beside the settings.
    """
    keys, sealing, port = make_keys(folder), make_sealing_keys(folder), ports.any_free()
    (folder / "regions.toml").write_text(REGIONS, "utf-8")
    if not (folder / "snils-keys.json").exists():  # what a former process has sealed is to be opened again
        (folder / "snils-keys.json").write_text(new_keys(), "utf-8")
    environment = {
        "PATH": "/usr/bin:/bin",
        "MESH_REGION": REGION,
        "MESH_LISTEN": f"127.0.0.1:{port}",
        "MESH_DATABASE_URL": database_url,
        "MESH_NATS_URL": nats_url,
        "MESH_JWKS_FILE": str(keys.public),
        "MESH_SIGNING_KEYS_FILE": str(keys.private),
        "MESH_SNILS_KEYS_FILE": str(folder / "snils-keys.json"),
        "MESH_SEALING_KEY_FILE": str(sealing.public),
        **{f"MESH_OPERATOR__{name.upper()}": value for name, value in OPERATOR.items()},
        "MESH_REGIONS_FILE": str(folder / "regions.toml"),
        "MESH_LOG_FORMAT": "json",
        **_esia(stand),
        **more,
    }
    log, database = folder / "log", Database(database_url)
    with log.open("wb") as written:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", module, env=environment, stdout=written, stderr=written
        )
    try:
        await until(lambda: listens(port) or process.returncode is not None, within=20)
        async with channel(f"127.0.0.1:{port}") as to_identity:
            keyring = Keyring.read(folder / "snils-keys.json")
            doors, unsealer = doors_of(to_identity, stand), Unsealer(sealing.private)
            town = Town(database, SystemClock(), stand, keyring, doors, unsealer)
            yield Running(process, town, log, environment)
    finally:
        if process.returncode is None:
            process.terminate()
        await asyncio.wait_for(process.wait(), 15)
        await database.close()


def _esia(stand: Bench) -> Mapping[str, str]:
    """The settings of the stand's client as an environment."""
    said = stand.settings.model_dump(mode="json", exclude_unset=True)
    return {
        f"MESH_ESIA__{name.upper()}": " ".join(value) if isinstance(value, list) else str(value)
        for name, value in said.items()
    }


async def test_no_name_number_password_code_or_token_reaches_the_log(
    tmp_path: Path, stand: Bench, database_url: DatabaseUrl, nats_url: str
) -> None:
    """A33: a morning of sign-ins, good and bad, and every line of it searched."""
    url = await database_url("identity")
    async with running(tmp_path, stand, database_url=url, nats_url=nats_url) as service:
        here, doors = service.town, service.town.doors
        snils, foreign = here.snils(), here.snils()
        await here.register("Зябликова Любовь", snils=snils, login="canary-login", password="canary password")
        citizen = here.citizen("Зябликова Любовь", snils=snils)
        redirect = await doors.back_from_esia(citizen)
        entered = (await doors.complete(redirect)).signed_in
        session = await doors.refresh(entered.session.refresh_token)
        secrets = [redirect.state, redirect.code, redirect.browser_key, session.refresh_token]
        secrets += [session.access_token, entered.session.refresh_token, entered.session.access_token]

        assert await reason(doors.complete(redirect)) == "SIGN_IN_UNKNOWN"
        assert await reason(doors.enter(here.citizen("Зябликов Пётр", snils=snils))) == "NAME_DIFFERS"
        assert await reason(doors.enter(here.citizen("Зябликова Вера", snils=foreign))) == "SNILS_UNKNOWN"
        assert await reason(doors.enter_with_password("canary-login", "canary guess")) == "WRONG_CREDENTIALS"
        await doors.enter_with_password("canary-login", "canary password")
        await doors.people.GetMe(people_pb2.GetMeRequest(), timeout=DEADLINE, metadata=bearer(session))
        trouble = await doors.back_from_esia(citizen)
        here.bench.stand.switches.broken = True
        try:
            assert await reason(doors.complete(trouble)) == "ESIA_UNAVAILABLE"
        finally:
            here.bench.stand.switches.broken = False
        secrets.append(trouble.code)

    lines = service.log.read_text("utf-8")
    assert lines.count('"event":"call"') >= 10
    for canary in (*secrets, "Зяблик", "Любовь", "canary", snils, foreign, str(citizen.oid)):
        assert canary not in lines, "something of a person is in the log"
    assert service.process.returncode == 0


async def test_what_happened_reaches_the_broker_and_the_process_ends_when_asked(
    tmp_path: Path, stand: Bench, database_url: DatabaseUrl, nats_url: str
) -> None:
    """It has said in the log that a letter waits for somebody, and is in good health all the same."""
    url = await database_url("identity")
    async with Database(url) as database:
        await _given_up(database)
    async with running(tmp_path, stand, database_url=url, nats_url=nats_url) as service:
        here = service.town
        snils = here.snils()
        await here.register(snils=snils)
        await here.doors.enter(here.citizen(snils=snils))

        async def every_event_is_acknowledged() -> bool:
            async with here.database.read() as connection:
                waiting = await connection.scalar(
                    select(func.count()).select_from(outbox).where(outbox.c.stream_seq.is_(None))
                )
            return waiting == 0

        await eventually(every_event_is_acknowledged)
        await until(
            lambda: '"event":"dead_letters_open"' in service.log.read_text("utf-8"),
            within=20,
            what="the warning",
        )

    assert service.process.returncode == 0


async def test_a_start_without_settings_names_all_that_are_missing() -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "services.identity",
        env={"PATH": "/usr/bin:/bin"},
        stderr=asyncio.subprocess.PIPE,
    )
    _, said = await process.communicate()

    assert process.returncode == 2
    for name in ("MESH_REGION", "MESH_DATABASE_URL", "MESH_SNILS_KEYS_FILE", "MESH_ESIA"):
        assert name in said.decode()


async def test_an_operator_makes_the_first_operator_and_helps_who_lost_their_phone(
    tmp_path: Path, stand: Bench, database_url: DatabaseUrl, nats_url: str
) -> None:
    """By commands beside the running service, which publishes and tells what they did."""
    url = await database_url("identity")
    async with running(tmp_path, stand, database_url=url, nats_url=nats_url) as service:
        here, doors = service.town, service.town.doors
        person = await here.register(login="first.operator", password="a long enough one")
        assert (await service.command("remove-second-factor", "first.operator"))[0] == 2

        assert await service.command("grant-operator", "First.Operator") == (
            0,
            f"{person.person_id} is an operator now\n",
        )
        entered = await doors.enter_with_password("first.operator", "a long enough one")
        assert entered.person.roles == [WireRole.ROLE_GUARDIAN, WireRole.ROLE_OPERATOR]
        assert doors.apps.pop("first.operator").recovery_codes

        removed = await service.command("remove-second-factor", str(person.person_id))
        assert removed == (0, f"{person.person_id} has no second factor any more\n")

        async def the_session_is_refused() -> bool:
            return await is_in(doors, entered.session) == "SESSION_ENDED"

        await eventually(the_session_is_refused, within=5)
        again = await doors.enter_with_password("first.operator", "a long enough one")
        assert again.session.access_token
        assert doors.apps["first.operator"].recovery_codes
        assert [action for action, _ in await here.audited(person.person_id)] == [
            "grant_staff_role",
            "enrol_second_factor",
            "remove_second_factor",
            "enrol_second_factor",
        ]
        status, said = await service.command("tell-again", "people")
        assert status == 0
        assert f"people: 1 told, the last {person.person_id}\n1 facts are told again" in said
        school = await _given_up(here.database)
        status, said = await service.command("dead-letters", "redrive", "--all")
        assert (status, said.splitlines()[-1]) == (0, "applied 1")
        async with here.database.read() as connection:
            assert (
                await connection.scalar(select(schools.c.title).where(schools.c.school_id == school)) == "№ 7"
            )
        for wrong in (
            ("grant-operator", "nobody"),
            ("grant-operator",),
            ("what", "ever"),
            ("tell-again", "x"),
        ):
            status, said = await service.command(*wrong)
            assert status == 2
            assert "Traceback" not in said


async def _given_up(database: Database) -> UUID:
    """A school that could not be taken over lies among the dead letters."""
    school = new_id()
    told = SchoolDescribed(school_id=str(school), title="№ 7", zone="Europe/Moscow", version=1)
    meta = EventMeta(
        event_id=new_id(),
        type=SchoolDescribed.DESCRIPTOR.full_name,
        source=f"/regions/{REGION}/diary",
        occurred_at=datetime.now(UTC),
        aggregate_id=str(school),
        aggregate_version=1,
    )
    heard = Hearing("DIARY", "identity-schools", HANDLERS)
    await Effects(database, REGION, heard).bury(meta, told.SerializeToString(), 8, ValueError())
    return school
