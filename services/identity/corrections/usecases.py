"""What persons and their schools do with corrections."""

from __future__ import annotations

from dataclasses import dataclass
from dataclasses import field as hidden
from typing import Protocol
from uuid import UUID
from zoneinfo import ZoneInfo

from school.identity.v1 import corrections_pb2
from school.identity.v1.events_pb2 import MessageKind
from services.identity.corrections import storage
from services.identity.corrections.following import ClosesCases, follow
from services.identity.corrections.rules import (
    KEPT,
    LONGEST_COMMENT,
    Correction,
    CorrectionWaits,
    Data,
    Field,
    NothingToCorrect,
    OwnData,
    State,
    UnknownCorrection,
    due_at,
)
from services.identity.families.usecases.relating import Relating
from services.identity.keyring import Keyring
from services.identity.people.rights import require_registrar
from services.identity.people.rules import FullName, NotTheirSchool, Snils, SnilsTaken, UnknownPerson
from services.identity.people.storage import snils_digests, snils_is_known
from services.identity.schools import storage as schools
from services.identity.telling.usecases import Telling
from services.identity.words import ReasonNeeded, one_line, reason_given
from services.kit.caller import Caller
from services.kit.clock import Clock
from services.kit.database import Database, Transaction, clash_raises
from services.kit.idempotency import once
from services.kit.ids import new_id
from services.kit.paging import Page, PageWish


@dataclass(frozen=True, slots=True)
class Wish:
    """What a person says is wrong, and right."""

    field: Field
    right_value: str = hidden(repr=False)
    comment: str = hidden(repr=False)


@dataclass(frozen=True, slots=True)
class Shown:
    """A correction with the name of the person it is about."""

    correction: Correction
    name: FullName


class CasesOfPersons(ClosesCases, Protocol):
    """What becomes of cases when data change, and what several who claim one SNILS make necessary."""

    async def alone(self, tx: Transaction, snils: Snils) -> None:
        """Have others who enter the same SNILS as claimed by several wait for this transaction's end."""
        ...

    async def dispute(self, tx: Transaction, snils: Snils) -> None:
        """Take everybody who is registered with a SNILS into quarantine, and tell their schools."""
        ...


class Corrections:
    """Ways from a wrong letter in the register to the right one.

    Args:
        cases: what is to be settled about persons.
        relating: the part of families when a pupil's birth date changes.
        zone: whose days count where the diary has not told of the school.
        allow_test_snils: accept the SNILS of ESIA's test persons.
    """

    def __init__(
        self,
        database: Database,
        *,
        keyring: Keyring,
        telling: Telling,
        cases: CasesOfPersons,
        relating: Relating,
        zone: ZoneInfo,
        allow_test_snils: bool,
        clock: Clock,
    ) -> None:
        self._database = database
        self._keyring = keyring
        self._telling = telling
        self._cases = cases
        self._relating = relating
        self._zone = zone
        self._allow_test_snils = allow_test_snils
        self._clock = clock

    async def request(self, caller: Caller, wish: Wish, *, request_id: str) -> Shown:
        """Ask the caller's school to correct one field.

        Raises:
            BadField: the value cannot be right.
            NothingToCorrect: it is the registered one.
            CorrectionWaits: one for this field is being looked at.
            NotTheirSchool: the caller is nothing at any school that could decide.
        """

        async def act() -> corrections_pb2.RequestCorrectionResponse:
            asked = await self._request(tx, caller, wish)
            # Only the id is remembered beside the request: the values are sealed in their own row.
            message = corrections_pb2.Correction(correction_id=str(asked.id))
            return corrections_pb2.RequestCorrectionResponse(correction=message)

        with clash_raises(CorrectionWaits, of="corrections_one_waiting"):
            async with self._database.transaction() as tx:
                reply = await once(
                    tx,
                    method="RequestCorrection",
                    actor=str(caller.person_id),
                    request_id=request_id,
                    request=self._fingerprint(wish),
                    reply_type=corrections_pb2.RequestCorrectionResponse,
                    act=act,
                )
                known = await storage.correction(
                    tx.connection, self._keyring, UUID(reply.correction.correction_id)
                )
                if known is None:
                    raise UnknownCorrection
                return await self._shown(tx, known)

    async def mine(self, caller: Caller) -> list[Shown]:
        """The caller's corrections of the last year, the newest first."""
        since = self._clock.now() - KEPT
        async with self._database.read() as connection:
            known = await storage.of_person(connection, self._keyring, caller.person_id, since=since)
            names = await storage.names_of(connection, [caller.person_id])
        return [Shown(each, names[each.person_id]) for each in known]

    async def withdraw(self, caller: Caller, correction_id: UUID) -> Shown:
        """Take back a correction that waits; taking it back again succeeds.

        Raises:
            UnknownCorrection: the caller has no such correction.
            CorrectionDecided: the school was faster.
        """
        async with self._database.transaction() as tx:
            known = await storage.correction(tx.connection, self._keyring, correction_id, for_update=True)
            if known is None or known.person_id != caller.person_id:
                raise UnknownCorrection
            decided = await self._decide(tx, caller, known, State.WITHDRAWN)
            return await self._shown(tx, decided or known)

    async def at_school(self, caller: Caller, school_id: UUID, wish: PageWish) -> Page[Shown]:
        """The corrections that wait at the caller's school, the most urgent first.

        Raises:
            NotTheirSchool: the caller is no registrar of the school.
        """
        async with self._database.read() as connection:
            await require_registrar(connection, caller, school_id)
            waiting = await storage.waiting_at(
                connection, self._keyring, school_id, after=wish.after, limit=wish.limit
            )
            page = wish.page(waiting, lambda each: each.id)
            names = await storage.names_of(connection, [each.person_id for each in page.rows])
        return Page([Shown(each, names[each.person_id]) for each in page.rows], page.next_token)

    async def accept(
        self, caller: Caller, school_id: UUID, correction_id: UUID, *, documents_seen: bool = False
    ) -> Shown:
        """Change the field, and tell the person; accepting an accepted one succeeds.

        With ``documents_seen`` a SNILS that somebody else is registered with is entered all the same: both
        are in quarantine then, until the schools have settled whose it is (A32).

        Raises:
            NotTheirSchool: the caller is no registrar of the school.
            UnknownCorrection: the school has no such correction.
            OwnData: it is about the caller.
            CorrectionDecided: it was refused or taken back.
            StaleCorrection: the field has another value by now.
            SnilsTaken: another person of the region is registered with this SNILS, and nobody has seen
                documents.
        """
        with clash_raises(SnilsTaken, of="people_one_per_snils"):
            async with self._database.transaction() as tx:
                known = await self._at_school(tx, caller, school_id, correction_id)
                decided = await self._decide(tx, caller, known, State.ACCEPTED)
                if decided is not None:
                    await self._apply(tx, decided, by=caller.person_id, documents_seen=documents_seen)
                return await self._shown(tx, decided or known)

    async def refuse(self, caller: Caller, school_id: UUID, correction_id: UUID, reason: str) -> Shown:
        """Leave the field as it is, and tell the person why; refusing a refused one succeeds.

        Raises:
            NotTheirSchool, UnknownCorrection, OwnData: see `accept`.
            CorrectionDecided: it was accepted or taken back.
            ReasonNeeded: the reason is empty.
        """
        why = reason_given(reason)
        async with self._database.transaction() as tx:
            known = await self._at_school(tx, caller, school_id, correction_id)
            if not why:
                raise ReasonNeeded
            decided = await self._decide(tx, caller, known, State.REFUSED, reason=why)
            if decided is not None:
                await self._telling.tell_everywhere(
                    tx,
                    decided.person_id,
                    MessageKind.MESSAGE_KIND_CORRECTION_REFUSED,
                    {"field": decided.field.word, "reason": why},
                )
            return await self._shown(tx, decided or known)

    async def _request(self, tx: Transaction, caller: Caller, wish: Wish) -> Correction:
        now = self._clock.now()
        data = await self._data(tx, caller.person_id)
        right = self._corrected(data, wish.field, wish.right_value)
        if right.text(wish.field) == data.text(wish.field):
            raise NothingToCorrect
        if await storage.waits(tx.connection, caller.person_id, wish.field):
            raise CorrectionWaits
        school_id = await storage.school_of(tx.connection, caller.person_id)
        if school_id is None:
            raise NotTheirSchool
        school = await schools.school(tx.connection, school_id)
        asked = Correction(
            id=new_id(),
            person_id=caller.person_id,
            school_id=school_id,
            field=wish.field,
            registered=data.text(wish.field),
            right=right.text(wish.field),
            comment=one_line(wish.comment, most=LONGEST_COMMENT),
            requested_at=now,
            due_at=due_at(now, school.zone if school else self._zone),
        )
        await storage.insert_correction(tx.connection, self._keyring, asked)
        _audit(tx, caller, "request_correction", asked)
        return asked

    async def _at_school(
        self, tx: Transaction, caller: Caller, school_id: UUID, correction_id: UUID
    ) -> Correction:
        await require_registrar(tx.connection, caller, school_id)
        known = await storage.correction(tx.connection, self._keyring, correction_id, for_update=True)
        # Another school's is as unknown here as none (A34).
        if known is None or known.school_id != school_id:
            raise UnknownCorrection
        if known.person_id == caller.person_id:
            raise OwnData
        return known

    async def _decide(
        self, tx: Transaction, caller: Caller, known: Correction, state: State, *, reason: str = ""
    ) -> Correction | None:
        decided = known.becomes(state, by=caller.person_id, at=self._clock.now(), reason=reason)
        if decided is not None:
            await storage.decide(tx.connection, decided)
            _audit(tx, caller, _VERBS[state], decided)
        return decided

    async def _apply(self, tx: Transaction, accepted: Correction, *, by: UUID, documents_seen: bool) -> None:
        present = await self._data(tx, accepted.person_id)
        accepted.require_fresh(present)
        right = self._corrected(present, accepted.field, accepted.right)
        new = right.snils if accepted.field is Field.SNILS else None
        taken = new is not None and await self._is_taken(tx, new, documents_seen=documents_seen)
        version = await storage.correct(
            tx.connection, self._keyring, accepted.person_id, accepted.field, right, disputed=taken
        )
        if new is not None and taken:
            await self._cases.dispute(tx, new)
        await follow(
            tx,
            accepted.person_id,
            right,
            {accepted.field},
            version=version,
            by=by,
            cases=self._cases,
            relating=self._relating,
            given_up=present.snils if accepted.field is Field.SNILS else None,
        )
        await self._telling.tell_everywhere(
            tx,
            accepted.person_id,
            MessageKind.MESSAGE_KIND_CORRECTION_ACCEPTED,
            {"field": accepted.field.word},
        )

    async def _is_taken(self, tx: Transaction, snils: Snils, *, documents_seen: bool) -> bool:
        """Whether somebody else has the SNILS. Raises `SnilsTaken` unless documents were seen."""
        if documents_seen:
            await self._cases.alone(tx, snils)
        taken = await snils_is_known(tx.connection, snils_digests(self._keyring, snils))
        if taken and not documents_seen:
            raise SnilsTaken
        return taken

    async def _data(self, tx: Transaction, person_id: UUID) -> Data:
        data = await storage.data_for_update(tx.connection, self._keyring, person_id)
        if data is None:
            raise UnknownPerson
        return data

    def _corrected(self, data: Data, of: Field, text: str) -> Data:
        return data.corrected(
            of, text, today=self._clock.today(self._zone), allow_test_snils=self._allow_test_snils
        )

    async def _shown(self, tx: Transaction, correction: Correction) -> Shown:
        names = await storage.names_of(tx.connection, [correction.person_id])
        return Shown(correction, names[correction.person_id])

    def _fingerprint(self, wish: Wish) -> corrections_pb2.RequestCorrectionRequest:
        """The request as its repetition is recognised: with a keyed index in place of the value.

        A plain hash of the request could be tried out for every SNILS there is.
        """
        index = self._keyring.index(wish.right_value, kind="right value").digest.hex()
        return corrections_pb2.RequestCorrectionRequest(
            field=corrections_pb2.CorrectableField.Value(f"CORRECTABLE_FIELD_{wish.field}"),
            right_value=index,
            comment=wish.comment,
        )


_VERBS = {
    State.ACCEPTED: "accept_correction",
    State.REFUSED: "refuse_correction",
    State.WITHDRAWN: "withdraw_correction",
}


def _audit(tx: Transaction, caller: Caller, action: str, correction: Correction) -> None:
    tx.audit(
        actor=str(caller.person_id),
        action=action,
        object_kind="person",
        object_id=str(correction.person_id),
        why=correction.field.word,
        subject=correction.person_id,
    )
