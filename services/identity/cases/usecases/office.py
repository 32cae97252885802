"""What a school's registrar and the region's operator do with cases."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncConnection

from school.identity.v1.events_pb2 import MessageKind
from services.identity.cases.rules import (
    ASKS_FOR_PROOF,
    FITTING,
    KEPT_CLOSED,
    Case,
    CaseClosed,
    Kind,
    OtherSchoolDecides,
    Resolution,
    State,
    UnknownCase,
    taken_over,
)
from services.identity.cases.storage import cases as storage
from services.identity.cases.storage import people
from services.identity.cases.storage.people import Involved
from services.identity.cases.usecases.opening import Cases, tell_asker
from services.identity.corrections import storage as corrections
from services.identity.corrections.following import follow
from services.identity.corrections.rules import Data, Field, OwnData
from services.identity.families.usecases.relating import Relating
from services.identity.keyring import Keyring
from services.identity.people.rights import operates, registers, require_registrar
from services.identity.people.rules import SnilsTaken, UnknownPerson
from services.identity.people.storage import snils_digests
from services.identity.telling.usecases import Telling
from services.identity.words import ReasonNeeded, reason_given
from services.kit.caller import Caller
from services.kit.clock import Clock
from services.kit.database import Database, Transaction, clash_raises
from services.kit.errors import RoleNeeded
from services.kit.paging import Page, PageWish
from services.kit.rpc.policy import require_recent


@dataclass(frozen=True, slots=True)
class Office:
    """For which schools somebody decides."""

    person_id: UUID
    schools: frozenset[UUID]
    region: bool = False
    """Every school's: an operator."""

    def sees(self, case: Case) -> bool:
        """Whether a case is theirs as well."""
        return self.region or bool(self.schools & case.school_ids)

    def knows(self, one: Involved) -> bool:
        """Whether somebody is at one of their schools, so that they may read the data."""
        return self.region or bool(self.schools & one.school_ids)


@dataclass(frozen=True, slots=True)
class Seen:
    """A case as somebody sees it."""

    case: Case
    people: tuple[tuple[Involved, bool], ...]
    """Whom it is about, and whether the viewer may read their data."""
    may_keep: frozenset[UUID] = frozenset()
    """Whom the viewer may let keep the SNILS."""


@dataclass(frozen=True, slots=True)
class Decision:
    """How somebody wants a case to end."""

    resolution: Resolution
    reason: str = ""
    person_id: UUID | None = None
    """Who keeps the SNILS."""


class EndBinding(Protocol):
    """What ends a binding for somebody else's sake."""

    async def lock_theirs(
        self, tx: Transaction, caller: Caller, school_ids: Collection[UUID], person_id: UUID
    ) -> UUID:
        """The account of a person, locked: of one of these schools, of any when there are none.

        Raises:
            UnknownPerson, OwnCredentials, EmployeeAccount: the caller has no say about it.
            NotBound: there is nothing to unbind.
        """
        ...

    async def end_locked(
        self, tx: Transaction, caller: Caller, account_id: UUID, person_id: UUID, *, wrong_person: bool
    ) -> None:
        """Unbind it, and end all that is open. Raises `NotBound`."""
        ...


class CaseOffice:
    """The queue and its answers.

    Args:
        cases: closes what a decision makes groundless.
        bindings: ends those that a decision ends.
        relating: the part of families when a pupil's birth date changes.
        zone: in which a birth date lies in the past.
    """

    def __init__(
        self,
        database: Database,
        cases: Cases,
        *,
        bindings: EndBinding,
        relating: Relating,
        keyring: Keyring,
        telling: Telling,
        zone: ZoneInfo,
        clock: Clock,
    ) -> None:
        self._database = database
        self._cases = cases
        self._bindings = bindings
        self._relating = relating
        self._keyring = keyring
        self._telling = telling
        self._zone = zone
        self._clock = clock

    async def at_school(self, caller: Caller, school_id: UUID, wish: PageWish) -> Page[Seen]:
        """The open cases of the caller's school. Raises `NotTheirSchool`."""
        async with self._database.read() as connection:
            await require_registrar(connection, caller, school_id)
            office = Office(caller.person_id, frozenset({school_id}))
            return await self._page(connection, office, school_id, wish)

    async def in_region(self, caller: Caller, wish: PageWish) -> Page[Seen]:
        """The open cases of the region. Raises `RoleNeeded`."""
        async with self._database.read() as connection:
            if not await operates(connection, caller):
                raise RoleNeeded
            office = Office(caller.person_id, frozenset(), region=True)
            return await self._page(connection, office, None, wish)

    async def one(self, caller: Caller, case_id: UUID) -> Seen:
        """A case that the caller may see. Raises `UnknownCase`."""
        async with self._database.read() as connection:
            case, office = await self._theirs(connection, caller, case_id)
            (seen,) = await self._seen(connection, office, [case])
        return seen

    async def mine(self, caller: Caller) -> list[Case]:
        """The cases about the caller of the last year, the newest first."""
        since = self._clock.now() - KEPT_CLOSED
        async with self._database.read() as connection:
            return await storage.of_person(connection, self._keyring, caller.person_id, since=since)

    async def resolve(self, caller: Caller, case_id: UUID, decision: Decision) -> Seen:
        """Settle a case; what the decision says happens in this transaction, and the person is told.

        Raises:
            StepUpNeeded: it changes something, and the caller has not shown lately who they are.
            UnknownCase: there is none, or none of theirs.
            CaseClosed: somebody else settled it, or its reason is gone.
            ResolutionUnfit: such a case cannot end like that.
            OwnData: it is about the caller.
            ReasonNeeded: the register is kept without saying why.
            UnknownPerson: who shall keep the SNILS does not claim it.
            OtherSchoolDecides: it would be taken from a person of another school.
            SnilsTaken: meanwhile somebody else claims it.
            BadField: what ESIA said cannot be registered.
        """
        if decision.resolution in ASKS_FOR_PROOF:
            require_recent(caller, now=self._clock.now())
        why = reason_given(decision.reason)
        with clash_raises(SnilsTaken, of="people_one_per_snils"):
            async with self._database.transaction() as tx:
                case, office = await self._theirs(tx.connection, caller, case_id)
                # Persons and accounts before cases, as everywhere: whoever changes or refuses them comes to
                # their cases afterwards.
                await people.lock(tx.connection, case.person_ids)
                account_id = await self._bound_account(tx, caller, office, case, decision)
                locked = await storage.one(tx.connection, self._keyring, case_id, for_update=True)
                case = locked or case
                case.require_fit(decision.resolution)
                if caller.person_id in case.person_ids:
                    raise OwnData
                closed = case.resolved(
                    decision.resolution, by=caller.person_id, at=self._clock.now(), reason=why
                )
                if closed is not None:
                    await self._settle(tx, office, case, closed, decision.person_id)
                    if account_id is not None:
                        await self._bindings.end_locked(
                            tx,
                            caller,
                            account_id,
                            case.person_ids[0],
                            wrong_person=case.kind is Kind.SNILS_DIFFERS,
                        )
                (seen,) = await self._seen(tx.connection, office, [closed or case])
        return seen

    async def _bound_account(
        self, tx: Transaction, caller: Caller, office: Office, case: Case, decision: Decision
    ) -> UUID | None:
        """The account whose profile the decision unbinds; None when it unbinds none."""
        if decision.resolution is not Resolution.UNBIND or case.state is not State.OPEN:
            return None
        case.require_fit(decision.resolution)
        (person_id,) = case.person_ids
        return await self._bindings.lock_theirs(tx, caller, office.schools, person_id)

    async def _settle(
        self, tx: Transaction, office: Office, case: Case, closed: Case, keeper: UUID | None
    ) -> None:
        # First: what follows looks for cases whose reason is gone, and this one is settled, not gone.
        await storage.close(tx.connection, closed)
        match closed.resolution:
            case Resolution.ACCEPT_ESIA:
                await self._accept(tx, office, case)
            case Resolution.KEEPS_SNILS:
                await self._keep_snils(tx, office, case, keeper)
            case Resolution.KEEP_REGISTER:
                await self._keep_register(tx, case, closed.reason)
        tx.audit(
            actor=str(office.person_id),
            action="resolve_case",
            object_kind="case",
            object_id=str(case.id),
            why=": ".join(part for part in (closed.resolution or "", closed.reason) if part),
            subject=case.person_ids[0] if len(case.person_ids) == 1 else None,
        )

    async def _keep_register(self, tx: Transaction, case: Case, reason: str) -> None:
        if not reason:
            raise ReasonNeeded
        kind, values = MessageKind.MESSAGE_KIND_CASE_DISMISSED, {"reason": reason}
        for person_id in case.person_ids:
            await self._telling.tell_everywhere(tx, person_id, kind, values)
        tell_asker(self._telling, tx, case, kind, values, now=self._clock.now())

    async def _accept(self, tx: Transaction, office: Office, case: Case) -> None:
        (person_id,) = case.person_ids
        present = await self._data(tx, person_id)
        right = taken_over(case, present, today=self._clock.today(self._zone))
        await self._correct(tx, office, person_id, present, right, why=case.kind)
        kind = MessageKind.MESSAGE_KIND_CASE_ACCEPTED
        await self._telling.tell_everywhere(tx, person_id, kind, {})
        tell_asker(self._telling, tx, case, kind, {}, now=self._clock.now())

    async def _keep_snils(self, tx: Transaction, office: Office, case: Case, keeper: UUID | None) -> None:
        """The number stays with the one whose papers show it; all others lose it, in this order."""
        claimed = await self._data(tx, keeper) if keeper is not None and keeper in case.person_ids else None
        if claimed is None or claimed.snils is None or keeper is None:
            raise UnknownPerson
        digests = snils_digests(self._keyring, claimed.snils)
        claimants = await people.claimants(tx.connection, digests)
        if not set(claimants) <= set(case.person_ids):
            # Somebody came meanwhile: the case, opened anew, names them all.
            raise CaseClosed
        seen = await people.involved(tx.connection, self._keyring, claimants)
        if keeper not in _may_keep(office, seen.values()):
            raise OtherSchoolDecides
        for loser in claimants:
            if loser != keeper:
                present = await self._data(tx, loser)
                without = Data(present.name, present.birth_date, None)
                await self._correct(tx, office, loser, present, without, why=case.kind)
                await self._telling.tell_everywhere(tx, loser, MessageKind.MESSAGE_KIND_SNILS_REMOVED, {})
        await people.set_disputed(tx.connection, [keeper], disputed=False)

    async def _correct(
        self, tx: Transaction, office: Office, person_id: UUID, present: Data, right: Data, *, why: str
    ) -> None:
        changed = [field for field in Field if present.text(field) != right.text(field)]
        version = 0
        new = right.snils if Field.SNILS in changed else None
        if new is not None and await people.claimants(tx.connection, snils_digests(self._keyring, new)):
            raise SnilsTaken
        for field in changed:
            version = await corrections.correct(tx.connection, self._keyring, person_id, field, right)
            tx.audit(
                actor=str(office.person_id),
                action="correct_person",
                object_kind="person",
                object_id=str(person_id),
                why=f"{field.word}: {why}",
                subject=person_id,
            )
        await follow(
            tx,
            person_id,
            right,
            changed,
            version=version,
            by=office.person_id,
            cases=self._cases,
            relating=self._relating,
        )

    async def _data(self, tx: Transaction, person_id: UUID) -> Data:
        data = await corrections.data_for_update(tx.connection, self._keyring, person_id)
        if data is None:
            raise UnknownPerson
        return data

    async def _theirs(
        self, connection: AsyncConnection, caller: Caller, case_id: UUID
    ) -> tuple[Case, Office]:
        """A case, and as whom the caller sees it. Another school's is as unknown here as none (A34)."""
        case = await storage.one(connection, self._keyring, case_id)
        if case is None:
            raise UnknownCase
        if await operates(connection, caller):
            return case, Office(caller.person_id, frozenset(), region=True)
        own = [each for each in case.school_ids if await registers(connection, caller, each)]
        if not own:
            raise UnknownCase
        return case, Office(caller.person_id, frozenset(own))

    async def _page(
        self, connection: AsyncConnection, office: Office, school_id: UUID | None, wish: PageWish
    ) -> Page[Seen]:
        found = await storage.open_cases(
            connection, self._keyring, school_id, after=wish.after, limit=wish.limit
        )
        page = wish.page(found, lambda case: case.id)
        return Page(await self._seen(connection, office, page.rows), page.next_token)

    async def _seen(self, connection: AsyncConnection, office: Office, cases: Sequence[Case]) -> list[Seen]:
        known = await people.involved(
            connection, self._keyring, {person_id for case in cases for person_id in case.person_ids}
        )
        return [
            _seen(office, case, [known[one] for one in case.person_ids if one in known]) for case in cases
        ]


def _seen(office: Office, case: Case, persons: Sequence[Involved]) -> Seen:
    if case.kind is Kind.SEVERAL_REGISTERED and case.state is State.OPEN:
        # Who was corrected meanwhile claims nothing any more.
        persons = [one for one in persons if one.disputed]
        return Seen(case, _readable(office, persons), _may_keep(office, persons))
    return Seen(case, _readable(office, persons))


def _readable(office: Office, persons: Iterable[Involved]) -> tuple[tuple[Involved, bool], ...]:
    return tuple((one, office.knows(one)) for one in persons)


def _may_keep(office: Office, persons: Iterable[Involved]) -> frozenset[UUID]:
    """Whom they may let keep the number: everybody else who claims it must be theirs, to lose it."""
    everybody = list(persons)
    strangers = [one.person_id for one in everybody if not office.knows(one)]
    match strangers:
        case []:
            return frozenset(one.person_id for one in everybody)
        case [stranger]:
            return frozenset({stranger})
        case _:
            return frozenset()


def resolutions_of(seen: Seen) -> tuple[Resolution, ...]:
    """How a case may end, said by whoever sees it like this."""
    if seen.case.state is not State.OPEN:
        return ()
    fitting = FITTING[seen.case.kind]
    if seen.case.kind is Kind.SEVERAL_REGISTERED and not seen.may_keep:
        return ()
    return tuple(sorted(fitting))
