"""Proving by login and password whose account it is."""

from __future__ import annotations

import hashlib

from services.identity.accounts import storage
from services.identity.accounts.rules import (
    LONGEST_LOGIN,
    LONGEST_PASSWORD,
    AccountBlocked,
    TooManyAttempts,
    WrongCredentials,
    normal_login,
)
from services.identity.accounts.storage import Account
from services.identity.passwords import Passwords
from services.kit.clock import Clock
from services.kit.database import Database


class Accounts:
    """Looks at logins and passwords."""

    def __init__(self, database: Database, passwords: Passwords, clock: Clock) -> None:
        self._database = database
        self._passwords = passwords
        self._clock = clock

    async def prove(self, login: str, password: str) -> Account:
        """The account that login and password open. The guess counts before the password is looked at.

        Raises:
            TooManyAttempts: guesses at this login must wait, also a right one.
            WrongCredentials: the login is unknown, has no password, or the password is another.
            AccountBlocked: both are right, and the person may not be in.
        """
        name = normal_login(login[: LONGEST_LOGIN + 1])
        digest = hashlib.sha256(name.encode()).digest()
        async with self._database.read() as connection:
            wait = await storage.count_guess(connection, digest, now=self._clock.now())
            if wait is not None:
                raise TooManyAttempts(wait)
            # Nobody has such a login, and PostgreSQL takes no NUL in a text.
            account = await storage.account_by_login(connection, name) if name.isprintable() else None
        too_long = len(login) > LONGEST_LOGIN or len(password) > LONGEST_PASSWORD
        present = None if account is None or too_long else account.password_hash
        # No connection is held meanwhile.
        matches = await self._passwords.verify(password[:LONGEST_PASSWORD], present)
        if account is None or not matches:
            raise WrongCredentials
        async with self._database.read() as connection:
            await storage.forget_guesses(connection, digest)
        if not account.may_enter:
            raise AccountBlocked
        return account
