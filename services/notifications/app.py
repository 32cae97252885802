"""Notifications put together: everything that is opened here is closed here."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from school.notifications.v1 import inbox_pb2_grpc
from services.kit.clock import Clock, SystemClock
from services.kit.database import Database
from services.kit.messaging.bus import Bus
from services.kit.messaging.consumer import Consumer
from services.kit.messaging.relay import Relay
from services.kit.messaging.streams import Stream
from services.kit.reader import Reader
from services.kit.rpc.server import serving
from services.kit.tokens import TokenVerifier, issuer_of
from services.notifications.access.events import AccessEvents
from services.notifications.config import NotificationsSettings
from services.notifications.inbox.events import InboxEvents
from services.notifications.inbox.rpc import InboxRpc
from services.notifications.inbox.usecases import Inbox

MIGRATIONS: Final = Path(__file__).parent / "migrations"
"""The folder that holds ``versions/``."""
DOMAIN: Final = "notifications.school"
"""Whose errors these are, in `ErrorInfo`."""


@dataclass(frozen=True, slots=True)
class Notifications:
    """The service while it runs."""

    address: str
    """``host:port`` as bound."""
    database: Database
    consumers: tuple[Consumer, ...]
    """Of identity's and of the diary's events; they know how to try their dead letters again."""


@asynccontextmanager
async def run(settings: NotificationsSettings, *, clock: Clock | None = None) -> AsyncIterator[Notifications]:
    """Serve until the context ends. The database must have been migrated; NATS may be away.

    Args:
        settings: where everything is.
        clock: what time it is; a test brings its own.

    Raises:
        OSError: the address cannot be bound.
        ValueError: the file of public keys is none.
    """
    clock = clock or SystemClock()
    verifier = TokenVerifier(
        settings.jwks_file, issuer=issuer_of(settings.region), region=settings.region, clock=clock
    )
    database = Database(settings.database_url, pool_size=settings.pool_size)
    reader = Reader(settings.database_url, pool_size=settings.pool_size)
    bus = Bus(settings.nats_url, region=settings.region, service="notifications")
    stream = Stream.of(
        "notifications", max_bytes=settings.stream_max_bytes, replicas=settings.stream_replicas
    )
    access = Consumer(bus, database, "IDENTITY", "notifications-access", AccessEvents(clock).handlers)
    inbox = Consumer(bus, database, "DIARY", "notifications-inbox", InboxEvents(clock).handlers)

    def register(server: Any) -> None:
        inbox_pb2_grpc.add_InboxServiceServicer_to_server(InboxRpc(Inbox(database, reader, clock)), server)

    async with (
        database,
        reader,
        bus,
        Relay(bus, database, stream),
        access,
        inbox,
        serving(listen=settings.listen, domain=DOMAIN, verifier=verifier, register=register) as server,
    ):
        yield Notifications(server.address, database, (access, inbox))
