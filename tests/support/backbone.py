"""PostgreSQL and NATS for a whole test run, and fresh databases out of them in milliseconds."""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from deploy.local import lock, nats, ports
from deploy.local.backbone import Backbone, backbone
from deploy.local.keep import Kept
from deploy.local.postgres import SUPERUSER, Postgres
from tests.support import canary

Prepare = Callable[[str], Awaitable[None]]
_SERVICES = frozenset({"identity", "diary", "notifications"})


_MEMORY = Path("/dev/shm")  # noqa: S108 - the system's place for files in memory; folders there are our own
_ROOM = 4 << 30  # bytes that must be free there; a run takes less than half of that


@asynccontextmanager
async def folder(*, on_disk: bool = False) -> AsyncIterator[Path]:
    """A short temporary folder that PostgreSQL's user can pass through, unlike pytest's own.

    In memory where there is room, unless ``on_disk``: copying databases for thousands of tests keeps a disk
    busier than the processors.
    """
    path = Path(tempfile.mkdtemp(prefix="mesh-", dir=None if on_disk else _in_memory()))
    try:
        yield path
    finally:
        canary.look_at_files(path)
        shutil.rmtree(path)


def _in_memory() -> Path | None:
    """Where files lie in memory; nowhere when there is little room, or when ``TMPDIR`` names a place."""
    if "TMPDIR" in os.environ or not os.access(_MEMORY, os.W_OK) or shutil.disk_usage(_MEMORY).free < _ROOM:
        return None
    return _MEMORY


@asynccontextmanager
async def running_backbone() -> AsyncIterator[Backbone]:
    """Both servers in a folder of their own, gone afterwards."""
    async with (
        folder() as state,
        lock.hold(state) as descriptor,
        backbone(state, keep=(descriptor,), nats_port=ports.any_free(), durable=False) as running,
    ):
        yield running


class Databases:
    """Makes fresh databases by copying templates, each template prepared once."""

    def __init__(self, postgres: Postgres) -> None:
        self._postgres = postgres
        self._templates: dict[object, asyncio.Task[str]] = {}
        self._made = 0
        self._urls: set[str] = set()

    async def fresh(self, name: str, prepare: Prepare | None = None) -> str:
        """The URL of a new database.

        With ``prepare`` it is a copy of a template that was made by ``await prepare(url)`` once per run.
        Without it, a service's name gives that service's migrated schema, any other name an empty database.
        """
        if prepare is None and name in _SERVICES:
            key: object = name
            task = self._templates.get(key) or asyncio.create_task(self._template(name, _migrate(name)))
        elif prepare is None:
            return await self._create(name, template="template0")
        else:
            key = (name, prepare)
            task = self._templates.get(key) or asyncio.create_task(self._template(name, prepare))
        self._templates[key] = task
        return await self._create(name, template=await task)

    async def drop(self, url: str) -> None:
        """Remove a database made by `fresh`, cutting off whoever is still connected."""
        await canary.look_at_database(url)
        self._urls.discard(url)
        await self._execute(f'DROP DATABASE IF EXISTS "{_database(url)}" WITH (FORCE)')

    async def _template(self, name: str, prepare: Prepare) -> str:
        url = await self._create(f"template_{name}", template="template0")
        await prepare(url)
        return _database(url)

    async def _create(self, name: str, *, template: str) -> str:
        self._made += 1
        database = f"{name}_{self._made}"
        # By copying files: half the work of writing each page to the log as well.
        await self._execute(f'CREATE DATABASE "{database}" TEMPLATE "{template}" STRATEGY FILE_COPY')
        url = self._postgres.url(database, role=SUPERUSER)
        self._urls.add(url)
        return url

    async def look_at_the_rest(self) -> None:
        """Look for canaries in the databases that live as long as the run."""
        for url in sorted(self._urls):
            await canary.look_at_database(url)

    async def _execute(self, statement: str) -> None:
        connection = await self._postgres.connect()
        try:
            await connection.execute(statement)
        finally:
            await connection.close()


def _database(url: str) -> str:
    return url.partition("@/")[2].partition("?")[0]


def _migrate(service: str) -> Prepare:
    """Bring a database to the service's newest schema, as an operator does."""

    async def migrate(url: str) -> None:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            f"services.{service}",
            "migrate",
            env={"MESH_DATABASE_URL": url, "PATH": "/usr/bin:/bin"},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        output, _ = await process.communicate()
        if process.returncode != 0:
            raise RuntimeError(f"`{service} migrate` failed:\n{output.decode()}")

    return migrate


class OwnNats:
    """A NATS server that belongs to one test: may be stopped, wiped and started again on the same port."""

    def __init__(self, server: nats.Server, kept: Kept) -> None:
        self._server = server
        self._kept = kept

    @property
    def pid(self) -> int:
        """The present process; 0 when there is none."""
        return self._kept.pid

    def url(self, user: str = nats.OPERATOR) -> str:
        """Where it is reached, by default with all rights."""
        return self._server.address.url(user)

    async def start(self) -> None:
        """Start it and wait until it takes connections."""
        await self._kept.start()

    async def stop(self) -> None:
        """Stop it."""
        await self._kept.stop()

    async def wipe(self) -> None:
        """Stop it, remove all it has stored, start it again."""
        await self.stop()
        self._server.wipe()
        await self.start()


@asynccontextmanager
async def own_nats() -> AsyncIterator[OwnNats]:
    """A running NATS server of one's own, gone afterwards."""
    async with AsyncExitStack() as stack:
        state = await stack.enter_async_context(folder())
        descriptor = await stack.enter_async_context(lock.hold(state))
        server = nats.prepare(state, ports.any_free())
        kept = Kept(
            server.program(state / "logs" / "nats.log", keep=(descriptor,)),
            lambda child: nats.wait_until_ready(server, child),
            lambda _: None,
        )
        own = OwnNats(server, kept)
        stack.push_async_callback(own.stop)
        await own.start()
        yield own
