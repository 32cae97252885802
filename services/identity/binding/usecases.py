"""Letting an ESIA profile in: bound already, bound now, or not at all.

Everything about one sign-in happens in one transaction: the binding, the end of other sessions, the new
session, the end of the link transaction, the event and the audit entry. A refusal is written down as
well, and committed, before it becomes an error.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from school.identity.v1 import binding_pb2, events_pb2
from school.identity.v1.events_pb2 import MessageKind
from services.identity.accounts.rules import AccountBlocked
from services.identity.accounts.usecases import Accounts
from services.identity.binding import storage
from services.identity.binding.bind import Tried, bind
from services.identity.binding.rules import assurance, matching
from services.identity.binding.rules.assurance import LevelPolicy, day_of_entry
from services.identity.binding.rules.matching import (
    Agreed,
    NoSnils,
    Profile,
    SeveralRegistered,
    SnilsDiffers,
    Verdict,
)
from services.identity.binding.rules.refusals import (
    BoundToAnotherProfile,
    LevelTooLow,
    NotBound,
    ProfileBoundElsewhere,
    refusal_of,
)
from services.identity.binding.storage import Candidate, Road
from services.identity.binding.waiting import from_json, to_json
from services.identity.cases.rules import NOTICED_BY, Said
from services.identity.cases.usecases import Cases
from services.identity.devices.usecases import Devices
from services.identity.guesses.rules import TooManyAttempts
from services.identity.keyring import Keyring, Sealed
from services.identity.links import storage as links
from services.identity.links.rules import TIME_TO_FINISH, Provider, SignInUnknown, Stage, StepUp
from services.identity.links.storage import Link
from services.identity.people.rules import age_on
from services.identity.people.storage import snils_digests
from services.identity.sessions.rules import Door
from services.identity.sessions.usecases import Sessions, SignedIn
from services.identity.telling.usecases import Telling
from services.kit.caller import Caller
from services.kit.clock import Clock
from services.kit.database import Database, Transaction
from services.kit.errors import DomainError
from services.kit.ids import new_id


@dataclass(frozen=True, slots=True)
class PasswordAwaited:
    """The profile has no SNILS; login and password may show whose it is until then."""

    until: datetime


@dataclass(frozen=True, slots=True)
class Refused:
    """The profile may not enter; to be raised once the transaction has committed."""

    error: DomainError


Outcome = SignedIn | PasswordAwaited | Refused


class Bindings:
    """Which profile is whose, and who enters by it."""

    def __init__(
        self,
        database: Database,
        *,
        keyring: Keyring,
        accounts: Accounts,
        cases: Cases,
        sessions: Sessions,
        telling: Telling,
        devices: Devices,
        provider: Provider,
        level_policy: LevelPolicy,
        zone: ZoneInfo,
        clock: Clock,
    ) -> None:
        self._database = database
        self._keyring = keyring
        self._accounts = accounts
        self._cases = cases
        self._sessions = sessions
        self._telling = telling
        self._devices = devices
        self._provider = provider
        self._level_policy = level_policy
        self._zone = zone
        self._clock = clock

    async def enter(self, tx: Transaction, link: Link, profile: Profile) -> Outcome:
        """Let a profile in that has just come from ESIA (R21, R24).

        Raises:
            SignInUnknown: the link transaction is over; nothing is committed.
        """
        bound, candidates = await storage.candidates_of_profile(
            tx.connection,
            self._provider,
            subject=profile.subject,
            digests=snils_digests(self._keyring, profile.snils) if profile.snils else (),
            keyring=self._keyring,
        )
        if link.step_up is not None:
            return await self._step_up(tx, link, link.step_up, profile, bound)
        if bound is not None:
            return await self._enter_bound(tx, link, profile, bound)
        verdict = matching.by_snils(profile, [candidate.registered for candidate in candidates])
        match verdict:
            case NoSnils():
                missing = assurance.needed_by_anyone(profile.level, policy=self._level_policy)
                if missing is not None:
                    error = LevelTooLow(seen=profile.level, needed=missing)
                    return await self._refuse(tx, link, profile, error, person_id=None)
                return await self._await_password(tx, link, profile)
            case Agreed(person=person):
                chosen = next(one for one in candidates if one.registered is person)
                return await self._bind(tx, link, profile, chosen, Road.SNILS)
            case _:
                return await self._refuse_match(tx, link, profile, verdict)

    async def bind_with_password(self, browser_key: str, login: str, password: str) -> SignedIn:
        """Bind the profile that waits in this browser to the account that login and password open (R22).

        Raises:
            SignInUnknown: no sign-in waits in this browser, or too many passwords were tried in it.
            WrongCredentials, TooManyAttempts, AccountBlocked: see `Accounts.prove`.
            BindingRefused: the profile is not the account's person, or one of the two is bound already.
        """
        browser_digest = hashlib.sha256(browser_key.encode()).digest()
        async with self._database.read() as connection:
            link = await links.count_password(
                connection, browser_digest=browser_digest, now=self._clock.now()
            )
        if link is None:
            raise SignInUnknown
        try:
            account = await self._accounts.prove(login, password)
        except TooManyAttempts:
            async with self._database.read() as connection:
                await links.uncount_password(connection, link.id)
            raise
        profile = self._open_profile(link)
        async with self._database.transaction() as tx:
            outcome = await self._enter_by_password(tx, link, profile, account.id)
            if isinstance(outcome, SignedIn):
                await self._devices.entered(tx, outcome.person.id)
        if isinstance(outcome, Refused):
            raise outcome.error
        return outcome

    async def my_binding(self, caller: Caller) -> tuple[Road, datetime]:
        """By which evidence and when the caller's account was bound. Raises `NotBound`."""
        async with self._database.read() as connection:
            found = await storage.binding_of_account(connection, self._provider, caller.account_id)
        if found is None:
            raise NotBound
        return found

    async def step_up_of(self, caller: Caller) -> StepUp:
        """What a step-up of the caller's session through ESIA must bring back. Raises `NotBound`."""
        async with self._database.read() as connection:
            subject = await storage.subject_of_account(connection, self._provider, caller.account_id)
        if subject is None:
            raise NotBound
        return StepUp(caller.session_id, subject)

    async def _step_up(
        self, tx: Transaction, link: Link, step_up: StepUp, profile: Profile, bound: Candidate | None
    ) -> SignedIn | Refused:
        """A profile has come to show that it is the one of a session's person; it binds nothing.

        Raises:
            SessionEnded: the session is over, or no longer of the profile's account; nothing is committed.
        """
        if bound is None or profile.subject != step_up.subject:
            return await self._refuse(tx, link, profile, BoundToAnotherProfile(), person_id=None)
        refused = await self._unfit(tx, link, profile, bound)
        if refused is not None:
            return refused
        tokens = await self._sessions.replace_session(
            tx, step_up.session_id, account_id=bound.account_id, shown=link.shown_at or self._clock.now()
        )
        await self._finish(tx, link, profile, Stage.DONE, bound.person.id)
        return SignedIn(tokens, bound.person)

    async def _enter_bound(
        self, tx: Transaction, link: Link, profile: Profile, bound: Candidate
    ) -> SignedIn | Refused:
        refused = await self._unfit(tx, link, profile, bound)
        if refused is not None:
            return refused
        tokens = await self._sessions.begin(
            tx, bound.account_id, bound.person, Door.ESIA, shown=link.shown_at
        )
        await self._finish(tx, link, profile, Stage.DONE, bound.person.id)
        return SignedIn(tokens, bound.person)

    async def _unfit(self, tx: Transaction, link: Link, profile: Profile, bound: Candidate) -> Refused | None:
        """Why a bound profile may not enter all the same (A14, A15, A16)."""
        if not bound.may_enter:
            return await self._refuse(tx, link, profile, AccountBlocked(), person_id=bound.person.id)
        verdict = matching.again(profile, bound.registered)
        if isinstance(verdict, SnilsDiffers):
            return await self._refuse_match(tx, link, profile, verdict)
        return await self._too_low(tx, link, profile, bound)

    async def _too_low(
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
        return await self._refuse(tx, link, profile, error, person_id=candidate.person.id)

    async def _enter_by_password(
        self, tx: Transaction, link: Link, profile: Profile, account_id: UUID
    ) -> SignedIn | Refused:
        candidate = await storage.candidate_of_account(tx.connection, account_id, self._keyring)
        if candidate is None:
            raise SignInUnknown
        verdict = matching.by_password(profile, candidate.registered)
        if isinstance(verdict, Agreed):
            return await self._bind(tx, link, profile, candidate, Road.PASSWORD)
        return await self._refuse_match(tx, link, profile, verdict)

    async def _bind(
        self, tx: Transaction, link: Link, profile: Profile, candidate: Candidate, road: Road
    ) -> SignedIn | Refused:
        candidate = replace(candidate, road=road)
        person, account_id = candidate.person, candidate.account_id
        if candidate.may_enter and (refused := await self._too_low(tx, link, profile, candidate)):
            return refused
        now, binding_id = self._clock.now(), new_id()
        # First of what is written: whoever blocks the account or binds it now waits for us, or we for them.
        tried = await bind(
            tx.connection,
            self._provider,
            binding_id=binding_id,
            subject=profile.subject,
            account_id=account_id,
            road=road,
            link_id=link.id,
            at=now,
        )
        if tried is None:
            return await self._refuse(tx, link, profile, AccountBlocked(), person_id=person.id)
        if tried.version is None:
            return await self._enter_after_another(tx, link, profile, candidate)
        tokens = await self._sessions.begin_alone(tx, account_id, person, Door.ESIA, shown=link.shown_at)
        await self._finish(tx, link, profile, Stage.DONE, person.id)
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

    async def _tell(self, tx: Transaction, person_id: UUID, bound: Tried) -> None:
        for message_id in bound.dead_messages:
            self._telling.withdraw(tx, message_id)
        if bound.somebody_to_tell:
            await self._telling.tell_everywhere(tx, person_id, MessageKind.MESSAGE_KIND_PROFILE_BOUND, {})

    async def _enter_after_another(
        self, tx: Transaction, link: Link, profile: Profile, candidate: Candidate
    ) -> SignedIn | Refused:
        """Somebody bound the profile or the account first: the same answer for the same binding (A9)."""
        present = await storage.bound_accounts(
            tx.connection, self._provider, subject=profile.subject, account_id=candidate.account_id
        )
        if (profile.subject, candidate.account_id) in present:
            return await self._enter_bound(tx, link, profile, candidate)
        elsewhere = any(subject == profile.subject for subject, _ in present)
        error = ProfileBoundElsewhere() if elsewhere else BoundToAnotherProfile()
        return await self._refuse(tx, link, profile, error, person_id=candidate.person.id)

    async def _await_password(self, tx: Transaction, link: Link, profile: Profile) -> PasswordAwaited:
        until = self._clock.now() + TIME_TO_FINISH
        sealed = self._keyring.seal(to_json(profile), context=f"profile of {link.id}")
        await links.await_password(
            tx.connection, link.id, subject=profile.subject, profile=sealed, expires_at=until
        )
        return PasswordAwaited(until)

    def _open_profile(self, link: Link) -> Profile:
        sealed: Sealed | None = link.profile
        if sealed is None:
            raise SignInUnknown
        return from_json(self._keyring.open(sealed, context=f"profile of {link.id}"))

    async def _refuse_match(self, tx: Transaction, link: Link, profile: Profile, verdict: Verdict) -> Refused:
        if isinstance(verdict, Agreed | NoSnils):
            raise TypeError("an agreement is no refusal")
        error = refusal_of(verdict)
        if isinstance(verdict, SeveralRegistered):
            await self._open_case(tx, link, profile, error, verdict.person_ids)
        person = getattr(verdict, "person", None)
        return await self._refuse(tx, link, profile, error, person_id=person.person_id if person else None)

    async def _refuse(
        self, tx: Transaction, link: Link, profile: Profile, error: DomainError, *, person_id: UUID | None
    ) -> Refused:
        """Write down why; a sign-in that awaited a password goes on awaiting another one."""
        subject = self._pseudonym(profile)
        tx.audit(
            actor=f"esia:{subject}",
            action="refuse_binding",
            object_kind="person" if person_id else "esia_profile",
            object_id=str(person_id) if person_id else subject,
            why=":".join((error.reason, *error.metadata.values())),
            subject=person_id,
        )
        if person_id is not None:
            await self._open_case(tx, link, profile, error, (person_id,))
        if link.profile is None:
            await self._finish(tx, link, profile, Stage.REFUSED, person_id)
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

    async def _finish(
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
