"""The gateway put together: everything that is opened here is closed here."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

import grpc

from school.identity.v1.events_pb2 import SessionEnded
from school.notifications.v1.events_pb2 import NoticePosted
from services.gateway.api import Api
from services.gateway.calls import Services
from services.gateway.config import GatewaySettings, read_form_key
from services.gateway.contracts import read_rpcs
from services.gateway.cookies import Cookies
from services.gateway.door import Door
from services.gateway.edge.authentication import Authentication
from services.gateway.edge.clients import Clients
from services.gateway.edge.headers import SecurityHeaders
from services.gateway.edge.renewal import Renewal
from services.gateway.live.hub import Hub
from services.gateway.live.stream import NoticeStreams
from services.gateway.openapi.documents import Documents
from services.gateway.pages.site import build
from services.gateway.server import serving
from services.gateway.sessions import FormKey, Sessions
from services.gateway.site import PageDoor
from services.gateway.system import System
from services.gateway.website import Website
from services.kit.clock import Clock, SystemClock
from services.kit.log import get_logger
from services.kit.messaging.bus import Bus
from services.kit.messaging.live import Live
from services.kit.revocation import EndedSessions, Revocation
from services.kit.rpc.channel import channel
from services.kit.tokens import TokenVerifier, issuer_of

WATCH = "/school.notifications.v1.LiveService/WatchNotices"
# Tabs and devices of one person.
_STREAMS_PER_PERSON = 10

_logger = get_logger("gateway")


@dataclass(frozen=True, slots=True)
class Gateway:
    """The service while it runs."""

    address: str
    """``host:port`` as bound."""
    hub: Hub
    bus: Bus


@asynccontextmanager
async def run(settings: GatewaySettings, *, clock: Clock | None = None) -> AsyncIterator[Gateway]:
    """Serve until the context ends; services and NATS may be away.

    Args:
        settings: where everything is.
        clock: what time it is; a test brings its own.

    Raises:
        ContractError, PolicyMissing: the contracts ask for something that is not offered.
        OSError: the address cannot be bound, or a key file cannot be read.
        ValueError: a key file holds no key.
    """
    clock = clock or SystemClock()
    cookies = Cookies(secure=settings.secure)
    form_key = FormKey(read_form_key(settings.form_key_file))
    ended = EndedSessions(clock)
    verifier = TokenVerifier(
        settings.jwks_file,
        issuer=issuer_of(settings.region),
        region=settings.region,
        clock=clock,
        ended=ended,
    )
    async with AsyncExitStack() as stack:
        channels = {name: await stack.enter_async_context(c) for name, c in _channels(settings).items()}
        services = Services(channels)
        bus = Bus(settings.nats_url, region=settings.region, service="gateway")
        hub = Hub(most=settings.most_streams, most_per_person=_STREAMS_PER_PERSON)
        ended.on_end(hub.on_session_ended)
        live = Live(bus, {NoticePosted: hub.on_notice}, on_gap=hub.on_gap)
        security = SecurityHeaders(secure=settings.secure, form_targets=settings.sign_in_origins)
        authentication = Authentication(
            verifier, cookies, Renewal(services), form_key, settings.public_base_url
        )
        clients = Clients(trusted_proxies=settings.trusted_proxies)
        site = build(
            PageDoor(
                services,
                Sessions(cookies, form_key),
                settings.public_base_url,
                settings.region,
                settings.sign_in_origins,
            ),
            clock,
        )
        rpcs = read_rpcs()
        documents = Documents(rpcs, security, settings.public_base_url)
        door = Door(
            api=Api(
                rpcs, channels, authentication, {WATCH: NoticeStreams(hub, services, ended).serve}, clients
            ),
            website=Website(site, authentication, cookies, clients),
            system=System(channels, settings.jwks_file, documents.paths, lambda: bus.connected),
            security=security,
            titles=site.title,
            most_requests=settings.most_requests,
        )
        await stack.enter_async_context(bus)
        await stack.enter_async_context(live)
        await stack.enter_async_context(Revocation(bus, "IDENTITY", SessionEnded, ended, clock))
        address = await stack.enter_async_context(
            serving(door, listen=settings.listen, before_stop=hub.close)
        )
        _logger.info("serving", address=address)
        yield Gateway(address, hub, bus)
    _logger.info("stopped", address=address)


def _channels(settings: GatewaySettings) -> dict[str, grpc.aio.Channel]:
    return {
        "identity": channel(settings.identity_address),
        "diary": channel(settings.diary_address),
        "notifications": channel(settings.notifications_address),
    }
