"""Proving by login and password whose account it is; seeing one's own, and changing its login once."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from school.identity.v1.events_pb2 import MessageKind
from services.identity.accounts import storage
from services.identity.accounts.rules import (
    LONGEST_LOGIN,
    LONGEST_PASSWORD,
    AccountBlocked,
    LoginRenamedBefore,
    LoginTaken,
    NoLogin,
    PersonLeft,
    WrongCredentials,
    new_login,
    normal_login,
)
from services.identity.accounts.storage import Account, MyAccount
from services.identity.devices.usecases import Devices
from services.identity.guesses.rules import Scope
from services.identity.guesses.usecases import Guesses
from services.identity.passwords import Passwords
from services.identity.telling.usecases import Telling
from services.kit.caller import Caller
from services.kit.clock import Clock
from services.kit.database import Database, Transaction
from services.kit.errors import Unauthenticated

# Whose networks are asked for when nobody has the login: both cases ask the same (A22).
_NOBODY = UUID(int=0)


class Accounts:
    """Looks at logins and passwords."""

    def __init__(
        self, database: Database, passwords: Passwords, guesses: Guesses, devices: Devices, clock: Clock
    ) -> None:
        self._database = database
        self._passwords = passwords
        self._guesses = guesses
        self._devices = devices
        self._clock = clock

    async def prove(self, login: str, password: str) -> Account:
        """The account that login and password open. The guess counts before the password is looked at.

        Guesses from networks that the account was entered from are counted apart from those of the rest of
        the world: a stranger's guesses do not shut its person out at home (A21).

        Raises:
            TooManyAttempts: guesses at this login, from this address or its network must wait, a right one
                too.
            WrongCredentials: the login is unknown, has no password, the password is another, or it is a
                temporary one past its days.
            AccountBlocked, PersonLeft: both are right, and the person may not be in.
        """
        name = normal_login(login[: LONGEST_LOGIN + 1])
        async with self._database.read() as connection:
            # Nobody has such a login, and PostgreSQL takes no NUL in a text.
            account = await storage.account_by_login(connection, name) if name.isprintable() else None
            familiar = await self._devices.familiar(connection, account.person.id if account else _NOBODY)
            scope = Scope.FAMILIAR_PASSWORD if familiar else Scope.PASSWORD
            await self._guesses.count(connection, scope, name)
        too_long = len(login) > LONGEST_LOGIN or len(password) > LONGEST_PASSWORD
        present = None if account is None or too_long else account.password_hash
        # No connection is held meanwhile.
        matches = await self._passwords.verify(password[:LONGEST_PASSWORD], present)
        if account is None or present is None or not matches or self._is_past(account):
            raise WrongCredentials
        async with self._database.read() as connection:
            await self._guesses.forgive(connection, scope, name)
            await self._renew(connection, account.id, password, present)
        if not account.may_enter:
            raise PersonLeft if account.left else AccountBlocked
        return account

    async def require_unchanged(self, tx: Transaction, account: Account) -> None:
        """Make sure that what was proven still opens the account, in the transaction of what it opens.

        A password is looked at while nothing is locked; meanwhile another one may have been set, and every
        session that the former one had opened has ended (A6); or the person is something no more (A16).

        Raises:
            WrongCredentials: the account has changed, or its person.
        """
        if not await storage.is_unchanged(tx.connection, account):
            raise WrongCredentials

    def _is_past(self, account: Account) -> bool:
        """Whether the password is a temporary one whose days are over (A23)."""
        return account.temporary_until is not None and account.temporary_until <= self._clock.now()

    async def _renew(
        self, connection: AsyncConnection, account_id: UUID, password: str, present: str
    ) -> None:
        """Keep the password at the present cost of hashes, once it is known in clear."""
        if self._passwords.is_outdated(present):
            fresh = await self._passwords.hash(password)
            await storage.renew_hash(connection, account_id, fresh, instead_of=present)


class Logins:
    """A person's own account, and the one change of its login."""

    def __init__(self, database: Database, guesses: Guesses, telling: Telling, clock: Clock) -> None:
        self._database = database
        self._guesses = guesses
        self._telling = telling
        self._clock = clock

    async def mine(self, caller: Caller) -> MyAccount:
        """What the caller has to enter with."""
        async with self._database.read() as connection:
            found = await storage.my_account(connection, caller.account_id)
        if found is None:  # erased while its last access token lived on
            raise Unauthenticated
        return found

    async def rename(self, caller: Caller, wish: str) -> str:
        """Change the caller's login, once ever; the old one stays reserved and opens nothing (R15).

        Returns:
            The login as it is kept.

        Raises:
            BadLogin: no login can be spelled so.
            NoLogin: the school has issued none.
            LoginRenamedBefore: the one change is spent.
            LoginTaken: an account has or had this login, or one that looks like it.
            TooManyAttempts: too many were taken; whoever asks on learns which logins there are.
        """
        login = new_login(wish)
        present = await self.mine(caller)
        if present.login is None:
            raise NoLogin
        if not present.can_rename:
            raise LoginRenamedBefore
        async with self._database.read() as connection:
            await self._guesses.count(connection, Scope.LOGIN, str(caller.account_id))
        now = self._clock.now()
        async with self._database.transaction() as tx:
            # Calls of one account go one by one: a reservation holds its account, which is changed next, so
            # two that had both reserved would wait for each other.
            await storage.lock_account(tx.connection, caller.account_id)
            # The reservation decides between accounts, the condition on the account between calls of one.
            if not await storage.reserve_login(tx.connection, login, account_id=caller.account_id, now=now):
                raise LoginTaken
            if not await storage.rename_login(tx.connection, caller.account_id, login, now=now):
                raise LoginRenamedBefore
            tx.audit(
                actor=str(caller.person_id),
                action="rename_login",
                object_kind="account",
                object_id=str(caller.account_id),
                subject=caller.person_id,
            )
            kind = MessageKind.MESSAGE_KIND_LOGIN_RENAMED
            await self._telling.tell_everywhere(tx, caller.person_id, kind, {})
        return login
