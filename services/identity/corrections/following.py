"""What follows when the register changes, whoever decided it: a correction, or a case that was settled."""

from __future__ import annotations

from collections.abc import Collection
from typing import Protocol
from uuid import UUID

from services.identity.corrections.rules import Data, Field
from services.identity.families.usecases.relating import Relating
from services.identity.people.rules import Snils, UnknownPerson
from services.identity.people.storage import person
from services.identity.people.usecases import person_registered
from services.kit.database import Transaction


class ClosesCases(Protocol):
    """What becomes of the cases about a person when their data change."""

    async def register_changed(
        self, tx: Transaction, person_id: UUID, present: Data, *, given_up: Snils | None = None
    ) -> None:
        """Compare the binding anew, and close the cases whose reason is gone."""
        ...


async def follow(
    tx: Transaction,
    person_id: UUID,
    present: Data,
    changed: Collection[Field],
    *,
    version: int,
    by: UUID,
    cases: ClosesCases,
    relating: Relating,
    given_up: Snils | None = None,
) -> None:
    """Judge binding and cases anew, tell the other services, and move the end of childhood.

    Args:
        tx: that changed the person; it holds the lock on them.
        person_id: whose data.
        present: the data now.
        changed: which of them changed; none when the register was right.
        version: the person's, by which others are told.
        by: who decided it.
        cases: those about the person.
        relating: the families of a pupil.
        given_up: the SNILS that was the person's and may be somebody's alone now.

    Raises:
        UnknownPerson: there is no such person.
    """
    await cases.register_changed(tx, person_id, present, given_up=given_up)
    if not changed:
        return
    whole = await person(tx.connection, person_id)
    if whole is None:
        raise UnknownPerson
    tx.publish(person_registered(whole, version=version), aggregate=person_id, version=version)
    if Field.BIRTH_DATE in changed:
        await relating.birth_date_corrected(tx, person_id, by=by)
