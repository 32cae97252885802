"""Counting guesses before they are looked at, whatever is guessed."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncConnection

from services.identity.guesses import storage
from services.identity.guesses.rules import Allowances, Scope, TooManyAttempts, origin_of
from services.identity.guesses.storage import Key
from services.identity.keyring import Keyring
from services.kit.client import client
from services.kit.clock import Clock

_SENDING = frozenset({Scope.RECOVERY, Scope.SCHOOL_WATCH, Scope.CASE_LETTER})
"""Each guess sends a message."""


class Guesses:
    """The guard of everything that can be guessed.

    ``await guesses.count(connection, Scope.PASSWORD, login)`` before the guess is looked at, and
    ``await guesses.forgive(connection, Scope.PASSWORD, login)`` when it was right. The address of the RPC in
    progress is counted beside the subject; kept are keyed digests alone.
    """

    def __init__(self, keyring: Keyring, allowances: Allowances, clock: Clock) -> None:
        self._keyring = keyring
        self._allowances = allowances
        self._clock = clock

    async def count(self, connection: AsyncConnection, scope: Scope, subject: str | None) -> None:
        """Count a guess as if it had failed.

        Args:
            connection: one for reading: the count must stand whatever becomes of the guess's transaction.
            scope: what is guessed.
            subject: at what; None: only where the guess comes from is counted.

        Raises:
            TooManyAttempts: guesses at it, from this address or from its network must wait; it was not
                counted.
        """
        keys = self._keys(self._subject(scope, subject))
        wait = await storage.count(connection, keys, now=self._clock.now())
        if wait is not None:
            raise TooManyAttempts(wait)

    async def forgive(self, connection: AsyncConnection, scope: Scope, subject: str | None) -> None:
        """The guess was right: the subject's count begins anew, and the address is charged nothing for it.

        ``connection``: best one for reading; inside a transaction, everybody behind the same address waits
        for its end.
        """
        key = self._subject(scope, subject)
        await storage.forgive(
            connection, self._keys(key), subject=key.digest if key else None, now=self._clock.now()
        )

    async def forget(self, connection: AsyncConnection, scope: Scope, subject: str) -> None:
        """The subject's count begins anew: what was guessed at is no longer what it was."""
        await storage.forget(connection, self._digest(scope, subject))

    def _subject(self, scope: Scope, subject: str | None) -> Key | None:
        if subject is None:
            return None
        allowances = self._allowances
        allowance = allowances.recovery if scope in _SENDING else allowances.subject
        return Key(self._digest(scope, subject), allowance)

    def _keys(self, subject: Key | None) -> list[Key]:
        keys = [subject] if subject else []
        origin = origin_of(client().address)
        if origin is not None:
            keys.append(Key(self._digest("address", origin.address), self._allowances.address))
            keys.append(Key(self._digest("network", origin.network), self._allowances.network))
        return keys

    def _digest(self, kind: str, text: str) -> bytes:
        return self._keyring.index(text, kind=f"guesses: {kind}").digest
