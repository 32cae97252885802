"""A whole region on one machine: everything started in the right order, and stopped in the reverse one."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from deploy.local import keys, lock, services, settings, surroundings
from deploy.local.backbone import Backbone, backbone
from deploy.local.console import Console
from deploy.local.demo.schools import REGION
from deploy.local.fill import Demo, fill
from deploy.local.keep import Kept
from deploy.local.place import DOOR, RECORD, Place, write_directory
from deploy.local.ports import Ports
from deploy.local.settings import LocalSettings
from deploy.local.together import together

_STALE_AFTER = 7  # days after which the current week of the demo is likely to be empty


@dataclass(frozen=True, slots=True)
class Region:
    """A running region."""

    place: Place
    demo: Demo | None
    backbone: Backbone
    programs: dict[str, Kept]

    @property
    def state(self) -> Path:
        """The folder that holds everything the region keeps."""
        return self.place.state

    @property
    def url(self) -> str:
        """Where people and apps find the diary."""
        return self.place.public_url

    @property
    def esia_url(self) -> str:
        """The ESIA stand-in."""
        return f"http://localhost:{self.place.ports['esia']}"

    @property
    def post_url(self) -> str:
        """The page of caught mail and SMS."""
        return f"http://localhost:{self.place.ports['post']}"

    def address(self, name: str) -> str:
        """``host:port`` of a program."""
        return self.place.address(name)

    def database_url(self, service: str) -> str:
        """The database of a service, with the service's own rights."""
        return self.place.postgres.url(service)

    def nats_url(self) -> str:
        """NATS, with all rights."""
        return self.place.nats.url()

    def pid(self, name: str) -> int:
        """The process of a program; 0 while there is none."""
        return self.programs[name].pid

    async def kill(self, name: str) -> None:
        """End a program as ``kill -9`` does, and wait until its successor is ready."""
        kept = self.programs[name]
        before = kept.pid
        kept.kill()
        await kept.back(before)

    async def restart(self, name: str) -> None:
        """Stop a program gracefully, start it, wait until it is ready."""
        await self.programs[name].restart()

    async def stop(self, name: str) -> None:
        """Stop a program gracefully and leave it so."""
        await self.programs[name].stop()

    async def start(self, name: str) -> None:
        """Start a program that was stopped, and wait until it is ready."""
        await self.programs[name].start()

    async def stop_nats(self) -> None:
        """Stop NATS and leave it so, until ``start("nats")``."""
        await self.stop("nats")

    async def wipe_nats(self) -> None:
        """Stop NATS, remove all it has stored, start it again on the same port."""
        await self.backbone.wipe_nats()


@asynccontextmanager
async def region(wish: LocalSettings, console: Console | None = None) -> AsyncIterator[Region]:
    """Run a region until the block ends; whatever way it ends, everything started is stopped.

    Raises:
        Trouble: something cannot be started; the message says what to do.
    """
    console = console or Console.silent()
    async with AsyncExitStack() as stack:
        settings.open_state(wish.state)
        keep = (await stack.enter_async_context(lock.hold(wish.state)),)
        if wish.fresh:
            settings.clear(wish.state)
            settings.open_state(wish.state)
        ports = stack.enter_context(Ports(wish.ports.values()))
        for name, preferred in wish.ports.items():
            ports.take(name, preferred)
        for name, preferred in ports.moved.items():
            console.notice(f"port {preferred} is busy; {name} takes {ports.taken[name]}")

        began = time.monotonic()
        secrets = await asyncio.to_thread(keys.ensure, wish.state / "keys")
        base = await stack.enter_async_context(
            backbone(
                wish.state,
                keep=keep,
                nats_port=ports.taken["nats"],
                durable=wish.durable,
                say=console.notice,
                ready=lambda name: console.done(name, time.monotonic() - began),
            )
        )
        place = Place(
            code=REGION.code,
            title=REGION.title_ru,
            state=wish.state,
            ports=ports.taken,
            postgres=base.postgres,
            nats=base.nats,
            keys=secrets,
            extra=wish.environment,
        )
        write_directory(place)
        await asyncio.to_thread(surroundings.register, place)
        with console.timed("schema and data"):
            demo = await fill(place, demo=wish.demo, keep=keep)
        if demo is not None and (age := (datetime.now(UTC).date() - demo.made_on).days) > _STALE_AFTER:
            console.notice(f"the demo region was made {age} days ago; FRESH=1 makes its weeks current again")
        programs = _programs(place, keep, console)
        stack.push_async_callback(_stop, programs)
        await together(*(_start(kept, console, ports.taken) for kept in programs.values()))
        servers = {"nats": base.nats_server, "postgres": base.postgres_server}
        yield Region(place, demo, base, programs | servers)


async def _start(kept: Kept, console: Console, ports: Mapping[str, int]) -> None:
    began = time.monotonic()
    await kept.start()
    port = ports[kept.name] if kept.name in ports else ports["post"]
    console.done(kept.name, time.monotonic() - began, f"port {port}")


def _programs(place: Place, keep: tuple[int, ...], console: Console) -> dict[str, Kept]:
    made = {}
    for name in (*RECORD, DOOR):
        program = services.program(place, name, keep=keep)
        made[name] = Kept(program, services.readiness(place, name), console.notice)
    for name in (surroundings.ESIA, surroundings.OUTSIDE):
        program = surroundings.program(place, name, keep=keep)
        made[name] = Kept(program, surroundings.readiness(place, name), console.notice)
    return made


async def _stop(programs: dict[str, Kept]) -> None:
    """The door first, then the record, then the world outside; each as gracefully as it can."""
    await programs[DOOR].stop()
    await together(*(programs[name].stop() for name in RECORD))
    await together(*(programs[name].stop() for name in programs if name != DOOR and name not in RECORD))
