"""Cases as they come and go: opened by whoever notices, closed by themselves when their reason is gone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Final, Protocol
from uuid import UUID
from zoneinfo import ZoneInfo

from school.identity.v1.events_pb2 import MessageKind
from services.identity.cases.rules import (
    GONE_ONCE_EQUAL,
    NEWS_LIFE,
    Case,
    Kind,
    Resolution,
    Said,
    State,
    key_of,
)
from services.identity.cases.storage import cases as storage
from services.identity.cases.storage import people
from services.identity.contacts.rules import Email
from services.identity.corrections.rules import Data, due_at
from services.identity.keyring import Keyring
from services.identity.people.rules import Snils
from services.identity.people.storage import snils_digests
from services.identity.telling.rules import Channel
from services.identity.telling.usecases import Telling
from services.kit.clock import Clock
from services.kit.database import Transaction
from services.kit.ids import new_id

BY_ITSELF: Final = "identity"
"""The actor of what no person did."""


class Agrees(Protocol):
    """The comparison by which profiles are bound."""

    def __call__(self, said: Said, data: Data, /) -> bool:
        """Whether names and birth dates agree, so that a profile with the right SNILS would be bound."""
        ...


class Recheck(Protocol):
    """The comparison of a bound profile with what is registered now."""

    async def __call__(self, tx: Transaction, person_id: UUID, /) -> None:
        """Look at the person's binding, in the transaction that changed their data."""
        ...


class Cases:
    """Opens what has to be settled, and closes what need not be any more.

    Args:
        agrees: whether ESIA and the register say the same.
        recheck: what else follows when the register changes.
        zone: in whose working days schools have to decide.
    """

    def __init__(
        self,
        *,
        keyring: Keyring,
        telling: Telling,
        agrees: Agrees,
        recheck: Recheck,
        zone: ZoneInfo,
        clock: Clock,
    ) -> None:
        self._keyring = keyring
        self._telling = telling
        self._agrees = agrees
        self._recheck = recheck
        self._zone = zone
        self._clock = clock

    async def open(
        self,
        tx: Transaction,
        kind: Kind,
        *,
        person_ids: Iterable[UUID],
        profile: Said | None = None,
        detail: str = "",
        link_id: UUID | None = None,
    ) -> UUID:
        """Have somebody settle it, in the transaction that refuses or notices; returns the case.

        While a case of the same kind, persons and profile is open, it is that one: it learns that it was
        noticed once more, and what ESIA says now. Of several who claim one SNILS the number alone makes the
        case: it is settled by papers, whichever profile came upon it.

        Args:
            tx: that refuses or notices.
            kind: what is to be settled.
            person_ids: whom it is about, at least one.
            profile: what ESIA said; kept sealed until the case is closed. None: no profile is involved.
            detail: a word without personal data: the part of a name that differs.
            link_id: the sign-in by which it was noticed; its browser may ask the school.
        """
        if kind is Kind.SEVERAL_REGISTERED:
            if profile is None or profile.snils is None:
                raise ValueError("who claims one SNILS is found by that SNILS")
            return await self._open_dispute(tx, profile.snils, person_ids)
        persons = tuple(sorted(set(person_ids)))
        subject = self._keyring.index(profile.subject, kind="esia profile").digest if profile else b""
        case = self._new(kind, persons, key_of(kind, persons, subject))
        return await self._open(tx, replace(case, said=profile, detail=detail), link_id=link_id)

    async def dispute(self, tx: Transaction, snils: Snils) -> None:
        """Take everybody who is registered with a SNILS into quarantine, and tell their schools (A32).

        Call it once all of them are registered, in the transaction that registered the last one. A single
        one is left alone.
        """
        digests = snils_digests(self._keyring, snils)
        claimants = await people.claimants(tx.connection, digests)
        if len(claimants) < 2:
            return
        await people.lock(tx.connection, claimants)
        await people.set_disputed(tx.connection, claimants, disputed=True)
        await self._open_dispute(tx, snils, claimants)

    async def alone(self, tx: Transaction, snils: Snils) -> None:
        """Have others who enter the same SNILS as claimed by several wait for this transaction's end."""
        await people.claim_alone(tx.connection, self._keyring.index(snils.digits, kind="snils").digest)

    async def register_changed(
        self, tx: Transaction, person_id: UUID, present: Data, *, given_up: Snils | None = None
    ) -> None:
        """Compare the binding anew, and close cases whose reason is gone, where somebody's data changed.

        Args:
            tx: that changed them; it holds the lock on the person.
            person_id: whose data.
            present: the data now.
            given_up: the SNILS that was the person's and is not any more.
        """
        await self._recheck(tx, person_id)
        for case in await storage.open_of_person(tx.connection, self._keyring, person_id, GONE_ONCE_EQUAL):
            if self._is_gone(case, present):
                await self._lapse(tx, case)
        if given_up is not None:
            await self._left_alone(tx, given_up)

    def _is_gone(self, case: Case, present: Data) -> bool:
        if case.said is None:
            return False
        if case.kind is Kind.SNILS_UNREGISTERED:
            return case.said.snils == present.snils
        return self._agrees(case.said, present)

    async def _left_alone(self, tx: Transaction, snils: Snils) -> None:
        """Who is the last one registered with a SNILS leaves the quarantine."""
        left = await people.claimants(tx.connection, snils_digests(self._keyring, snils))
        if len(left) > 1:
            return
        await people.set_disputed(tx.connection, left, disputed=False)
        case = await storage.open_of_key(tx.connection, self._keyring, self._key_of_dispute(snils))
        if case is not None:
            await self._lapse(tx, case)

    async def _open_dispute(self, tx: Transaction, snils: Snils, person_ids: Iterable[UUID]) -> UUID:
        persons = tuple(sorted(set(person_ids)))
        case = self._new(Kind.SEVERAL_REGISTERED, persons, self._key_of_dispute(snils))
        return await self._open(tx, case, link_id=None)

    async def _open(self, tx: Transaction, new: Case, *, link_id: UUID | None) -> UUID:
        case_id, added = await storage.open_case(tx.connection, self._keyring, new, link_id=link_id)
        if case_id == new.id:
            _audit(tx, "open_case", new, why=new.kind)
        if added and new.kind is Kind.SEVERAL_REGISTERED:
            await self._tell_registrars(tx, added)
        return case_id

    async def _tell_registrars(self, tx: Transaction, person_ids: Iterable[UUID]) -> None:
        seen = await people.involved(tx.connection, self._keyring, list(person_ids))
        at = {school_id for each in seen.values() for school_id in each.school_ids}
        for registrar in await people.registrars_of(tx.connection, at):
            await self._telling.tell_everywhere(tx, registrar, MessageKind.MESSAGE_KIND_SNILS_DISPUTED, {})

    async def _lapse(self, tx: Transaction, case: Case) -> None:
        closed = replace(
            case,
            state=State.LAPSED,
            resolution=Resolution.AGREED,
            closed_at=self._clock.now(),
            said=None,
            email="",
        )
        await storage.close(tx.connection, closed)
        tell_asker(self._telling, tx, case, MessageKind.MESSAGE_KIND_CASE_ACCEPTED, {}, now=self._clock.now())
        _audit(tx, "close_case", closed, why=Resolution.AGREED)

    def _new(self, kind: Kind, person_ids: tuple[UUID, ...], key: bytes) -> Case:
        now = self._clock.now()
        return Case(
            id=new_id(),
            kind=kind,
            person_ids=person_ids,
            school_ids=frozenset(),
            detail="",
            opened_at=now,
            last_at=now,
            due_at=due_at(now, self._zone),
            key=key,
        )

    def _key_of_dispute(self, snils: Snils) -> bytes:
        return key_of(Kind.SEVERAL_REGISTERED, (), self._keyring.index(snils.digits, kind="snils").digest)


def tell_asker(
    telling: Telling,
    tx: Transaction,
    case: Case,
    kind: MessageKind.ValueType,
    values: Mapping[str, str],
    *,
    now: datetime,
) -> None:
    """Tell whoever asked the school to compare, if they said where."""
    if case.email:
        telling.tell(
            tx,
            person_id=None,
            channel=Channel.EMAIL,
            to=Email(case.email).to,
            kind=kind,
            values=values,
            expires_at=now + NEWS_LIFE,
        )


def _audit(tx: Transaction, action: str, case: Case, *, why: str) -> None:
    tx.audit(
        actor=BY_ITSELF,
        action=action,
        object_kind="case",
        object_id=str(case.id),
        why=why,
        subject=case.person_ids[0] if len(case.person_ids) == 1 else None,
    )
