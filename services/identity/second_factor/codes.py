"""Looking at codes: those of an app and recovery codes, each good once."""

from __future__ import annotations

from uuid import UUID

import pyotp
from pyotp.exceptions import OTPVerificationError

from services.identity.guesses.rules import Scope
from services.identity.guesses.usecases import Guesses
from services.identity.keyring import Keyring
from services.identity.second_factor import storage
from services.identity.second_factor.rules import (
    STEP_S,
    STEPS_ASIDE,
    NoSecondFactor,
    WrongCode,
    is_app_code,
    is_recovery_code,
    typed,
)
from services.identity.second_factor.storage import Factor
from services.kit.clock import Clock
from services.kit.database import Database, Transaction

_RECOVERY = "recovery code"


class Codes:
    """Proves codes of accounts. Guesses are counted before a code is looked at (A21)."""

    def __init__(self, database: Database, keyring: Keyring, guesses: Guesses, clock: Clock) -> None:
        self._database = database
        self._keyring = keyring
        self._guesses = guesses
        self._clock = clock

    async def enrolled(self, account_id: UUID) -> bool:
        """Whether the account has a second factor."""
        async with self._database.read() as connection:
            factor = await storage.factor(connection, account_id)
        return factor is not None and factor.enrolled_at is not None

    async def count_guess(self, account_id: UUID) -> None:
        """Count a guess before it is looked at, outside of the transaction that looks.

        Raises:
            TooManyAttempts: guesses at this account's codes must wait.
        """
        async with self._database.read() as connection:
            await self._guesses.count(connection, Scope.SECOND_FACTOR, str(account_id))

    async def prove(self, tx: Transaction, account_id: UUID, code: str) -> None:
        """Use a code up, in the transaction of what it opens.

        Raises:
            NoSecondFactor: the account has none.
            WrongCode: it is not a present one, or was used before.
        """
        factor = await storage.factor(tx.connection, account_id)
        if factor is None or factor.enrolled_at is None:
            raise NoSecondFactor
        given = typed(code)
        if not await self._spend(tx, account_id, factor, given):
            raise WrongCode

    async def forgive(self, account_id: UUID) -> None:
        """A code was right: the account's guesses are counted anew. After the transaction that used it up."""
        async with self._database.read() as connection:
            await self._guesses.forgive(connection, Scope.SECOND_FACTOR, str(account_id))

    def matching_step(self, account_id: UUID, factor: Factor, code: str) -> int | None:
        """The half minute whose code this is; None when it is of none around now."""
        given = typed(code)
        if not is_app_code(given):
            return None
        secret = self._keyring.open(factor.secret, context=secret_context(account_id))
        try:
            return pyotp.TOTP(secret, interval=STEP_S).verify_and_get_timecode(
                given, for_time=self._clock.now(), valid_window=STEPS_ASIDE
            )
        except OTPVerificationError:
            return None

    async def _spend(self, tx: Transaction, account_id: UUID, factor: Factor, given: str) -> bool:
        step = self.matching_step(account_id, factor, given)
        if step is not None:
            return await storage.spend_step(tx.connection, account_id, factor.secret, step=step)
        if not is_recovery_code(given):
            return False
        digests = [index.digest for index in self._keyring.indexes(given, kind=_RECOVERY)]
        return await storage.spend_recovery_code(tx.connection, account_id, digests, at=self._clock.now())


def secret_context(account_id: UUID) -> str:
    """In which an app's secret is sealed."""
    return f"second factor of {account_id}"


def recovery_kind() -> str:
    """Under which recovery codes are indexed."""
    return _RECOVERY
