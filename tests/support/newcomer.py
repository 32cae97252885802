"""Somebody with a school's slip, on the way to an account of their own; and what is sent to them."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count
from uuid import UUID

from sqlalchemy import update

from school.identity.v1 import (
    activation_pb2,
    activation_pb2_grpc,
    contacts_pb2,
    contacts_pb2_grpc,
    corrections_pb2_grpc,
    events_pb2,
    sessions_pb2,
)
from services.identity.accounts.storage import accounts
from services.identity.people.rules import Role
from services.kit.tables import outbox
from tests.support.identity import DEADLINE, Registered, Town, bearer

TEMPORARY = "kpWz7mRt4nHx"
PERMANENT = "Свежий-ветер-за-окном-29"
Step = activation_pb2.ActivationStep
Kind = events_pb2.MessageKind

_numbers = count(1)


def an_email() -> str:
    """An address that nobody else has."""
    return f"reader{next(_numbers)}@post.example.com"


def a_mobile() -> str:
    """A mobile that nobody else has."""
    return f"+7916{next(_numbers):07d}"


@dataclass(frozen=True, slots=True)
class Letter:
    """A message as notifications gets it."""

    id: str
    kind: events_pb2.MessageKind.ValueType
    to: str
    values: dict[str, str]
    withdrawn: bool


async def letters(town: Town, person_id: UUID) -> list[Letter]:
    """What was sent to a person, in order."""
    found: list[Letter] = []
    rows = sorted(await town.rows(outbox), key=lambda row: row.id)
    dead = {
        events_pb2.MessageWithdrawn.FromString(row.payload).message_id
        for row in rows
        if row.type.endswith(".MessageWithdrawn")
    }
    for row in rows:
        if not row.type.endswith(".MessageSealed"):
            continue
        message = events_pb2.MessageSealed.FromString(row.payload)
        if message.person_id == str(person_id):
            content = json.loads(town.unsealer.open(message.sealed))
            found.append(
                Letter(
                    message.message_id,
                    message.kind,
                    content["to"],
                    content["values"],
                    withdrawn=message.message_id in dead,
                )
            )
    return found


@dataclass
class Newcomer:
    """A person who is signed in; each call is one of the gateway's."""

    town: Town
    registered: Registered
    login: str
    session: sessions_pb2.Session
    email: str = field(default_factory=an_email)
    mobile: str = field(default_factory=a_mobile)

    @property
    def _activation(self) -> activation_pb2_grpc.ActivationServiceAsyncStub:
        return activation_pb2_grpc.ActivationServiceStub(self.town.doors.channel)

    @property
    def contacts(self) -> contacts_pb2_grpc.ContactsServiceAsyncStub:
        """The stub of contacts."""
        return contacts_pb2_grpc.ContactsServiceStub(self.town.doors.channel)

    @property
    def corrections(self) -> corrections_pb2_grpc.CorrectionsServiceAsyncStub:
        """The stub of corrections."""
        return corrections_pb2_grpc.CorrectionsServiceStub(self.town.doors.channel)

    @property
    def signed(self) -> tuple[tuple[str, str]]:
        """The metadata of a call."""
        return bearer(self.session)

    # --- activation ---

    async def standing(self) -> activation_pb2.Activation:
        """Ask where one stands."""
        request = activation_pb2.GetActivationRequest()
        reply = await self._activation.GetActivation(request, timeout=DEADLINE, metadata=self.signed)
        return reply.activation

    async def confirm_data(self, gender: str = "") -> activation_pb2.Activation:
        """Say that the data are right."""
        request = activation_pb2.ConfirmMyDataRequest(gender=gender)
        reply = await self._activation.ConfirmMyData(request, timeout=DEADLINE, metadata=self.signed)
        return reply.activation

    async def give_contacts(
        self, email: str | None = None, mobile: str | None = None
    ) -> activation_pb2.Activation:
        """Give both contacts."""
        request = activation_pb2.GiveContactsRequest(
            email=self.email if email is None else email, mobile=self.mobile if mobile is None else mobile
        )
        reply = await self._activation.GiveContacts(request, timeout=DEADLINE, metadata=self.signed)
        return reply.activation

    async def set_password(self, password: str = PERMANENT) -> activation_pb2.Activation:
        """Set the permanent password."""
        request = activation_pb2.SetFirstPasswordRequest(password=password)
        reply = await self._activation.SetFirstPassword(request, timeout=DEADLINE, metadata=self.signed)
        return reply.activation

    async def send_codes(self) -> activation_pb2.Activation:
        """Ask for link and code once more."""
        request = activation_pb2.SendActivationCodesRequest()
        reply = await self._activation.SendActivationCodes(request, timeout=DEADLINE, metadata=self.signed)
        return reply.activation

    async def confirm_mobile(self, code: str) -> activation_pb2.Activation:
        """Give the code back."""
        request = activation_pb2.ConfirmActivationMobileRequest(code=code)
        reply = await self._activation.ConfirmActivationMobile(
            request, timeout=DEADLINE, metadata=self.signed
        )
        return reply.activation

    async def finish(self) -> sessions_pb2.Session:
        """Finish; the session that comes of it is not taken over."""
        request = activation_pb2.FinishActivationRequest()
        reply = await self._activation.FinishActivation(request, timeout=DEADLINE, metadata=self.signed)
        return reply.session

    async def follow(self, link: str) -> bool:
        """Open the link, press its button; whether an activation goes on."""
        return await follow(self.town, link)

    async def up_to(self, step: activation_pb2.ActivationStep.ValueType) -> Newcomer:
        """Do everything before a step."""
        if step > Step.ACTIVATION_STEP_CONFIRM_DATA:
            await self.confirm_data()
        if step > Step.ACTIVATION_STEP_GIVE_CONTACTS:
            await self.give_contacts()
        if step > Step.ACTIVATION_STEP_SET_PASSWORD:
            await self.set_password()
        if step > Step.ACTIVATION_STEP_CONFIRM_CONTACTS:
            await self.follow(await self.last_link())
            await self.confirm_mobile(await self.last_code())
        if step > Step.ACTIVATION_STEP_FINISH:
            self.session = await self.finish()
        return self

    # --- what was sent ---

    async def letters(self, kind: events_pb2.MessageKind.ValueType) -> list[Letter]:
        """What was sent of a kind."""
        return [each for each in await letters(self.town, self.registered.person_id) if each.kind == kind]

    async def last_code(self) -> str:
        """The code of the last SMS."""
        return (await self.letters(Kind.MESSAGE_KIND_CONFIRM_MOBILE))[-1].values["code"]

    async def last_link(self) -> str:
        """The link of the last e-mail."""
        return (await self.letters(Kind.MESSAGE_KIND_CONFIRM_EMAIL))[-1].values["link"]

    async def enter(self, password: str) -> sessions_pb2.Session:
        """Sign in by the password door."""
        return (await self.town.doors.enter_with_password(self.login, password)).session


async def follow(town: Town, link: str) -> bool:
    """Press the button behind a link, in whatever browser."""
    request = contacts_pb2.ConfirmEmailRequest(token=link.rpartition("/")[2])
    stub = contacts_pb2_grpc.ContactsServiceStub(town.doors.channel)
    return (await stub.ConfirmEmail(request, timeout=DEADLINE)).in_activation


async def issue(town: Town, registered: Registered) -> None:
    """What the school's slip is in the register: a temporary password, good for thirty days."""
    now = town.clock.now()
    async with town.database.transaction() as tx:
        await tx.execute(
            update(accounts)
            .where(accounts.c.id == registered.account_id)
            .values(
                activated_at=None,
                password_set_at=None,
                temporary_until=now + timedelta(days=30),
                issued_at=now,
                issued_count=accounts.c.issued_count + 1,
            )
        )


async def newcomer(
    town: Town,
    name: str = "Королёва Алёна Сергеевна",
    *,
    snils: str | None = None,
    school_id: UUID | None = None,
) -> Newcomer:
    """Somebody who has just entered with the slip."""
    login = f"newcomer-{next(_numbers)}"
    roles = {school_id: frozenset({Role.GUARDIAN})} if school_id else None
    registered = await town.register(name, login=login, password=TEMPORARY, snils=snils, roles=roles)
    await issue(town, registered)
    session = (await town.doors.enter_with_password(login, TEMPORARY)).session
    return Newcomer(town, registered, login, session)
