"""Notifications put together: everything that is opened here is closed here."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple

from grpc import aio

from school.identity.v1.events_pb2 import EverythingTold, SessionEnded
from school.notifications.v1 import delivery_pb2_grpc, inbox_pb2_grpc
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
from services.kit.rpc.server import serving
from services.kit.sealing import Unsealer
from services.kit.tokens import TokenVerifier, issuer_of
from services.notifications.access.events import AccessEvents
from services.notifications.access.storage import copies
from services.notifications.config import NotificationsSettings
from services.notifications.delivery.events import DeliveryEvents
from services.notifications.delivery.mail import MailPost
from services.notifications.delivery.rpc import DeliveryRpc
from services.notifications.delivery.rules import Channel
from services.notifications.delivery.sender import Post, Sender
from services.notifications.delivery.sms import SmsPost
from services.notifications.delivery.sweep import Sweep
from services.notifications.delivery.usecases import Deliveries, Outgoing
from services.notifications.delivery.words import Words
from services.notifications.inbox.events import InboxEvents
from services.notifications.inbox.rpc import InboxRpc
from services.notifications.inbox.usecases import Inbox, forget, tell_newcomer

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
    """Of identity's and of the diary's events."""
    senders: Mapping[Channel, Sender]
    """Of letters and of short messages."""


@asynccontextmanager
async def run(settings: NotificationsSettings, *, clock: Clock | None = None) -> AsyncIterator[Notifications]:
    """Serve until the context ends. The database must have been migrated; NATS may be away.

    Args:
        settings: where everything is.
        clock: what time it is; a test brings its own.

    Raises:
        OSError: the address cannot be bound.
        ValueError: a file of keys is none, or one with a secret cannot be read.
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
    bus = Bus(settings.nats_url, region=settings.region, service="notifications")
    stream = Stream.of(
        "notifications", max_bytes=settings.stream_max_bytes, replicas=settings.stream_replicas
    )
    copy = _copy(settings, clock)
    words = Words(settings.zone)
    mail, sms = MailPost(settings.mail, words, clock), SmsPost(settings.sms, words)
    senders = _senders(settings, database, mail, sms, clock)
    heard = _hearings(copy, clock, wake=lambda channel: senders[channel].wake())
    access = Consumer(bus, database, heard.access, completeness=copy)
    inbox = Consumer(bus, database, heard.inbox)
    delivery = Consumer(bus, database, heard.delivery)
    deliveries = Deliveries(database, clock)

    def register(server: aio.Server) -> None:
        delivery_pb2_grpc.add_DeliveryServiceServicer_to_server(DeliveryRpc(deliveries), server)
        inbox_pb2_grpc.add_InboxServiceServicer_to_server(InboxRpc(Inbox(database, reader, clock)), server)

    async with (
        database,
        reader,
        bus,
        Relay(bus, database, stream),
        AuditSealer(database),
        DeadLetterWatch(database),
        Revocation(bus, "IDENTITY", SessionEnded, ended, clock),
        access,
        Freshness(copy, access, database),
        inbox,
        sms,
        senders[Channel.EMAIL],
        senders[Channel.SMS],
        delivery,
        Sweep(deliveries),
        serving(listen=settings.listen, domain=DOMAIN, verifier=verifier, register=register) as server,
    ):
        yield Notifications(server.address, database, (access, inbox, delivery), senders)


class _Heard(NamedTuple):
    access: Hearing
    inbox: Hearing
    delivery: Hearing


def _hearings(copy: Completeness, clock: Clock, wake: Callable[[Channel], None]) -> _Heard:
    """What is heard; ``wake`` is called when something new is to be sent on a channel."""
    access = AccessEvents(clock, tell_newcomer=tell_newcomer, forget=forget)
    return _Heard(
        Hearing("IDENTITY", "notifications-access", access.handlers, access.on_dead),
        Hearing("DIARY", "notifications-inbox", InboxEvents(copy, clock).handlers, relies_on=copy),
        Hearing("IDENTITY", "notifications-delivery", DeliveryEvents(clock, wake).handlers),
    )


def _copy(settings: NotificationsSettings, clock: Clock) -> Completeness:
    return Completeness(EverythingTold, "IDENTITY", copies, limit=settings.access_staleness, clock=clock)


def effects_of(settings: NotificationsSettings, database: Database) -> list[Effects]:
    """What events do here, for who mends dead letters beside the running service.

    Senders look by themselves, every 15 seconds, for what nobody has woken them for.
    """
    clock = SystemClock()
    heard = _hearings(_copy(settings, clock), clock, wake=lambda _: None)
    return [Effects(database, settings.region, hearing) for hearing in heard]


def _senders(
    settings: NotificationsSettings, database: Database, mail: Post, sms: Post, clock: Clock
) -> dict[Channel, Sender]:
    unsealer = Unsealer(settings.unsealing_keys_file)
    posts = {
        Channel.EMAIL: ("mail", mail, settings.mail.at_once),
        Channel.SMS: ("sms", sms, settings.sms.at_once),
    }
    return {
        channel: Sender(
            name, Outgoing(database, channel, clock), post, unsealer, at_once=at_once, clock=clock
        )
        for channel, (name, post, at_once) in posts.items()
    }
