"""Setting a password: judged, hashed beside the loop, put into force in the caller's transaction."""

from __future__ import annotations

from dataclasses import dataclass, field
from uuid import UUID

from services.identity.accounts.rules import NoLogin
from services.identity.credentials import storage
from services.identity.credentials.rules.policy import LONGEST, Known, Policy, Rule, judge
from services.identity.credentials.rules.refusals import BadPassword, PasswordMoved
from services.identity.credentials.storage import Present
from services.identity.credentials.strength import strength
from services.identity.passwords import Passwords
from services.kit.caller import Caller
from services.kit.clock import Clock
from services.kit.database import Database, Transaction
from services.kit.errors import Unauthenticated


@dataclass(frozen=True, slots=True)
class NewPassword:
    """A password that may be set, as what is kept of it."""

    account_id: UUID
    person_id: UUID
    password_hash: str = field(repr=False)
    instead_of: str | None = field(repr=False)
    """The hash in force when it was judged."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """What is to be said about a password before it is set."""

    broken: list[Rule]
    strength: int
    """From 0 (at once) to 4 (not in this life)."""
    least_length: int


class Credentials:
    """Judges and sets passwords; activation, change and recovery all go through here.

    ``new = await credentials.prepare(account_id, password)`` first, outside of any transaction because it
    takes some 40 ms; then ``await credentials.set_password(tx, new)`` in the transaction of the deed.
    """

    def __init__(self, database: Database, passwords: Passwords, policy: Policy, clock: Clock) -> None:
        self._database = database
        self._passwords = passwords
        self._policy = policy
        self._clock = clock

    async def judge(self, caller: Caller, password: str) -> Judgement:
        """What is to be said about a password for the caller's account, before it is set."""
        present = await self._present(caller.account_id)
        broken = await self._broken(password, present.known)
        hard = await self._passwords.aside(strength, password, present.known, broken)
        return Judgement(broken, hard, self._policy.least_length)

    async def prepare(self, account_id: UUID, password: str) -> NewPassword:
        """Judge and hash a password for an account; holds no connection while it does.

        Raises:
            BadPassword: it breaks rules; it may also be the temporary or the present one.
            NoLogin: the account has no login to go with a password.
        """
        present = await self._present(account_id)
        if not present.known.login:
            raise NoLogin
        broken = await self._broken(password, present.known)
        if len(password) <= LONGEST and await self._passwords.verify(password, present.password_hash):
            broken.append(Rule.TEMPORARY if present.is_temporary else Rule.SAME)
        if broken:
            raise BadPassword(broken)
        password_hash = await self._passwords.hash(password)
        return NewPassword(account_id, present.person_id, password_hash, present.password_hash)

    async def set_password(self, tx: Transaction, new: NewPassword) -> None:
        """Put a prepared password into force; the temporary one, if there was one, is dead.

        Ending sessions and telling the person is the caller's part.

        Raises:
            PasswordMoved: another password was set since it was prepared.
        """
        moved = await storage.replace_password(
            tx.connection,
            new.account_id,
            new.password_hash,
            instead_of=new.instead_of,
            now=self._clock.now(),
        )
        if not moved:
            raise PasswordMoved
        tx.audit(
            actor=str(new.person_id),
            action="set_password",
            object_kind="account",
            object_id=str(new.account_id),
            subject=new.person_id,
        )

    async def _present(self, account_id: UUID) -> Present:
        async with self._database.read() as connection:
            present = await storage.present(connection, account_id)
        if present is None:  # erased while its last access token lived on
            raise Unauthenticated
        return present

    async def _broken(self, password: str, known: Known) -> list[Rule]:
        return await self._passwords.aside(judge, password, known, self._policy)
