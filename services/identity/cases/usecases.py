"""What schools' offices and the operator do about profiles and registers that disagree."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from services.identity.cases import storage
from services.identity.cases.rules import Case, Kind, Said, key_of
from services.identity.corrections.rules import due_at
from services.identity.keyring import Keyring
from services.kit.clock import Clock
from services.kit.database import Database, Transaction
from services.kit.ids import new_id

_BY_ITSELF: Final = "identity"
"""The actor of what no person did."""


class Cases:
    """Opens what has to be settled.

    Args:
        zone: in whose working days schools have to decide.
    """

    def __init__(self, database: Database, *, keyring: Keyring, zone: ZoneInfo, clock: Clock) -> None:
        self._database = database
        self._keyring = keyring
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
        noticed once more, and what ESIA says now.

        Args:
            tx: that refuses or notices.
            kind: what is to be settled.
            person_ids: whom it is about, at least one.
            profile: what ESIA said; kept sealed until the case is closed. None: no profile is involved.
            detail: a word without personal data: the part of a name that differs.
            link_id: the sign-in by which it was noticed; its browser may ask the school.
        """
        now = self._clock.now()
        persons = tuple(sorted(set(person_ids)))
        subject = self._keyring.index(profile.subject, kind="esia profile").digest if profile else b""
        several = len(persons) > 1
        new = Case(
            id=new_id(),
            kind=kind,
            person_ids=persons,
            school_ids=frozenset(),
            detail=detail,
            opened_at=now,
            last_at=now,
            due_at=due_at(now, self._zone),
            # Who claims one SNILS is settled by papers alone, whichever profile came upon it.
            said=None if several else profile,
        )
        key = key_of(kind, persons, b"" if several else subject)
        case_id, is_new = await storage.open_case(tx.connection, self._keyring, new, key=key, link_id=link_id)
        if is_new:
            tx.audit(
                actor=_BY_ITSELF,
                action="open_case",
                object_kind="case",
                object_id=str(case_id),
                why=kind,
                subject=persons[0] if not several else None,
            )
        return case_id
