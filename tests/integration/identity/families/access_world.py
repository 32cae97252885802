"""What the machine of access knows of a family, and whom it asks: identity, and a diary beside it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID
from zoneinfo import ZoneInfo

import grpc

from deploy.local import ports
from services.diary.app import Diary
from services.diary.app import run as run_diary
from services.diary.config import DiarySettings
from services.identity.use_cases import UseCases
from services.kit.errors import DomainError
from tests.integration.identity.issuing.office import Office
from tests.support.backbone import Databases
from tests.support.clock import MovableClock
from tests.support.completeness import complete_for_ever
from tests.support.identity import Town
from tests.support.keys import REGION, Keys

Result = TypeVar("Result")
MOSCOW = ZoneInfo("Europe/Moscow")


@dataclass(frozen=True)
class Standing:
    """A relation, as the model has it."""

    number: int
    since: date
    until: date

    def holds(self, today: date) -> bool:
        return self.since <= today <= self.until


@dataclass(frozen=True)
class Limit:
    """What a court forbids, as the model has it."""

    limit_id: UUID
    until: date | None
    interrupted: Standing | None

    def holds(self, today: date) -> bool:
        return self.until is None or today <= self.until

    def again(self) -> date | None:
        """From when on what it has interrupted holds by itself, if it does."""
        if self.until is None or self.interrupted is None or self.interrupted.until <= self.until:
            return None
        return self.until + timedelta(days=1)


@dataclass(frozen=True)
class Trust:
    """A delegation, as the model has it."""

    delegation_id: UUID
    by: int | None
    """The number of the relation that it comes from; None: the pupil's own right."""
    to: int
    until: date
    invited_at: datetime
    accepted: bool = False


@dataclass(frozen=True)
class World:
    """Identity, a diary beside it, and a loop to ask both in; the machine itself is synchronous."""

    loop: asyncio.AbstractEventLoop
    here: Town
    office: Office
    diary: Diary
    to_diary: grpc.aio.Channel
    keys: Keys
    clock: MovableClock

    @property
    def can(self) -> UseCases:
        assert self.here.inside is not None
        return self.here.inside.use_cases

    @property
    def today(self) -> date:
        return self.clock.today(MOSCOW)

    def ask(self, work: Coroutine[Any, Any, Result]) -> Result:
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(60)

    def told(self, work: Coroutine[Any, Any, object]) -> str:
        """Empty when it is done, or the reason why it is not."""
        try:
            self.ask(work)
        except DomainError as error:
            return error.reason
        return ""


@asynccontextmanager
async def diary_of(databases: Databases, keys: Keys, clock: MovableClock) -> AsyncIterator[Diary]:
    """A diary that hears of identity from the test alone."""
    settings_ = DiarySettings(
        region=REGION,
        database_url=await complete_for_ever(await databases.fresh("diary")),
        nats_url=f"nats://127.0.0.1:{ports.any_free()}",
        jwks_file=keys.public,
    )
    async with run_diary(settings_, clock=clock) as running:
        yield running
