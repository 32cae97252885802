"""Giving and withdrawing consents; what follows from a withdrawal happens in the same transaction."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol
from uuid import UUID
from zoneinfo import ZoneInfo

from services.identity.consents import storage
from services.identity.consents.rules import (
    Consent,
    NotTheirChild,
    Purpose,
    Recorded,
    TextOutdated,
    UnknownConsent,
    UnknownText,
)
from services.identity.families.storage import children_of
from services.identity.people.rules import FullName, UnknownPerson
from services.kit.caller import Caller
from services.kit.clock import Clock
from services.kit.database import Database, Transaction
from services.kit.ids import new_id


class Closing(Protocol):
    """Closes accounts whose data nobody consents to any more."""

    async def close(self, tx: Transaction, person_id: UUID, *, by: UUID) -> None:
        """Close a person's account at once, and have it erased; nothing when there is none."""
        ...

    async def reopen(self, tx: Transaction, person_id: UUID) -> None:
        """Take a closing back that has not become an erasure yet; nothing when there is none."""
        ...


@dataclass(frozen=True, slots=True)
class Shown:
    """A consent with the name of whom it is about."""

    consent: Consent
    subject: FullName


class Consents:
    """The registry of consents (R35).

    Args:
        database: where it is.
        closing: what a withdrawal of the diary's own purpose leads to.
        zone: whose days count: a guardian consents for a pupil while they stand for them.
        clock: what time it is.
    """

    def __init__(self, database: Database, closing: Closing, zone: ZoneInfo, clock: Clock) -> None:
        self._database = database
        self._closing = closing
        self._zone = zone
        self._clock = clock

    async def mine(self, caller: Caller) -> tuple[list[Recorded], list[Shown]]:
        """The texts in force, and what the caller has given, the newest first."""
        async with self._database.read() as connection:
            texts = await storage.in_force(connection)
            given = await storage.given_by(connection, caller.person_id)
        return texts, [Shown(consent, name) for consent, name in given]

    async def text(self, text_id: str) -> Recorded:
        """A text as it was consented to. Raises `UnknownText`."""
        async with self._database.read() as connection:
            found = await storage.text_of(connection, text_id)
        if found is None:
            raise UnknownText
        return found

    async def give(self, caller: Caller, text_id: str, *, subject_id: UUID | None) -> Shown:
        """Consent to the text in force, for the caller or a pupil; again to the same one changes nothing.

        Raises:
            NotTheirChild: the caller does not stand for the pupil today.
            UnknownText, TextOutdated: there is no such text, or a newer one.
        """
        async with self._database.transaction() as tx:
            subject = subject_id or caller.person_id
            if subject != caller.person_id:
                await self._require_child(tx, caller.person_id, subject)
            text = await storage.text_of(tx.connection, text_id)
            if text is None:
                raise UnknownText
            present = await self._in_force(tx, text.text.purpose)
            if present.text.id != text_id:
                raise TextOutdated
            consent = await self._give(tx, present, caller.person_id, subject, recorded_by=None)
            name = await storage.name_of(tx.connection, subject)
        if name is None:
            raise UnknownPerson
        return Shown(consent, name)

    async def record_on_paper(
        self,
        tx: Transaction,
        *,
        giver_id: UUID,
        subject_id: UUID,
        employee_id: UUID,
        purpose: Purpose = Purpose.DIARY,
    ) -> Consent:
        """Record a consent that an employee was shown on paper, in the transaction of what it is for.

        To the text in force; again to the same one changes nothing. Whether the giver stands for the subject
        is for the employee to verify.

        Raises:
            UnknownText: no text is recorded yet: the service has only just begun.
        """
        text = await self._in_force(tx, purpose)
        return await self._give(tx, text, giver_id, subject_id, recorded_by=employee_id)

    async def withdraw(self, caller: Caller, consent_id: UUID) -> tuple[Shown, bool]:
        """Withdraw a consent, and with it all that the caller gave for the same subject and purpose.

        Withdrawing a withdrawn one succeeds. When by that nobody consents to the diary for the subject any
        more, the subject's account is closed at once, and erased after the time of any erasure; not by
        somebody who stands for the subject no more.

        Returns:
            The consent as it is now, and whether the caller's own account was closed.

        Raises:
            UnknownConsent: the caller has given no such consent.
            LastOperator: nobody else could run the region.
        """
        async with self._database.transaction() as tx:
            consent = await storage.by_id(tx.connection, consent_id, caller.person_id)
            if consent is None:
                raise UnknownConsent
            # Also for the check below: of two guardians who withdraw at once, one is the last.
            await storage.lock_subject(tx.connection, consent.subject_id)
            consent = await storage.by_id(tx.connection, consent_id, caller.person_id) or consent
            closed = consent.withdrawn_at is None and await self._withdraw(tx, consent)
            consent = await storage.by_id(tx.connection, consent_id, caller.person_id) or consent
            name = await storage.name_of(tx.connection, consent.subject_id)
        if name is None:
            raise UnknownPerson
        return Shown(consent, name), closed and consent.subject_id == caller.person_id

    async def _withdraw(self, tx: Transaction, consent: Consent) -> bool:
        await storage.withdraw(
            tx.connection, consent.giver_id, consent.subject_id, consent.purpose, at=self._clock.now()
        )
        _audit(tx, consent, "withdraw_consent", by=consent.giver_id)
        if consent.purpose is not Purpose.DIARY:
            return False  # `telling` looks before each message
        if await storage.holds(tx.connection, consent.subject_id, Purpose.DIARY):
            return False
        if consent.giver_id != consent.subject_id and not await self._stands_for(
            tx, consent.giver_id, consent.subject_id
        ):
            return False  # whose right has ended has no say over the account any more (A30)
        await self._closing.close(tx, consent.subject_id, by=consent.giver_id)
        return True

    async def _give(
        self, tx: Transaction, text: Recorded, giver_id: UUID, subject_id: UUID, *, recorded_by: UUID | None
    ) -> Consent:
        await storage.lock_subject(tx.connection, subject_id)
        consent = Consent(
            new_id(),
            text.text.id,
            text.text.purpose,
            giver_id,
            subject_id,
            self._clock.now(),
            on_paper=recorded_by is not None,
        )
        if not await storage.give(tx.connection, consent, recorded_by=recorded_by):
            known = await storage.standing(tx.connection, giver_id, subject_id, text.text.id)
            # Nobody can have withdrawn it meanwhile: the subject is locked.
            return known or consent
        _audit(tx, consent, "give_consent", by=recorded_by or giver_id)
        if consent.purpose is Purpose.DIARY:
            await self._closing.reopen(tx, subject_id)
        return consent

    async def _require_child(self, tx: Transaction, guardian_id: UUID, pupil_id: UUID) -> None:
        if not await self._stands_for(tx, guardian_id, pupil_id):
            raise NotTheirChild

    async def _stands_for(self, tx: Transaction, guardian_id: UUID, pupil_id: UUID) -> bool:
        today = self._clock.today(self._zone)
        children = await children_of(tx.connection, guardian_id, today=today)
        return pupil_id in {child.person_id for child in children}

    @staticmethod
    async def _in_force(tx: Transaction, purpose: Purpose) -> Recorded:
        for text in await storage.in_force(tx.connection):
            if text.text.purpose is purpose:
                return text
        raise UnknownText


def _audit(tx: Transaction, consent: Consent, action: str, *, by: UUID) -> None:
    tx.audit(
        actor=str(by),
        action=action,
        object_kind="consent",
        object_id=str(consent.id),
        why=consent.text_id,
        subject=consent.subject_id,
    )
