"""PostgreSQL and NATS together: what every service stands on, and all that most integration tests need."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from deploy.local import nats, postgres
from deploy.local.keep import Kept
from deploy.local.nats import Nats, Server
from deploy.local.postgres import Postgres
from deploy.local.together import together

# The services that keep a database; the gateway keeps nothing.
DATABASES = ("identity", "diary", "notifications")


@dataclass(frozen=True, slots=True)
class Backbone:
    """The two servers, running, and how to reach them."""

    postgres: Postgres
    nats: Nats
    postgres_server: Kept
    nats_server: Kept
    nats_store: Server

    async def wipe_nats(self) -> None:
        """Stop NATS, remove all it has stored, start it again on the same port."""
        await self.nats_server.stop()
        self.nats_store.wipe()
        await self.nats_server.start()


@asynccontextmanager
async def backbone(
    state: Path,
    *,
    keep: tuple[int, ...],
    nats_port: int,
    durable: bool = True,
    databases: Iterable[str] = DATABASES,
    say: Callable[[str], None] = lambda _: None,
    ready: Callable[[str], None] = lambda _: None,
) -> AsyncIterator[Backbone]:
    """Run both servers on the folder ``state``, whose lock is among ``keep``.

    ``ready`` is told the name of each server once it takes connections, ``say`` whatever happens later.

    Raises:
        Trouble: one of them does not start.
    """
    server = nats.prepare(state, nats_port)
    kept_nats = Kept(
        server.program(state / "logs" / "nats.log", keep=keep),
        lambda child: nats.wait_until_ready(server, child),
        say,
    )

    cluster = await postgres.find(state, databases, durable=durable)
    kept_postgres = Kept(
        cluster.program(state / "logs" / "postgres.log", keep=keep),
        lambda child: postgres.wait_until_ready(cluster, child),
        say,
    )

    async def start_nats() -> None:
        await kept_nats.start()
        ready("nats")

    async def start_postgres() -> None:
        await postgres.prepare(cluster, state / "logs" / "initdb.log")
        await kept_postgres.start()
        await together(*(cluster.address.create(name) for name in databases))
        ready("postgres")

    try:
        await together(start_nats(), start_postgres())
        yield Backbone(cluster.address, server.address, kept_postgres, kept_nats, server)
    finally:
        await kept_nats.stop()
        await kept_postgres.stop()  # the record goes last
