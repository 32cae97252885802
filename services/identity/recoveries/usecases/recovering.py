"""A forgotten password: something goes to a confirmed contact, and who brings it back sets a new one."""

from __future__ import annotations

import hmac
import secrets
from uuid import UUID, uuid4

from school.identity.v1.events_pb2 import MessageKind
from services.identity.accounts.rules import LONGEST_LOGIN, normal_login
from services.identity.contacts.recipients import CHANNELS
from services.identity.contacts.rules import Kind
from services.identity.contacts.storage import forget_changes
from services.identity.credentials.rules.refusals import BadPassword
from services.identity.credentials.usecases import Credentials
from services.identity.digests import digest_of
from services.identity.guesses.rules import Scope
from services.identity.guesses.usecases import Guesses
from services.identity.keyring import Keyring
from services.identity.pace import taking_at_least
from services.identity.recoveries import storage
from services.identity.recoveries.rules import (
    CODE_DIGITS,
    LEAST_TIME,
    Recovery,
    RecoveryUnknown,
    Started,
    life_of,
)
from services.identity.sessions.rules import EndReason
from services.identity.sessions.usecases import Sessions
from services.identity.telling.rules import Recipient
from services.identity.telling.usecases import ConfirmedContacts, Telling
from services.kit.client import client
from services.kit.clock import Clock
from services.kit.database import Database, Transaction

_TOKEN_BYTES = 16
_CODE = "password recovery code"
_ADDRESS = "recovery address"


class Recoveries:
    """Begins and completes recoveries.

    Args:
        contacts: where a person has shown to be reached.
        address: of the region, which links begin with; never taken from a request (A18).
    """

    def __init__(
        self,
        database: Database,
        keyring: Keyring,
        *,
        guesses: Guesses,
        credentials: Credentials,
        contacts: ConfirmedContacts,
        sessions: Sessions,
        telling: Telling,
        address: str,
        clock: Clock,
    ) -> None:
        self._database = database
        self._keyring = keyring
        self._guesses = guesses
        self._credentials = credentials
        self._contacts = contacts
        self._sessions = sessions
        self._telling = telling
        self._address = address.rstrip("/")
        self._clock = clock

    async def start(self, login: str, contact: Kind) -> Started:
        """Send a link or code to a confirmed contact of the account, if there is such an account and contact.

        What it answers, and when, is the same in any case (A22).

        Raises:
            TooManyAttempts: recoveries of this login, or from this address, must wait.
        """
        name = normal_login(login[: LONGEST_LOGIN + 1])
        async with self._database.read() as connection:
            await self._guesses.count(connection, Scope.RECOVERY, name)
        async with taking_at_least(LEAST_TIME):
            started = Started(uuid4(), self._clock.now() + life_of(contact))
            if name.isprintable():  # PostgreSQL takes no NUL in a text
                async with self._database.transaction() as tx:
                    await self._send(tx, name, contact, started)
        return started

    async def complete_by_link(self, token: str, password: str) -> None:
        """Set a new password by the token of a link. Raises as `complete_by_code`."""
        async with self._database.read() as connection:
            await self._guesses.count(connection, Scope.RECOVERY_CODE, None)
            recovery = await storage.by_link(connection, digest_of(token), now=self._clock.now())
        if recovery is None:
            raise RecoveryUnknown
        await self._complete(recovery, password)

    async def complete_by_code(self, key: UUID, code: str, password: str) -> None:
        """Set a new password by the code that came to the mobile; all sessions end, the person is told.

        A password that cannot be set uses neither the link nor an attempt up.

        Raises:
            RecoveryUnknown: what was brought back does not hold; it was counted before it was looked at.
            BadPassword: the password breaks rules.
            PasswordMoved: another password was set in the same instant.
            TooManyAttempts: attempts from this address must wait.
        """
        async with self._database.read() as connection:
            await self._guesses.count(connection, Scope.RECOVERY_CODE, None)
            recovery = await storage.count_attempt(connection, key, now=self._clock.now())
        if recovery is None or not self._is_code(recovery, code):
            raise RecoveryUnknown
        try:
            await self._complete(recovery, password)
        except BadPassword:
            async with self._database.read() as connection:
                await storage.uncount_attempt(connection, recovery.id)
            raise

    async def void(self, tx: Transaction, account_id: UUID) -> None:
        """Have no recovery of the account wait any more, nor a change of its contacts.

        The password was set another way, or is another's now; whoever knew the former one may have begun
        either, to come back by it (A6).
        """
        for message_id in (
            *await storage.forget_recoveries(tx.connection, account_id),
            *await forget_changes(tx.connection, account_id),
        ):
            self._telling.withdraw(tx, message_id)

    async def _send(self, tx: Transaction, login: str, contact: Kind, started: Started) -> None:
        holder = await storage.lock_holder(tx.connection, login)
        recipient = None if holder is None else await self._recipient(tx, holder.person_id, contact)
        if holder is None or recipient is None:
            return
        for message_id in await storage.forget_recoveries(tx.connection, holder.account_id, contact=contact):
            self._telling.withdraw(tx, message_id)
        proof_digest, kind, values = self._proof(contact, started.key)
        message_id = self._telling.tell(
            tx,
            person_id=holder.person_id,
            channel=recipient.channel,
            to=recipient.to,
            kind=kind,
            values=values,
            expires_at=started.expires_at,
            language=client().language,
        )
        await storage.insert_recovery(
            tx.connection,
            Recovery(
                id=started.key,
                account_id=holder.account_id,
                person_id=holder.person_id,
                login=login,
                contact=contact,
                address_digest=self._address_digests(recipient)[0],
                proof_digest=proof_digest,
            ),
            begun_at=self._clock.now(),
            expires_at=started.expires_at,
            message_id=message_id,
        )

    def _proof(self, contact: Kind, key: UUID) -> tuple[bytes, MessageKind.ValueType, dict[str, str]]:
        """What is stored of a new proof, and what is sent."""
        if contact is Kind.EMAIL:
            token = secrets.token_urlsafe(_TOKEN_BYTES)
            values = {"link": f"{self._address}/recover/{token}"}
            return digest_of(token), MessageKind.MESSAGE_KIND_RECOVERY_LINK, values
        code = f"{secrets.randbelow(10**CODE_DIGITS):0{CODE_DIGITS}d}"
        return self._code_digests(key, code)[0], MessageKind.MESSAGE_KIND_RECOVERY_CODE, {"code": code}

    async def _complete(self, recovery: Recovery, password: str) -> None:
        new = await self._credentials.prepare(recovery.account_id, password)
        async with self._database.transaction() as tx:
            await storage.lock_account(tx.connection, recovery.account_id)
            if not await storage.take(tx.connection, recovery, now=self._clock.now()):
                raise RecoveryUnknown
            recipient = await self._recipient(tx, recovery.person_id, recovery.contact)
            if recipient is None or recovery.address_digest not in self._address_digests(recipient):
                raise RecoveryUnknown
            await self._credentials.set_password(tx, new)
            await self.void(tx, recovery.account_id)
            await self._sessions.end_all(tx, recovery.account_id, reason=EndReason.PASSWORD_CHANGED)
            kind = MessageKind.MESSAGE_KIND_PASSWORD_CHANGED
            await self._telling.tell_everywhere(tx, recovery.person_id, kind, {})
        async with self._database.read() as connection:
            # What was guessed at is no more: the person need not wait for the guesses of others.
            for scope in (Scope.PASSWORD, Scope.FAMILIAR_PASSWORD):
                await self._guesses.forget(connection, scope, recovery.login)

    async def _recipient(self, tx: Transaction, person_id: UUID, contact: Kind) -> Recipient | None:
        known = await self._contacts(tx.connection, person_id)
        return next((one for one in known if one.channel is CHANNELS[contact]), None)

    def _is_code(self, recovery: Recovery, code: str) -> bool:
        return any(
            hmac.compare_digest(digest, recovery.proof_digest)
            for digest in self._code_digests(recovery.id, code.strip())
        )

    def _code_digests(self, key: UUID, code: str) -> list[bytes]:
        """What may be stored of a code: keyed, because a plain digest of a million codes is soon reversed."""
        return [index.digest for index in self._keyring.indexes(f"{key}\0{code}", kind=_CODE)]

    def _address_digests(self, recipient: Recipient) -> list[bytes]:
        return [index.digest for index in self._keyring.indexes(recipient.to, kind=_ADDRESS)]
