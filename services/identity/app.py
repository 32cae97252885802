"""Identity put together: everything that is opened here is closed here."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

from school.identity.v1.events_pb2 import EverythingTold, SessionEnded
from services.identity.areas.ground import Ground, telling_of
from services.identity.config import IdentitySettings
from services.identity.consents.keeper import TextsKeeper
from services.identity.consents.texts import texts_of
from services.identity.esia import connect
from services.identity.keyring import Keyring
from services.identity.own_data.worker import Eraser
from services.identity.passwords import Passwords
from services.identity.regions.keeper import DirectoryKeeper
from services.identity.regions.storage import read_directory
from services.identity.school_watches.usecases import ConnectionNews
from services.identity.schools.events import HANDLERS, on_dead
from services.identity.sweep import Sweep
from services.identity.use_cases import UseCases, use_cases_of
from services.kit.audit.sealer import AuditSealer
from services.kit.clock import Clock, SystemClock
from services.kit.database import Database
from services.kit.dead_letters.watch import DeadLetterWatch
from services.kit.messaging.bus import Bus
from services.kit.messaging.consumer import Consumer
from services.kit.messaging.effects import Effects, Hearing
from services.kit.messaging.relay import Relay
from services.kit.messaging.streams import Stream
from services.kit.reader import Reader
from services.kit.revocation import EndedSessions, Revocation
from services.kit.rpc.server import serving
from services.kit.service_tokens import ServiceVerifier
from services.kit.tokens import TokenIssuer, TokenVerifier, issuer_of

MIGRATIONS: Final = Path(__file__).parent / "migrations"
"""The folder that holds ``versions/``."""
DOMAIN: Final = "identity.school"
"""Whose errors these are, in `ErrorInfo`."""
_SCHOOLS: Final = Hearing("DIARY", "identity-schools", HANDLERS, on_dead)


@dataclass(frozen=True, slots=True)
class Identity:
    """The service while it runs."""

    address: str
    """``host:port`` as bound."""
    database: Database
    use_cases: UseCases
    sweep: Sweep
    consumer: Consumer
    """Of the diary's events."""


@asynccontextmanager
async def run(settings: IdentitySettings, *, clock: Clock | None = None) -> AsyncIterator[Identity]:
    """Serve until the context ends. The database must have been migrated; NATS and ESIA may be away.

    Args:
        settings: where everything is.
        clock: what time it is; a test brings its own.

    Raises:
        OSError: the address cannot be bound.
        KeyringError: the file of keys is wrong.
        ValueError: the directory of regions, a file of JWKs or that of other services is wrong.
        TextChanged: a text of consents is recorded with another wording.
        EsiaSignerFailed: the key or certificate for ESIA cannot be used.
    """
    clock = clock or SystemClock()
    issuer = issuer_of(settings.region)
    regions = read_directory(settings.regions_file, here=settings.region)
    keyring = Keyring.read(settings.snils_keys_file)
    ended = EndedSessions(clock)
    verifier = TokenVerifier(
        settings.jwks_file, issuer=issuer, region=settings.region, clock=clock, ended=ended
    )
    services = ServiceVerifier(
        settings.service_keys_file, region=settings.region, service="identity", clock=clock
    )
    tokens = TokenIssuer(
        settings.signing_keys_file,
        issuer=issuer,
        region=settings.region,
        lifetime=settings.access_lifetime,
        clock=clock,
    )
    database = Database(settings.database_url, pool_size=settings.pool_size)
    reader = Reader(settings.database_url, pool_size=settings.pool_size)
    bus = Bus(settings.nats_url, region=settings.region, service="identity")
    stream = Stream.of("identity", max_bytes=settings.stream_max_bytes, replicas=settings.stream_replicas)
    sweep = Sweep(database, clock)
    consumer = Consumer(bus, database, _SCHOOLS)
    revocation = Revocation(bus, "IDENTITY", SessionEnded, ended, clock)
    async with (
        database,
        reader,
        connect(settings.esia, now=clock.now) as esia,
        Passwords(settings.passwords.cost) as passwords,
        bus,
        Relay(bus, database, stream, all_told=EverythingTold),
        AuditSealer(database),
        DeadLetterWatch(database),
        consumer,
        sweep,
        TextsKeeper(database, texts_of(settings.operator), clock),
        revocation,
    ):
        ground = Ground(
            settings=settings,
            regions=regions,
            keyring=keyring,
            tokens=tokens,
            telling=telling_of(settings, keyring, clock),
            database=database,
            reader=reader,
            esia=esia,
            passwords=passwords,
            ended=ended,
            clock=clock,
        )
        use_cases = use_cases_of(ground)
        async with (
            use_cases.office.class_issue_worker,
            Eraser(use_cases.privacy.own_data),
            ConnectionNews(use_cases.region.school_watches),
            DirectoryKeeper(regions, settings.regions_file),
            serving(
                listen=settings.listen,
                domain=DOMAIN,
                verifier=verifier,
                register=partial(use_cases.serve, ground),
                services=services,
            ) as server,
        ):
            yield Identity(server.address, database, use_cases, sweep, consumer)


def effects_of(settings: IdentitySettings, database: Database) -> list[Effects]:
    """What events do here, for who mends dead letters beside the running service."""
    return [Effects(database, settings.region, _SCHOOLS)]
