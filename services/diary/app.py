"""The diary put together: everything that is opened here is closed here."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from grpc import aio

from school.diary.v1 import (
    homework_pb2_grpc,
    journal_pb2_grpc,
    marks_pb2_grpc,
    remarks_pb2_grpc,
    schools_pb2_grpc,
    views_pb2_grpc,
    week_pb2_grpc,
)
from school.identity.v1.events_pb2 import EverythingTold, SessionEnded
from services.diary.access.events import HANDLERS, on_dead
from services.diary.access.storage import copies
from services.diary.config import DiarySettings
from services.diary.homework.rpc import HomeworkRpc
from services.diary.homework.usecases import HomeworkBook
from services.diary.journal.rpc import JournalRpc
from services.diary.journal.usecases import Journal
from services.diary.marks.rpc import MarksRpc
from services.diary.marks.usecases import Marks
from services.diary.remarks.rpc import RemarksRpc
from services.diary.remarks.usecases import Remarks
from services.diary.schools.rpc import SchoolsRpc
from services.diary.schools.usecases import Schools
from services.diary.views.rpc import ViewsRpc
from services.diary.views.usecases import Views
from services.diary.week.rpc import WeekRpc
from services.diary.week.usecases import Weeks
from services.kit.audit.sealer import AuditSealer
from services.kit.clock import Clock, SystemClock
from services.kit.database import Database
from services.kit.dead_letters.watch import DeadLetterWatch
from services.kit.messaging.bus import Bus
from services.kit.messaging.completeness import Completeness
from services.kit.messaging.consumer import Consumer
from services.kit.messaging.effects import Effects, Hearing
from services.kit.messaging.freshness import Freshness
from services.kit.messaging.relay import Relay
from services.kit.messaging.streams import Stream
from services.kit.reader import Reader
from services.kit.revocation import EndedSessions, Revocation
from services.kit.rpc.once import Once
from services.kit.rpc.server import Register, serving
from services.kit.tokens import TokenVerifier, issuer_of

MIGRATIONS: Final = Path(__file__).parent / "migrations"
"""The folder that holds ``versions/``."""
DOMAIN: Final = "diary.school"
"""Whose errors these are, in `ErrorInfo`."""
_ACCESS: Final = Hearing("IDENTITY", "diary-access", HANDLERS, on_dead)


@dataclass(frozen=True, slots=True)
class Diary:
    """The service while it runs."""

    address: str
    """``host:port`` as bound."""
    database: Database
    consumer: Consumer
    """Of identity's events."""


@asynccontextmanager
async def run(settings: DiarySettings, *, clock: Clock | None = None) -> AsyncIterator[Diary]:
    """Serve until the context ends. The database must have been migrated; NATS may be away.

    Args:
        settings: where everything is.
        clock: what time it is; a test brings its own.

    Raises:
        OSError: the address cannot be bound.
        ValueError: the file of public keys is none.
    """
    clock = clock or SystemClock()
    ended = EndedSessions(clock)
    verifier = TokenVerifier(
        settings.jwks_file,
        issuer=issuer_of(settings.region),
        region=settings.region,
        clock=clock,
        ended=ended,
    )
    database = Database(settings.database_url, pool_size=settings.pool_size)
    reader = Reader(settings.database_url, pool_size=settings.pool_size)
    bus = Bus(settings.nats_url, region=settings.region, service="diary")
    stream = Stream.of("diary", max_bytes=settings.stream_max_bytes, replicas=settings.stream_replicas)
    copy = Completeness(EverythingTold, "IDENTITY", copies, limit=settings.access_staleness, clock=clock)
    consumer = Consumer(bus, database, _ACCESS, completeness=copy)
    async with (
        database,
        reader,
        bus,
        Relay(bus, database, stream),
        AuditSealer(database),
        DeadLetterWatch(database),
        consumer,
        Freshness(copy, consumer, database),
        Revocation(bus, "IDENTITY", SessionEnded, ended, clock),
        serving(
            listen=settings.listen,
            domain=DOMAIN,
            verifier=verifier,
            register=_register(database, reader, copy, clock),
        ) as server,
    ):
        yield Diary(server.address, database, consumer)


def effects_of(settings: DiarySettings, database: Database) -> list[Effects]:
    """What events do here, for who mends dead letters beside the running service."""
    return [Effects(database, settings.region, _ACCESS)]


def _register(database: Database, reader: Reader, copy: Completeness, clock: Clock) -> Register:
    once = Once(database)
    schools = Schools(reader, copy, clock)
    views = Views(database, schools, clock)

    def register(server: aio.Server) -> None:
        homework_pb2_grpc.add_HomeworkServiceServicer_to_server(
            HomeworkRpc(HomeworkBook(clock), once), server
        )
        journal_pb2_grpc.add_JournalServiceServicer_to_server(JournalRpc(Journal(database, clock)), server)
        marks_pb2_grpc.add_MarksServiceServicer_to_server(MarksRpc(Marks(clock), once), server)
        remarks_pb2_grpc.add_RemarksServiceServicer_to_server(RemarksRpc(Remarks(clock), once), server)
        schools_pb2_grpc.add_SchoolsServiceServicer_to_server(SchoolsRpc(schools), server)
        views_pb2_grpc.add_ViewsServiceServicer_to_server(ViewsRpc(views), server)
        week_pb2_grpc.add_WeekServiceServicer_to_server(WeekRpc(Weeks(reader, copy, views, clock)), server)

    return register
