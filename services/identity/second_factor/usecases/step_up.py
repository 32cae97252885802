"""Showing once more who one is, by password, before a change that asks for it."""

from __future__ import annotations

from services.identity.accounts.rules import WrongCredentials
from services.identity.accounts.storage import login_of_account
from services.identity.accounts.usecases import Accounts
from services.identity.second_factor.codes import Codes
from services.identity.second_factor.rules import WrongCode
from services.identity.sessions.minting import Tokens
from services.identity.sessions.rules import NoPassword
from services.identity.sessions.usecases import Sessions
from services.kit.caller import Caller
from services.kit.database import Database


class StepUps:
    """Opens the gate for dangerous changes, for five minutes."""

    def __init__(self, database: Database, accounts: Accounts, codes: Codes, sessions: Sessions) -> None:
        self._database = database
        self._accounts = accounts
        self._codes = codes
        self._sessions = sessions

    async def with_password(self, caller: Caller, password: str, code: str) -> Tokens:
        """A new session in the place of the caller's, whose person has just shown who they are.

        Raises:
            NoPassword: the account has none.
            WrongCredentials, TooManyAttempts, AccountBlocked: see `Accounts.prove`.
            WrongCode: the account has a second factor, and the code is not one of it.
            SessionEnded: the session is over.
        """
        async with self._database.read() as connection:
            login = await login_of_account(connection, caller.account_id)
        if login is None:
            raise NoPassword
        account = await self._accounts.prove(login, password)
        if account.id != caller.account_id:
            raise WrongCredentials  # the login went to another account meanwhile
        coded = await self._codes.enrolled(caller.account_id)
        if coded:
            if not code:
                raise WrongCode
            await self._codes.count_guess(caller.account_id)
        async with self._database.transaction() as tx:
            if coded:
                await self._codes.prove(tx, caller.account_id, code)
            tokens = await self._sessions.replace(tx, caller, shown=True, second_factor=coded)
        if coded:
            await self._codes.forgive(caller.account_id)
        return tokens
