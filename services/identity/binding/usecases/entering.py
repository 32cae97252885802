"""Letting an ESIA profile in: bound already, bound now, or not at all."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from services.identity.binding.rules import assurance, matching
from services.identity.binding.rules.assurance import LevelPolicy
from services.identity.binding.rules.matching import Agreed, NoSnils, Profile
from services.identity.binding.rules.refusals import (
    BoundToAnotherProfile,
    LevelTooLow,
    NotBound,
    ProfileClosed,
    RegionDiffers,
)
from services.identity.binding.rules.roads import Road
from services.identity.binding.rules.waiting import to_json
from services.identity.binding.storage import standing
from services.identity.binding.storage.standing import Candidate
from services.identity.binding.usecases.admission import Admission, Refused
from services.identity.binding.usecases.watching import Watching
from services.identity.keyring import Keyring
from services.identity.links import storage as links
from services.identity.links.rules import TIME_TO_FINISH, Provider, SignInUnknown, StepUp
from services.identity.links.storage import Link
from services.identity.people.storage import snils_digests
from services.identity.sessions.usecases import Sessions, SignedIn
from services.kit.caller import Caller
from services.kit.clock import Clock
from services.kit.database import Database, Transaction


@dataclass(frozen=True, slots=True)
class PasswordAwaited:
    """The profile has no SNILS; login and password may show whose it is until then."""

    until: datetime


Outcome = SignedIn | PasswordAwaited | Refused


class Bindings:
    """Which profile is whose, and who enters by it."""

    def __init__(
        self,
        database: Database,
        admission: Admission,
        watching: Watching,
        *,
        keyring: Keyring,
        sessions: Sessions,
        provider: Provider,
        level_policy: LevelPolicy,
        clock: Clock,
    ) -> None:
        self._database = database
        self._admission = admission
        self._watching = watching
        self._keyring = keyring
        self._sessions = sessions
        self._provider = provider
        self._level_policy = level_policy
        self._clock = clock

    async def enter(self, tx: Transaction, link: Link, profile: Profile) -> Outcome:
        """Let a profile in that has just come from ESIA (R21, R24).

        Raises:
            SignInUnknown: the link transaction is over; nothing is committed.
        """
        admission = self._admission
        if link.provider.region != self._provider.region:
            return await admission.refuse(tx, link, profile, RegionDiffers(), person_id=None)
        if link.provider != self._provider:
            raise SignInUnknown
        digests = snils_digests(self._keyring, profile.snils) if profile.snils else []
        bound, candidates = await standing.candidates_of_profile(
            tx.connection, self._provider, subject=profile.subject, digests=digests, keyring=self._keyring
        )
        if profile.closed:
            person_id = bound.person.id if bound else None
            if bound is not None:
                await self._watching.closed(tx, link, profile, bound)
            return await admission.refuse(tx, link, profile, ProfileClosed(), person_id=person_id)
        if link.step_up is not None:
            return await self._step_up(tx, link, link.step_up, profile, bound)
        if bound is not None:
            refused = await self._watching.unfit(tx, link, profile, bound)
            return refused or await admission.let_in(tx, link, profile, bound)
        verdict = matching.by_snils(profile, [candidate.registered for candidate in candidates])
        match verdict:
            case NoSnils():
                missing = assurance.needed_by_anyone(profile.level, policy=self._level_policy)
                if missing is not None:
                    error = LevelTooLow(seen=profile.level, needed=missing)
                    return await admission.refuse(tx, link, profile, error, person_id=None)
                return await self._await_password(tx, link, profile)
            case Agreed(person=person):
                chosen = next(one for one in candidates if one.registered is person)
                return await admission.bind(
                    tx, link, profile, chosen, Road.SNILS, generation=chosen.generation
                )
            case _:
                return await admission.refuse_match(tx, link, profile, verdict)

    async def my_binding(self, caller: Caller) -> tuple[Road, datetime]:
        """By which evidence and when the caller's account was bound. Raises `NotBound`."""
        async with self._database.read() as connection:
            found = await standing.binding_of_account(connection, self._provider, caller.account_id)
        if found is None:
            raise NotBound
        return found

    async def step_up_of(self, caller: Caller) -> StepUp:
        """What a step-up of the caller's session through ESIA must bring back. Raises `NotBound`."""
        async with self._database.read() as connection:
            subject = await standing.subject_of_account(connection, self._provider, caller.account_id)
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
            return await self._admission.refuse(tx, link, profile, BoundToAnotherProfile(), person_id=None)
        refused = await self._watching.unfit(tx, link, profile, bound)
        if refused is not None:
            return refused
        tokens = await self._sessions.replace_session(
            tx, step_up.session_id, account_id=bound.account_id, shown=link.shown_at or self._clock.now()
        )
        await self._admission.finish_bound(tx, link, profile, bound)
        return SignedIn(tokens, bound.person)

    async def _await_password(self, tx: Transaction, link: Link, profile: Profile) -> PasswordAwaited:
        until = self._clock.now() + TIME_TO_FINISH
        sealed = self._keyring.seal(to_json(profile), context=f"profile of {link.id}")
        await links.await_password(
            tx.connection, link.id, subject=profile.subject, profile=sealed, expires_at=until
        )
        return PasswordAwaited(until)
