"""What every way in has in common: binding a profile, letting it in, refusing it.

Everything about one sign-in happens in one transaction: the binding, the end of other sessions, the new
session, the end of the link transaction, the event and the audit entry. A refusal is written down as
well, and committed, before it becomes an error.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from school.identity.v1 import binding_pb2, events_pb2
from school.identity.v1.events_pb2 import MessageKind
from services.identity.accounts.rules import AccountBlocked, PersonLeft
from services.identity.binding.rules import assurance
from services.identity.binding.rules.assurance import LevelPolicy, day_of_entry
from services.identity.binding.rules.matching import Agreed, NoSnils, Profile, SeveralRegistered, Verdict
from services.identity.binding.rules.refusals import (
    BindingRefused,
    BoundToAnotherProfile,
    LevelTooLow,
    NextStep,
    ProfileBoundElsewhere,
    refusal_of,
)
from services.identity.binding.rules.roads import Road
from services.identity.binding.storage import standing
from services.identity.binding.storage.bind import Bound, Tried, bind
from services.identity.binding.storage.entry import finish_bound
from services.identity.binding.storage.standing import Candidate
from services.identity.cases.rules import NOTICED_BY, Said
from services.identity.cases.usecases.opening import Cases
from services.identity.keyring import Keyring
from services.identity.links import storage as links
from services.identity.links.rules import SignInUnknown, Stage
from services.identity.links.storage import Link
from services.identity.people.rules import age_on
from services.identity.sessions.rules import Door
from services.identity.sessions.usecases import Sessions, SignedIn
from services.identity.telling.usecases import Telling
from services.kit.clock import Clock
from services.kit.database import Transaction
from services.kit.errors import DomainError
from services.kit.ids import new_id


@dataclass(frozen=True, slots=True)
class Refused:
    """The profile may not enter; to be raised once the transaction has committed."""

    error: DomainError


class Admission:
    """Binds, lets in, refuses; each in the caller's transaction."""

    def __init__(
        self,
        cases: Cases,
        *,
        keyring: Keyring,
        sessions: Sessions,
        telling: Telling,
        level_policy: LevelPolicy,
        zone: ZoneInfo,
        clock: Clock,
    ) -> None:
        self._cases = cases
        self._keyring = keyring
        self._sessions = sessions
        self._telling = telling
        self._level_policy = level_policy
        self._zone = zone
        self._clock = clock

    async def bind(
        self,
        tx: Transaction,
        link: Link,
        profile: Profile,
        candidate: Candidate,
        road: Road,
        *,
        generation: int,
    ) -> SignedIn | Refused:
        """Bind the profile to the candidate's account, whoever tries the same at once, and let it in.

        Args:
            tx: in which the sign-in ends.
            link: the sign-in.
            profile: whose verdict was "agreed".
            candidate: the person.
            road: by which evidence.
            generation: that of the account's bindings when the evidence was shown.

        Raises:
            SignInUnknown: the link transaction is over; nothing is committed.
        """
        candidate = replace(candidate, road=road)
        person, account_id = candidate.person, candidate.account_id
        if candidate.may_enter and (refused := await self.too_low(tx, link, profile, candidate)):
            return refused
        now, binding_id = self._clock.now(), new_id()
        snils = self._keyring.index(profile.snils.digits, kind="snils") if profile.snils else None
        bound = Bound(
            binding_id,
            profile.subject,
            account_id,
            person.id,
            candidate.person_version,
            road,
            snils,
            generation,
        )
        # First of what is written: whoever blocks the account or binds it now waits for us, or we for them.
        tried = await bind(tx.connection, link, bound, at=now)
        if tried is None:
            return await self._refuse_changed(tx, link, profile, candidate)
        if tried.version is None:
            return await self._enter_after_another(tx, link, profile, candidate)
        tokens = await self._sessions.begin_alone(tx, account_id, person, Door.ESIA, shown=link.shown_at)
        await self.finish(tx, link, profile, Stage.DONE, person.id)
        event = _profile_bound(binding_id, account_id, person.id, road, now)
        tx.publish(event, aggregate=account_id, version=tried.version)
        await self._tell(tx, person.id, tried)
        tx.audit(
            actor=str(person.id),
            action="bind_profile",
            object_kind="person",
            object_id=str(person.id),
            why=road,
            subject=person.id,
        )
        return SignedIn(tokens, person, bound_now=True)

    async def let_in(
        self, tx: Transaction, link: Link, profile: Profile, bound: Candidate
    ) -> SignedIn | Refused:
        """Begin a session for a profile that is bound, and fit to enter."""
        tokens = await self._sessions.begin(
            tx, bound.account_id, bound.person, Door.ESIA, shown=link.shown_at
        )
        await self.finish_bound(tx, link, profile, bound)
        return SignedIn(tokens, bound.person)

    async def too_low(
        self, tx: Transaction, link: Link, profile: Profile, candidate: Candidate
    ) -> Refused | None:
        """Whether the profile's account vouches too little for somebody of the person's age (R5, R6, A15)."""
        today = day_of_entry(self._clock.now(), candidate.zones, self._zone)
        missing = assurance.needed(
            profile.level,
            age=age_on(candidate.registered.birth_date, today),
            policy=self._level_policy,
            by_password=candidate.road is Road.PASSWORD,
        )
        if missing is None:
            return None
        error = LevelTooLow(seen=profile.level, needed=missing)
        return await self.refuse(tx, link, profile, error, person_id=candidate.person.id)

    async def refuse_bound(
        self, tx: Transaction, link: Link, profile: Profile, candidate: Candidate
    ) -> Refused | None:
        """Refuse what another binding stands in the way of: of the account, or of the profile (A9, A10)."""
        present = await standing.bound_accounts(
            tx.connection, link.provider, subject=profile.subject, account_id=candidate.account_id
        )
        if not present or (profile.subject, candidate.account_id) in present:
            return None
        elsewhere = any(subject == profile.subject for subject, _ in present)
        error = ProfileBoundElsewhere() if elsewhere else BoundToAnotherProfile()
        return await self.refuse(tx, link, profile, error, person_id=candidate.person.id)

    async def refuse_match(
        self, tx: Transaction, link: Link, profile: Profile, verdict: Verdict, *, settled: bool = True
    ) -> Refused:
        """Refuse for what a comparison has come to; ``settled``: it is for the school to settle."""
        if isinstance(verdict, Agreed | NoSnils):
            raise TypeError("an agreement is no refusal")
        error = refusal_of(verdict)
        if isinstance(verdict, SeveralRegistered):
            await self._open_case(tx, link, profile, error, verdict.person_ids)
        person = getattr(verdict, "person", None)
        person_id = person.person_id if person else None
        return await self.refuse(tx, link, profile, error, person_id=person_id, settled=settled)

    async def refuse_blocked(
        self, tx: Transaction, link: Link, profile: Profile, candidate: Candidate
    ) -> Refused:
        """Refuse a person who is blocked or has left (A16)."""
        refusal = PersonLeft if candidate.left else AccountBlocked
        error = refusal(next_step=NextStep.ASK_SCHOOL)
        return await self.refuse(tx, link, profile, error, person_id=candidate.person.id)

    async def refuse(
        self,
        tx: Transaction,
        link: Link,
        profile: Profile,
        error: DomainError,
        *,
        person_id: UUID | None,
        settled: bool = True,
    ) -> Refused:
        """Write down why; a sign-in that awaited a password goes on awaiting another one.

        ``settled``: the school is told, if it can settle a refusal of this kind.
        """
        told = error.told if isinstance(error, BindingRefused) else ()
        tx.audit(
            actor=self.actor(profile),
            action="refuse_binding",
            object_kind="person" if person_id else "esia_profile",
            object_id=str(person_id) if person_id else self._pseudonym(profile),
            why=":".join((error.reason, *told)),
            subject=person_id,
        )
        if person_id is not None and settled:
            await self._open_case(tx, link, profile, error, (person_id,))
        if link.profile is None:
            await self.finish(tx, link, profile, Stage.REFUSED, person_id)
        return Refused(error)

    async def _open_case(
        self, tx: Transaction, link: Link, profile: Profile, error: DomainError, persons: tuple[UUID, ...]
    ) -> None:
        """Have the school settle what stands between the profile and the persons, if that can be settled."""
        kind = NOTICED_BY.get(error.reason)
        if kind is not None:
            said = Said(profile.subject, profile.name, profile.birth_date, profile.snils)
            part = error.metadata.get("part", "")
            await self._cases.open(tx, kind, person_ids=persons, profile=said, detail=part, link_id=link.id)

    async def finish(
        self, tx: Transaction, link: Link, profile: Profile, stage: Stage, person_id: UUID | None
    ) -> None:
        """Use the link transaction up in this very transaction. Raises `SignInUnknown` when it is over."""
        finished = await links.finish(
            tx.connection,
            link.id,
            stage=stage,
            subject=profile.subject,
            person_id=person_id,
            now=self._clock.now(),
        )
        if not finished:
            raise SignInUnknown

    async def finish_bound(self, tx: Transaction, link: Link, profile: Profile, bound: Candidate) -> None:
        """The same, after a session was begun by a binding.

        Of an unbinding, a block or a correction at the same moment one waits for the other.

        Raises:
            SignInUnknown: the link transaction is over, or what was judged has changed; nothing is committed.
        """
        if not await finish_bound(tx.connection, link, bound, subject=profile.subject, now=self._clock.now()):
            raise SignInUnknown

    async def _refuse_changed(
        self, tx: Transaction, link: Link, profile: Profile, candidate: Candidate
    ) -> Refused:
        """What was judged has changed: blocked, corrected, or unbound after the sign-in began (A7)."""
        present = await standing.candidate_of_account(tx.connection, candidate.account_id, self._keyring)
        if present is None or not present.may_enter:
            return await self.refuse_blocked(tx, link, profile, present or candidate)
        return await self.refuse(tx, link, profile, SignInUnknown(), person_id=candidate.person.id)

    async def _enter_after_another(
        self, tx: Transaction, link: Link, profile: Profile, candidate: Candidate
    ) -> SignedIn | Refused:
        """Somebody bound the profile or the account first: the same answer for the same binding (A9)."""
        refused = await self.refuse_bound(tx, link, profile, candidate)
        return refused or await self.let_in(tx, link, profile, candidate)

    async def _tell(self, tx: Transaction, person_id: UUID, bound: Tried) -> None:
        for message_id in bound.dead_messages:
            self._telling.withdraw(tx, message_id)
        if bound.somebody_to_tell:
            await self._telling.tell_everywhere(tx, person_id, MessageKind.MESSAGE_KIND_PROFILE_BOUND, {})

    def actor(self, profile: Profile) -> str:
        """How the audit names whoever came with a profile."""
        return f"esia:{self._pseudonym(profile)}"

    def _pseudonym(self, profile: Profile) -> str:
        """How the audit names a profile: equal for equal ones, and nothing that another system knows."""
        return self._keyring.index(profile.subject, kind="esia profile").digest[:12].hex()


def _profile_bound(
    binding_id: UUID, account_id: UUID, person_id: UUID, road: Road, at: datetime
) -> events_pb2.ProfileBound:
    event = events_pb2.ProfileBound(
        binding_id=str(binding_id),
        account_id=str(account_id),
        person_id=str(person_id),
        road=binding_pb2.BindingRoad.Value(f"BINDING_ROAD_{road}"),
    )
    event.bound_at.FromDatetime(at)
    return event
