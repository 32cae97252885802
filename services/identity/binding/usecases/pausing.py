"""A school corrects a SNILS: a profile that has shown another one opens nothing until the two agree again."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from services.identity.binding.storage import standing
from services.identity.binding.storage.standing import Candidate
from services.identity.keyring import Keyring
from services.identity.links.rules import Provider
from services.identity.people.storage import snils_digests
from services.identity.sessions.rules import Door, EndReason
from services.identity.sessions.usecases import Sessions
from services.kit.database import Transaction

BY_ITSELF: Final = "identity"
"""The actor of what no person did."""


class Pausing:
    """Compares bindings anew when the register changes."""

    def __init__(self, *, keyring: Keyring, sessions: Sessions, provider: Provider) -> None:
        self._keyring = keyring
        self._sessions = sessions
        self._provider = provider

    async def register_changed(self, tx: Transaction, person_id: UUID, /) -> None:
        """Look at a person's binding, in the transaction that corrected their data.

        When the SNILS that the profile showed last is not the registered one any more, what was opened
        through ESIA ends at once; the next entry tells the person why, and has the school settle it.
        """
        bound = await standing.bound_person(tx.connection, self._provider, person_id, self._keyring)
        if bound is None or not seen_differs(self._keyring, bound):
            return
        await self._sessions.end_all(tx, bound.account_id, reason=EndReason.PROFILE_DIFFERS, door=Door.ESIA)
        tx.audit(
            actor=BY_ITSELF,
            action="pause_binding",
            object_kind="person",
            object_id=str(person_id),
            why="SNILS_DIFFERS",
            subject=person_id,
        )


def seen_differs(keyring: Keyring, bound: Candidate) -> bool:
    """Whether the SNILS that a bound profile showed last is another one than the person's."""
    registered = bound.registered.snils
    if bound.snils_seen is None or registered is None:
        return False
    return bound.snils_seen not in snils_digests(keyring, registered)
