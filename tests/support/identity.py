"""A running identity with its ESIA, the school's register behind it, and people who come to its doors."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import date
from itertools import count
from pathlib import Path
from typing import Any
from uuid import UUID

import grpc
from sqlalchemy import insert, select, text, update

from deploy.local.esia.people import Person as Citizen
from school.access.v1.policy_pb2 import Pending
from school.identity.v1 import (
    binding_pb2,
    binding_pb2_grpc,
    families_pb2_grpc,
    people_pb2_grpc,
    regions_pb2_grpc,
    sessions_pb2,
    sessions_pb2_grpc,
    sign_in_pb2,
    sign_in_pb2_grpc,
)
from services.identity.accounts.rules import normal_login, skeleton
from services.identity.accounts.storage import accounts, login_reservations
from services.identity.app import Identity, run
from services.identity.config import IdentitySettings
from services.identity.keyring import Keyring, new_keys
from services.identity.passwords import hash_password
from services.identity.people.rules import FullName, Person, PersonStatus, Role, Snils
from services.identity.people.storage import hide_snils, insert_person, insert_roles, people
from services.identity.sweep import Sweep
from services.kit.clock import Clock, SystemClock
from services.kit.database import Database
from services.kit.ids import new_id
from services.kit.rpc.channel import channel
from services.kit.rpc.status import Refusal, refusal
from services.kit.sealing import Unsealer
from services.kit.tables import audit, outbox
from tests.support.authenticator import Authenticator, Factor
from tests.support.esia import Bench
from tests.support.keys import REGION, Keys, make_sealing_keys

DEADLINE = 20.0
BORN = date(1986, 4, 12)
OPERATOR = {
    "name": "Департамент образования города",
    "address": "101000, Москва, Школьная ул., 1",
    "contact": "data@diary.test",
}
REGIONS = """
[[regions]]
code = "77"
title = "Москва"
esia_enabled = true
address = "https://77.diary.test"

[[regions]]
code = "50"
title = "Московская область"
esia_enabled = true
address = "https://50.diary.test"
"""


@dataclass(frozen=True, slots=True)
class Registered:
    """Somebody whom the school has registered."""

    person_id: UUID
    account_id: UUID


@dataclass
class Town:
    """A region, seen from outside (``doors``, over gRPC) and from the register (straight into the tables)."""

    database: Database
    clock: Clock
    bench: Bench
    keyring: Keyring
    doors: Doors
    unsealer: Unsealer
    """Opens what identity seals to notifications."""
    inside: Identity | None = None
    """The service itself, when it runs in the test's own process."""
    keys: Keys | None = None
    """What it signs access tokens with, likewise."""
    _numbers: Any = field(default_factory=lambda: count(1))

    async def sweep(self) -> None:
        """What the service does every minute."""
        await Sweep(self.database, self.clock).once()

    def snils(self) -> str:
        """A SNILS that nobody has; below 001-001-998 no check digits are due."""
        return f"{next(self._numbers) + 1000:09d}00"

    def citizen(
        self,
        name: str = "Королёва Алёна Сергеевна",
        *,
        snils: str | None,
        birth_date: date | None = BORN,
        level: str = "confirmed",
    ) -> Citizen:
        """Somebody new with an ESIA account."""
        number = next(self._numbers)
        surname, given_name, patronymic = _parts(name)
        citizen = Citizen.model_validate(
            {
                "login": f"citizen-{number}",
                "password": f"secret-{number}",
                "oid": 2_000_000_000 + number,
                "surname": surname,
                "given_name": given_name,
                "patronymic": patronymic or None,
                "birth_date": birth_date,
                "snils": snils,
                "level": level,
            }
        )
        known = self.bench.stand.people
        known._by_login[citizen.login] = known._by_oid[citizen.oid] = citizen
        return citizen

    def at_esia(self, citizen: Citizen, **changes: object) -> Citizen:
        """What becomes of somebody at ESIA: another name, SNILS, level or status; another oid is a merge."""
        return self.bench.stand.people.change(citizen.oid, **changes)

    async def register(
        self,
        name: str = "Королёва Алёна Сергеевна",
        *,
        snils: str | None = None,
        birth_date: date = BORN,
        roles: Mapping[UUID, frozenset[Role]] | None = None,
        login: str | None = None,
        password: str | None = None,
        status: PersonStatus = PersonStatus.ACTIVE,
        disputed: bool = False,
    ) -> Registered:
        """Have the school register somebody; ``roles`` by school."""
        person_id, account_id = new_id(), new_id()
        granted = roles if roles is not None else {new_id(): frozenset({Role.GUARDIAN})}
        now = self.clock.now()
        person = Person(person_id, FullName(*_parts(name)), frozenset().union(*granted.values()))
        hidden = hide_snils(self.keyring, person_id, Snils(snils) if snils else None)
        async with self.database.transaction() as tx:
            await insert_person(
                tx.connection,
                person,
                birth_date=birth_date,
                snils=hidden | _dispute(disputed),
                registered_at=now,
            )
            for school, there in granted.items():
                await insert_roles(tx.connection, person_id, school, there, at=now)
            await tx.execute(
                insert(accounts).values(
                    id=account_id,
                    person_id=person_id,
                    login=normal_login(login) if login else None,
                    login_skeleton=skeleton(login) if login else None,
                    password_hash=hash_password(password) if password else None,
                    opened_at=now,
                    activated_at=now if password else None,
                    password_set_at=now if password else None,
                )
            )
            if login:
                await tx.execute(
                    insert(login_reservations).values(
                        skeleton=skeleton(login),
                        account_id=account_id,
                        login=normal_login(login),
                        reserved_at=now,
                    )
                )
            await tx.execute(update(people).where(people.c.id == person_id).values(status=status))
        return Registered(person_id, account_id)

    async def rows(self, table: Any, *where: Any) -> list[Any]:
        """What lies in a table."""
        async with self.database.read() as connection:
            return list(await connection.execute(select(table).where(*where)))

    async def audited(self, object_id: UUID | str) -> list[tuple[str, str | None]]:
        """What the audit says about an object: (action, why), in order."""
        rows = await self.rows(audit, audit.c.object_id == str(object_id))
        return [(row.action, row.why) for row in sorted(rows, key=lambda row: row.id)]

    async def told(self, aggregate: UUID) -> list[str]:
        """The types of the events about an aggregate, in order."""
        rows = await self.rows(outbox, outbox.c.aggregate_id == aggregate)
        return [row.type.rpartition(".")[2] for row in sorted(rows, key=lambda row: row.id)]


@dataclass
class Doors:
    """The service as the gateway sees it."""

    bench: Bench
    sign_in: sign_in_pb2_grpc.SignInServiceAsyncStub
    binding: binding_pb2_grpc.BindingServiceAsyncStub
    sessions: sessions_pb2_grpc.SessionsServiceAsyncStub
    people: people_pb2_grpc.PeopleServiceAsyncStub
    families: families_pb2_grpc.FamiliesServiceAsyncStub
    regions: regions_pb2_grpc.RegionsServiceAsyncStub
    channel: grpc.aio.Channel
    """For the stubs of whatever else is called."""
    clock: Clock
    apps: dict[str, Authenticator] = field(default_factory=dict)
    """Of those who had to enrol a second factor, by login."""

    async def start(self) -> sign_in_pb2.StartEsiaSignInResponse:
        """Press "Gosuslugi"."""
        request = sign_in_pb2.StartEsiaSignInRequest(region_code=REGION)
        return await self.sign_in.StartEsiaSignIn(request, timeout=DEADLINE)

    async def at_esia(
        self,
        citizen: Citizen,
        started: sign_in_pb2.StartEsiaSignInResponse | sign_in_pb2.StartEsiaStepUpResponse,
        *,
        decision: str = "provide",
    ) -> sign_in_pb2.CompleteEsiaSignInRequest:
        """Sign in and consent at ESIA; what the redirect then asks of the diary."""
        async with self.bench.browser() as browser:
            answer = await browser.sign_in(started.authorization_url, citizen, decision=decision)
        return sign_in_pb2.CompleteEsiaSignInRequest(**answer, browser_key=started.browser_key)

    async def complete(
        self, redirect: sign_in_pb2.CompleteEsiaSignInRequest
    ) -> sign_in_pb2.CompleteEsiaSignInResponse:
        """Follow the redirect."""
        return await self.sign_in.CompleteEsiaSignIn(redirect, timeout=DEADLINE)

    async def back_from_esia(self, citizen: Citizen) -> sign_in_pb2.CompleteEsiaSignInRequest:
        """Everything before `complete`."""
        return await self.at_esia(citizen, await self.start())

    async def enter(self, citizen: Citizen) -> sign_in_pb2.SignedIn:
        """The whole way through ESIA, into the diary."""
        reply = await self.complete(await self.back_from_esia(citizen))
        assert reply.HasField("signed_in")
        return reply.signed_in

    async def password_needed(self, citizen: Citizen) -> str:
        """The way through ESIA up to the question for the password; the browser's key."""
        redirect = await self.back_from_esia(citizen)
        assert (await self.complete(redirect)).HasField("password_needed")
        return redirect.browser_key

    async def propose(self, browser_key: str, login: str, password: str) -> binding_pb2.BindingProposal:
        """Answer the question for the password; whom the profile would be bound to."""
        request = binding_pb2.BindWithPasswordRequest(browser_key=browser_key, login=login, password=password)
        return (await self.binding.BindWithPassword(request, timeout=DEADLINE)).proposal

    async def confirm(self, browser_key: str, person_id: str) -> sign_in_pb2.SignedIn:
        """Say "this is me"."""
        request = binding_pb2.ConfirmBindingRequest(browser_key=browser_key, person_id=person_id)
        return (await self.binding.ConfirmBinding(request, timeout=DEADLINE)).signed_in

    async def bind(self, browser_key: str, login: str, password: str) -> sign_in_pb2.SignedIn:
        """Answer the question for the password, and confirm whoever is proposed."""
        proposed = await self.propose(browser_key, login, password)
        return await self.confirm(browser_key, proposed.person_id)

    async def enter_with_password(self, login: str, password: str) -> sign_in_pb2.SignedIn:
        """The other door; who owes a second factor enrols one the first time, and gives a code later on."""
        request = sign_in_pb2.SignInWithPasswordRequest(login=login, password=password)
        entered = (await self.sign_in.SignInWithPassword(request, timeout=DEADLINE)).signed_in
        if entered.session.pending == Pending.PENDING_SECOND_FACTOR:
            present = Factor(self.channel, self.clock, entered.session)
            if login in self.apps:
                whole = await present.prove(self.apps[login].recovery_codes.pop())
            else:
                self.apps[login], whole = await present.enrol()
            entered.session.CopyFrom(whole)
        return entered

    async def refresh(self, refresh_token: str) -> sessions_pb2.Session:
        """Buy the next pair of tokens."""
        request = sessions_pb2.RefreshSessionRequest(refresh_token=refresh_token)
        return (await self.sessions.RefreshSession(request, timeout=DEADLINE)).session


def bearer(session: sessions_pb2.Session) -> tuple[tuple[str, str]]:
    """The metadata by which a call carries a session."""
    return (("authorization", f"Bearer {session.access_token}"),)


async def somebody_waits(here: Town, *, many: int = 1) -> bool:
    """Whether as many transactions wait for a lock that another one holds."""
    async with here.database.read() as connection:
        waiting = await connection.scalar(
            text(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
                "AND wait_event_type = 'Lock'"
            )
        )
    return int(waiting or 0) >= many


async def refused(call: Awaitable[object]) -> Refusal:
    """How a call was refused. Fails when it was not."""
    try:
        await call
    except grpc.aio.AioRpcError as error:
        return refusal(error)
    raise AssertionError("nothing was refused")


async def reason(call: Awaitable[object]) -> str:
    """The machine reason for which a call was refused."""
    return (await refused(call)).reason


@asynccontextmanager
async def town(
    folder: Path,
    bench: Bench,
    keys: Keys,
    *,
    database_url: str,
    nats_url: str,
    clock: Clock,
    **changes: object,
) -> AsyncIterator[Town]:
    """Identity in ``folder``, registered at the ESIA of ``bench``; ``changes`` are to its settings."""
    (folder / "regions.toml").write_text(REGIONS, "utf-8")
    (folder / "snils-keys.json").write_text(new_keys(), "utf-8")
    sealing = make_sealing_keys(folder)
    known: dict[str, object] = {
        "region": REGION,
        "database_url": database_url,
        "nats_url": nats_url,
        "jwks_file": keys.public,
        "signing_keys_file": keys.private,
        "snils_keys_file": folder / "snils-keys.json",
        "sealing_key_file": sealing.public,
        "operator": OPERATOR,
        "regions_file": folder / "regions.toml",
        "esia": bench.settings,
    }
    settings = IdentitySettings.model_validate({**known, **changes})
    async with run(settings, clock=clock) as identity, channel(identity.address) as to_identity:
        keyring = Keyring.read(folder / "snils-keys.json")
        doors = doors_of(to_identity, bench, clock)
        yield Town(
            identity.database,
            clock,
            bench,
            keyring,
            doors,
            Unsealer(sealing.private),
            inside=identity,
            keys=keys,
        )


def doors_of(to_identity: grpc.aio.Channel, bench: Bench, clock: Clock | None = None) -> Doors:
    """The doors at the other end of a channel; ``clock``: that of the service, when a test moves it."""
    return Doors(
        bench,
        sign_in_pb2_grpc.SignInServiceStub(to_identity),
        binding_pb2_grpc.BindingServiceStub(to_identity),
        sessions_pb2_grpc.SessionsServiceStub(to_identity),
        people_pb2_grpc.PeopleServiceStub(to_identity),
        families_pb2_grpc.FamiliesServiceStub(to_identity),
        regions_pb2_grpc.RegionsServiceStub(to_identity),
        to_identity,
        clock or SystemClock(),
    )


def _parts(name: str) -> tuple[str, str, str]:
    """A full name taken apart; what follows the second space is the patronymic."""
    surname, given_name, *patronymic = name.split(" ", 2)
    return surname, given_name, patronymic[0] if patronymic else ""


def _dispute(disputed: bool) -> dict[str, bool]:
    return {"snils_disputed": disputed}
