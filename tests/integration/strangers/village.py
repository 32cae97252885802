"""Three services and three families: one at home, one at a foreign school, and one beside it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import grpc

from deploy.local import ports
from services.diary.app import run as run_diary
from services.diary.config import DiarySettings
from services.identity.app import Identity
from services.identity.people.rules import Role
from services.identity.people.storage import WHOLE_REGION
from services.identity.sessions.rules import Door
from services.kit.database import Database
from services.kit.rpc.channel import channel
from services.notifications.app import run as run_notifications
from services.notifications.config import NotificationsSettings
from tests.integration.identity.issuing.office import Office, open_office
from tests.integration.notifications.outdoors import Outdoors
from tests.integration.strangers.household import PASSWORD, Household, settle
from tests.support.backbone import Databases
from tests.support.clock import MovableClock
from tests.support.completeness import complete_for_ever
from tests.support.esia import bench
from tests.support.identity import Registered, Town, town
from tests.support.keys import REGION, make_keys, make_sealing_keys
from tests.support.newcomer import issue

# A Wednesday; noon in Moscow.
NOW = datetime(2025, 10, 15, 9, 0, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Caller:
    """Somebody who calls, and to whom nothing of the foreign family belongs."""

    name: str
    role: Role | None
    own: Household
    """What they would rightly name in a request."""
    who: Registered | None = None
    door: Door = Door.ESIA
    """By which they come in each time."""


@dataclass(frozen=True, slots=True)
class Village:
    """Where strangers call."""

    identity: Identity
    channels: Mapping[str, grpc.aio.Channel]
    """By service."""
    databases: tuple[Database, ...]
    foreign: Household
    """Whose things the strangers ask for."""
    beside: Household
    """Of the same school, another class."""
    strangers: tuple[Caller, ...]
    rightful: tuple[Caller, ...]
    """To whom the foreign family's things do belong."""


@asynccontextmanager
async def village(databases: Databases, folder: Path) -> AsyncIterator[Village]:
    """Start all three, settle the families, let everybody in."""
    clock, keys = MovableClock(NOW), make_keys(folder)
    nowhere = f"nats://127.0.0.1:{ports.any_free()}"
    common = {"region": REGION, "nats_url": nowhere, "jwks_file": keys.public}
    async with AsyncExitStack() as stack:
        enter = stack.enter_async_context
        stand = await enter(bench(folder, kind="RSA", people=()))
        here = await enter(
            town(
                folder,
                stand,
                keys,
                database_url=await databases.fresh("identity"),
                nats_url=nowhere,
                clock=clock,
            )
        )
        diary = await enter(
            run_diary(
                DiarySettings.model_validate(
                    common | {"database_url": await complete_for_ever(await databases.fresh("diary"))}
                ),
                clock=clock,
            )
        )
        settings = NotificationsSettings.model_validate(
            {
                **common,
                "database_url": await _complete(databases, "notifications"),
                "unsealing_keys_file": make_sealing_keys(folder).private,
                **Outdoors(folder).settings,
            }
        )
        notifications = await enter(run_notifications(settings, clock=clock))
        channels = {
            "identity": here.doors.channel,
            "diary": await enter(channel(diary.address)),
            "notifications": await enter(channel(notifications.address)),
        }
        stores = diary.database, notifications.database
        home = await settle(await open_office(here, keys), *stores, surname="Домашнев")
        foreign = await settle(await open_office(here, keys), *stores, surname="Чужестранцев")
        beside = await settle(
            await _beside(foreign.office), *stores, surname="Соседов", founded=foreign.school
        )
        assert here.inside is not None
        yield Village(
            here.inside,
            channels,
            (here.database, *stores),
            foreign,
            beside,
            await _strangers(here, home, beside),
            await _rightful(here, foreign),
        )


async def _complete(databases: Databases, service: str) -> str:
    return await complete_for_ever(await databases.fresh(service))


async def _beside(office: Office) -> Office:
    """Another class of the same school, with a homeroom teacher of its own."""
    teacher = await office.employee(Role.TEACHER, name="Тихонова Ольга")
    other = Office(office.town, office.keys, office.registrar, teacher, office.school_id)
    other.class_id = await other.add_class("7В", teacher)
    return other


async def _strangers(here: Town, home: Household, beside: Household) -> tuple[Caller, ...]:
    return (
        Caller("anonymous", None, home),
        await _owing_activation(here, home),
        await _owing_second_factor(here, home),
        *[Caller(str(role), role, home, who) for role, who in (await _everybody(here, home)).items()],
        Caller("pupil beside", Role.PUPIL, beside, beside.pupil),
        Caller("guardian beside", Role.GUARDIAN, beside, beside.guardian),
        Caller("teacher beside", Role.TEACHER, beside, beside.office.teacher),
    )


async def _rightful(here: Town, foreign: Household) -> tuple[Caller, ...]:
    everybody = await _everybody(here, foreign)
    return tuple(Caller(str(role), role, foreign, who) for role, who in everybody.items())


async def _everybody(here: Town, household: Household) -> dict[Role, Registered]:
    """Somebody for each role there is."""
    in_region = {
        role: await here.register(f"{role.title()} Нина", roles={WHOLE_REGION: frozenset({role})})
        for role in (Role.AUTHORITY, Role.OPERATOR)
    }
    return {
        Role.PUPIL: household.pupil,
        Role.GUARDIAN: household.guardian,
        Role.TEACHER: household.office.teacher,
        Role.REGISTRAR: household.office.registrar,
        Role.SCHOOL_ADMINISTRATOR: household.administrator,
        **in_region,
    }


async def _owing_activation(here: Town, home: Household) -> Caller:
    """A guardian who has just entered with the slip."""
    who = await home.office.guardian_of(login="owing.activation", password=PASSWORD)
    await issue(here, who)
    return Caller("owing activation", Role.GUARDIAN, home, who, Door.PASSWORD)


async def _owing_second_factor(here: Town, home: Household) -> Caller:
    """A registrar whose password was right."""
    roles = {home.office.school_id: frozenset({Role.REGISTRAR})}
    who = await here.register("Логинова Зоя", roles=roles, login="owing.factor", password=PASSWORD)
    return Caller("owing second factor", Role.REGISTRAR, home, who, Door.PASSWORD)
