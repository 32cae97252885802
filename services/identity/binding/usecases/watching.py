"""A bound profile at its later entries: what has changed at ESIA, and what follows (A14, A15, A16)."""

from __future__ import annotations

from dataclasses import replace
from typing import Final
from uuid import UUID

from services.identity.binding.rules import matching
from services.identity.binding.rules.later import Change, noticed, proves_by_snils
from services.identity.binding.rules.matching import Profile, SnilsDiffers
from services.identity.binding.rules.roads import Road
from services.identity.binding.storage import standing
from services.identity.binding.storage.standing import Candidate
from services.identity.binding.usecases.admission import Admission, Refused
from services.identity.binding.usecases.pausing import seen_differs
from services.identity.cases.rules import Kind, Said
from services.identity.cases.usecases.opening import Cases
from services.identity.keyring import Keyring
from services.identity.links.rules import Provider
from services.identity.links.storage import Link
from services.identity.people.storage import snils_digests
from services.kit.clock import Clock
from services.kit.database import Transaction

_CASES: Final = {
    Change.NAME: Kind.NAME_CHANGED,
    Change.BIRTH_DATE: Kind.BIRTH_DATE_DIFFERS,
    Change.SNILS_UNREGISTERED: Kind.SNILS_UNREGISTERED,
}


class Watching:
    """Looks at bound profiles, at every entry."""

    def __init__(
        self,
        admission: Admission,
        cases: Cases,
        *,
        keyring: Keyring,
        provider: Provider,
        clock: Clock,
    ) -> None:
        self._admission = admission
        self._cases = cases
        self._keyring = keyring
        self._provider = provider
        self._clock = clock

    async def unfit(self, tx: Transaction, link: Link, profile: Profile, bound: Candidate) -> Refused | None:
        """Why a bound profile may not enter all the same; if it may, what it shows is noted.

        A name or birth date that differs by now is a case for the school, opened once; the person is in.
        """
        if not bound.may_enter:
            return await self._admission.refuse_blocked(tx, link, profile, bound)
        if self._differs(profile, bound):
            return await self._admission.refuse_match(tx, link, profile, SnilsDiffers(bound.registered))
        bound = await self._note_snils(tx, profile, bound)
        refused = await self._admission.too_low(tx, link, profile, bound)
        if refused is None:
            await self._notice(tx, link, profile, bound)
        return refused

    async def closed(self, tx: Transaction, link: Link, profile: Profile, bound: Candidate) -> None:
        """Have the school learn that a bound profile is closed at ESIA: its person needs another way in."""
        await self._open(tx, link, profile, bound.person.id, kind=Kind.PROFILE_CLOSED)

    def _differs(self, profile: Profile, bound: Candidate) -> bool:
        """Whether the profile's SNILS, or else the one that it showed last, is another than the person's."""
        if profile.snils is None:
            return seen_differs(self._keyring, bound)
        return isinstance(matching.again(profile, bound.registered), SnilsDiffers)

    async def _note_snils(self, tx: Transaction, profile: Profile, bound: Candidate) -> Candidate:
        """Remember the SNILS that the profile shows; it may prove what only the password had shown."""
        if profile.snils is None:
            return bound
        proven = proves_by_snils(bound.road, profile, bound.registered)
        seen = bound.snils_seen in snils_digests(self._keyring, profile.snils)
        if seen and not proven:
            return bound
        await standing.note_snils(
            tx.connection,
            self._provider,
            bound.account_id,
            self._keyring.index(profile.snils.digits, kind="snils"),
            reverified_at=self._clock.now() if proven else None,
        )
        if not proven:
            return bound
        tx.audit(
            actor=self._admission.actor(profile),
            action="reverify_binding",
            object_kind="person",
            object_id=str(bound.person.id),
            why=Road.SNILS,
            subject=bound.person.id,
        )
        return replace(bound, road=Road.SNILS)

    async def _notice(self, tx: Transaction, link: Link, profile: Profile, bound: Candidate) -> None:
        for each in noticed(profile, bound.registered):
            kind = _CASES[each.change]
            await self._open(tx, link, profile, bound.person.id, kind=kind, detail=each.part or "")

    async def _open(
        self,
        tx: Transaction,
        link: Link,
        profile: Profile,
        person_id: UUID,
        *,
        kind: Kind,
        detail: str = "",
    ) -> None:
        said = Said(profile.subject, profile.name, profile.birth_date, profile.snils)
        await self._cases.open(
            tx, kind, person_ids=(person_id,), profile=said, detail=detail, link_id=link.id
        )
