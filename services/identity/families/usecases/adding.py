"""A guardian adds a child by the child's own login and password, and calls the child by a short name (R33).

Login and password, with a code where the child has a second factor, only prove the link: nobody is signed in
as the child, and what was issued stays as it is, were it temporary. They prove it once: where the two were
related before, by a term that is over or a relation that was ended, the school has the say.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Protocol
from uuid import UUID
from zoneinfo import ZoneInfo

from services.identity.accounts.storage import Account
from services.identity.accounts.usecases import Accounts
from services.identity.families.rules.adding import (
    AdultsOnly,
    ChildCodeNeeded,
    LabelTaken,
    NotAPupil,
    SchoolDecides,
    require_label,
)
from services.identity.families.rules.relations import (
    OF_AGE,
    BadRelation,
    Child,
    CourtForbids,
    LimitKind,
    NotTheirFamily,
    Relation,
    RelationBasis,
    RelationKind,
)
from services.identity.families.storage import labels, limits, standing
from services.identity.families.storage.children import my_children_now
from services.identity.families.usecases.relating import Relating
from services.identity.people.rules import Role, age_on
from services.kit.caller import Caller
from services.kit.clock import Clock
from services.kit.database import Database, Transaction, clash_raises
from services.kit.ids import new_id


@dataclass(frozen=True, slots=True)
class NewChild:
    """What a guardian knows of a child."""

    login: str = field(repr=False)
    password: str = field(repr=False)
    label: str
    kind: RelationKind
    code: str = field(default="", repr=False)
    """Of the child's second factor, where there is one."""


class ProvesCodes(Protocol):
    """Looks at the codes of second factors."""

    async def enrolled(self, account_id: UUID) -> bool:
        """Whether the account has a second factor."""
        ...

    async def count_guess(self, account_id: UUID) -> None:
        """Count a guess before it is looked at. Raises `TooManyAttempts`."""
        ...

    async def prove(self, tx: Transaction, account_id: UUID, code: str) -> None:
        """Use a code up, in the transaction of what it opens. Raises `NoSecondFactor`, `WrongCode`."""
        ...

    async def forgive(self, account_id: UUID) -> None:
        """A code was right: the account's guesses are counted anew."""
        ...


class Adding:
    """Children by credentials, and what they are called."""

    def __init__(
        self,
        database: Database,
        relating: Relating,
        *,
        accounts: Accounts,
        codes: ProvesCodes,
        zone: ZoneInfo,
        clock: Clock,
    ) -> None:
        self._database = database
        self._relating = relating
        self._accounts = accounts
        self._codes = codes
        self._zone = zone
        self._clock = clock

    async def add(self, caller: Caller, new: NewChild) -> Child:
        """Let the caller stand for the pupil whose login and password they have; again, change the label.

        Raises:
            BadLabel: the label cannot be one.
            TooManyAttempts, WrongCredentials, AccountBlocked: as at the door of the child.
            BadRelation: the login is the caller's own.
            NotAPupil: it is no pupil's.
            ChildCodeNeeded, WrongCode: it has a second factor, and no code of it is shown.
            AdultsOnly: the caller is below 18.
            PupilOfAge: the pupil is not.
            CourtForbids: a court does.
            SchoolDecides: the two were related before.
            LabelTaken: another child of the caller is called so.
        """
        label = require_label(new.label)
        account = await self._accounts.prove(new.login, new.password)
        if Role.PUPIL not in account.person.roles:
            raise NotAPupil
        if account.person.id == caller.person_id:
            raise BadRelation
        guarded = await self._codes.enrolled(account.id)
        if guarded and not new.code.strip():
            raise ChildCodeNeeded
        if guarded:
            await self._codes.count_guess(account.id)
        with clash_raises(LabelTaken, of="child_labels_one_per_guardian"):
            async with self._database.transaction() as tx:
                # The person before the account, as everywhere; what is locked here is read in `_relate`.
                await standing.pupil(tx.connection, account.person.id, lock=True)
                await self._accounts.require_unchanged(tx, account)
                if guarded:
                    await self._codes.prove(tx, account.id, new.code)
                await self._relate(tx, caller, account, new.kind)
                child = await self._call(tx, caller, account.person.id, label)
        if guarded:
            await self._codes.forgive(account.id)
        return child

    async def rename(self, caller: Caller, pupil_id: UUID, label: str) -> Child:
        """Call a child of the caller otherwise.

        Raises:
            BadLabel: the label cannot be one.
            NotTheirFamily: the caller does not stand for the pupil today.
            LabelTaken: another child of the caller is called so.
        """
        wish = require_label(label)
        with clash_raises(LabelTaken, of="child_labels_one_per_guardian"):
            async with self._database.transaction() as tx:
                return await self._call(tx, caller, pupil_id, wish)

    async def _relate(self, tx: Transaction, caller: Caller, account: Account, kind: RelationKind) -> None:
        pupil_id = account.person.id
        pupil = await standing.pupil(tx.connection, pupil_id, lock=True)
        schools = await standing.schools_of_pupil(tx.connection, pupil_id)
        if pupil is None or not schools:
            raise NotAPupil
        today = await self._relating.today(tx.connection, schools[0])
        before = await standing.relation_of_pair(tx.connection, caller.person_id, pupil_id)
        if before is not None and before.holds_on(today):
            return
        forbidden = await limits.limits_of_pair(tx.connection, caller.person_id, pupil_id, on=today)
        if LimitKind.NO_ACCESS in forbidden:
            raise CourtForbids
        if await standing.were_related(tx.connection, caller.person_id, pupil_id):
            raise SchoolDecides
        myself = await standing.pupil(tx.connection, caller.person_id)
        if myself is None or age_on(myself.birth_date, today) < OF_AGE:
            raise AdultsOnly
        wish = Relation(
            new_id(),
            caller.person_id,
            pupil_id,
            schools[0],
            kind,
            valid_from=today,
            valid_until=None,
            basis=RelationBasis.CREDENTIALS,
        )
        await self._relating.begin(tx, wish, pupil, by=caller.person_id)

    async def _call(self, tx: Transaction, caller: Caller, pupil_id: UUID, label: str) -> Child:
        now = self._clock.now()
        mine = await my_children_now(tx.connection, caller.person_id, now=now, zone=self._zone)
        present = {child.person_id for child in mine.present}
        if pupil_id not in present:
            raise NotTheirFamily
        if not await labels.set_label(
            tx.connection, caller.person_id, pupil_id, label, present=present, at=now
        ):
            raise LabelTaken
        child = next(child for child in mine.present if child.person_id == pupil_id)
        return replace(child, label=label)
