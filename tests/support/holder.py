"""Somebody with an account in force, as seen from a device somewhere; and what is sent to them."""

from __future__ import annotations

from collections.abc import Awaitable
from dataclasses import dataclass, field
from itertools import count

import grpc

from school.identity.v1 import (
    accounts_pb2,
    accounts_pb2_grpc,
    contacts_pb2,
    events_pb2,
    passwords_pb2,
    passwords_pb2_grpc,
    sessions_pb2,
    sign_in_pb2,
)
from services.identity.contacts import storage
from services.identity.contacts.rules import Contact, Kind, known_value
from services.kit.client import ADDRESS_KEY, DEVICE_KEY, TIME_ZONE_KEY
from services.kit.rpc.status import refusal
from tests.support.identity import DEADLINE, Registered, Town, bearer
from tests.support.newcomer import Letter, a_mobile, an_email, letters

PASSWORD = "Синий-трамвай-уехал-41"
Message = events_pb2.MessageKind

_numbers = count(1)


@dataclass(frozen=True, slots=True)
class Device:
    """Where a call comes from, as the gateway tells."""

    address: str
    name: str = "Chrome, Android"
    zone: str = "Europe/Moscow"

    @property
    def metadata(self) -> tuple[tuple[str, str], ...]:
        return ((ADDRESS_KEY, self.address), (DEVICE_KEY, self.name), (TIME_ZONE_KEY, self.zone))


@dataclass(frozen=True, slots=True)
class Call:
    """An RPC in progress, as `services.kit.client` knows one."""

    device: Device

    def invocation_metadata(self) -> tuple[tuple[str, str], ...]:
        return self.device.metadata


@dataclass
class Holder:
    """A person with login, password and confirmed contacts; each call is one of the gateway's."""

    town: Town
    registered: Registered
    login: str
    email: str = field(default_factory=an_email)
    mobile: str = field(default_factory=a_mobile)

    @property
    def accounts(self) -> accounts_pb2_grpc.AccountsServiceAsyncStub:
        return accounts_pb2_grpc.AccountsServiceStub(self.town.doors.channel)

    @property
    def passwords(self) -> passwords_pb2_grpc.PasswordsServiceAsyncStub:
        return passwords_pb2_grpc.PasswordsServiceStub(self.town.doors.channel)

    # --- entering ---

    async def enter(
        self, password: str = PASSWORD, *, device: Device | None = None, login: str | None = None
    ) -> sessions_pb2.Session:
        """Sign in by the password door."""
        request = sign_in_pb2.SignInWithPasswordRequest(login=login or self.login, password=password)
        reply = await self.town.doors.sign_in.SignInWithPassword(
            request, timeout=DEADLINE, metadata=device.metadata if device else ()
        )
        return reply.signed_in.session

    # --- the account ---

    async def account(self, session: sessions_pb2.Session) -> accounts_pb2.GetMyAccountResponse:
        request = accounts_pb2.GetMyAccountRequest()
        return await self.accounts.GetMyAccount(request, timeout=DEADLINE, metadata=bearer(session))

    async def rename(self, session: sessions_pb2.Session, login: str) -> str:
        request = accounts_pb2.RenameLoginRequest(login=login)
        reply = await self.accounts.RenameLogin(request, timeout=DEADLINE, metadata=bearer(session))
        return reply.login

    # --- the password ---

    async def judge(
        self, session: sessions_pb2.Session, password: str
    ) -> passwords_pb2.JudgePasswordResponse:
        request = passwords_pb2.JudgePasswordRequest(password=password)
        return await self.passwords.JudgePassword(request, timeout=DEADLINE, metadata=bearer(session))

    async def change(self, session: sessions_pb2.Session, password: str) -> int:
        request = passwords_pb2.ChangePasswordRequest(new_password=password)
        reply = await self.passwords.ChangePassword(request, timeout=DEADLINE, metadata=bearer(session))
        return reply.ended_sessions

    async def forget(
        self, *, by_mobile: bool = False, login: str | None = None, device: Device | None = None
    ) -> passwords_pb2.StartRecoveryResponse:
        """Begin a recovery."""
        kind = contacts_pb2.ContactKind
        request = passwords_pb2.StartRecoveryRequest(
            login=self.login if login is None else login,
            contact=kind.CONTACT_KIND_MOBILE if by_mobile else kind.CONTACT_KIND_EMAIL,
        )
        return await self.passwords.StartRecovery(
            request, timeout=DEADLINE, metadata=device.metadata if device else ()
        )

    async def recover(
        self,
        password: str,
        *,
        token: str = "",
        key: str = "",
        code: str = "",
        device: Device | None = None,
    ) -> None:
        """Complete a recovery."""
        request = passwords_pb2.CompleteRecoveryRequest(
            token=token, recovery_key=key, code=code, new_password=password
        )
        await self.passwords.CompleteRecovery(
            request, timeout=DEADLINE, metadata=device.metadata if device else ()
        )

    # --- what was sent ---

    async def letters(self, kind: events_pb2.MessageKind.ValueType) -> list[Letter]:
        """What was sent of a kind, in order."""
        return [each for each in await letters(self.town, self.registered.person_id) if each.kind == kind]

    async def last_token(self) -> str:
        """The token of the last recovery's link."""
        found = await self.letters(Message.MESSAGE_KIND_RECOVERY_LINK)
        return found[-1].values["link"].rpartition("/")[2]

    async def last_code(self) -> str:
        """The code of the last recovery by SMS."""
        return (await self.letters(Message.MESSAGE_KIND_RECOVERY_CODE))[-1].values["code"]


async def outcome(call: Awaitable[object]) -> str:
    """The machine reason for which a call was refused; "ok" when it was not."""
    try:
        await call
    except grpc.aio.AioRpcError as error:
        return refusal(error).reason
    return "ok"


async def holder(
    town: Town,
    name: str = "Королёва Алёна Сергеевна",
    *,
    contacts: bool = True,
    password: str | None = PASSWORD,
) -> Holder:
    """Register somebody whose account is in force, with confirmed contacts unless not wanted."""
    login = f"holder-{next(_numbers)}x{town.snils()[:9]}"
    found = Holder(town, await town.register(name, login=login, password=password), login)
    if contacts:
        await confirm(found, Kind.EMAIL, found.email)
        await confirm(found, Kind.MOBILE, found.mobile)
    return found


async def confirm(person: Holder, kind: Kind, value: str) -> None:
    """Have a contact in force, as if its proof had come back."""
    town = person.town
    contact = Contact(kind, known_value(kind, value), town.clock.now(), version=1)
    async with town.database.transaction() as tx:
        await storage.save(tx.connection, town.keyring, person.registered.account_id, contact)
