"""The way of a profile without SNILS: login and password propose a person, who then confirms (R22).

Two steps, because a password alone says nothing of who typed it: before anything is bound, whoever sits
there reads whom it would be bound to (A8). What was proposed holds for one browser, one link transaction,
the account as it stood, and ten minutes.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from services.identity.accounts.usecases import Accounts
from services.identity.binding.rules import matching
from services.identity.binding.rules.assurance import day_of_entry
from services.identity.binding.rules.matching import Agreed, Profile
from services.identity.binding.rules.refusals import AccountNotActivated
from services.identity.binding.rules.roads import Road
from services.identity.binding.rules.waiting import from_json
from services.identity.binding.storage import proposals, standing
from services.identity.binding.storage.proposals import ProposedRole
from services.identity.binding.storage.standing import Candidate
from services.identity.binding.usecases.admission import Admission, Refused
from services.identity.devices.usecases import Devices
from services.identity.digests import digest_of
from services.identity.guesses.rules import TooManyAttempts
from services.identity.keyring import Keyring
from services.identity.links import storage as links
from services.identity.links.rules import TIME_TO_FINISH, Provider, SignInUnknown, Stage
from services.identity.links.storage import Link
from services.identity.people.rules import Person
from services.identity.sessions.usecases import Sessions, SignedIn
from services.kit.clock import Clock
from services.kit.database import Database, Transaction
from services.kit.errors import SessionEnded


@dataclass(frozen=True, slots=True)
class Proposed:
    """Whom the profile would be bound to, until then."""

    person: Person
    roles: tuple[ProposedRole, ...]
    until: datetime


class PasswordRoad:
    """From login and password to a binding that its person has confirmed."""

    def __init__(
        self,
        database: Database,
        admission: Admission,
        *,
        keyring: Keyring,
        accounts: Accounts,
        sessions: Sessions,
        devices: Devices,
        provider: Provider,
        zone: ZoneInfo,
        clock: Clock,
    ) -> None:
        self._database = database
        self._admission = admission
        self._keyring = keyring
        self._accounts = accounts
        self._sessions = sessions
        self._devices = devices
        self._provider = provider
        self._zone = zone
        self._clock = clock

    async def propose(self, browser_key: str, login: str, password: str) -> Proposed:
        """Propose the person whom login and password show, to the profile that waits in this browser.

        Raises:
            SignInUnknown: no sign-in waits in this browser, or too many passwords were tried in it.
            WrongCredentials, TooManyAttempts, AccountBlocked: see `Accounts.prove`.
            BindingRefused: the profile is not the account's person, the account was never activated, or one
                of the two is bound already.
        """
        async with self._database.read() as connection:
            link = await links.count_password(
                connection, browser_digest=digest_of(browser_key), now=self._clock.now()
            )
        if link is None or link.provider != self._provider:
            raise SignInUnknown
        try:
            account = await self._accounts.prove(login, password)
        except TooManyAttempts:
            async with self._database.read() as connection:
                await links.uncount_password(connection, link.id)
            raise
        profile = self._open_profile(link)
        async with self._database.transaction() as tx:
            await links.hold(tx.connection, link.id)
            await self._accounts.require_unchanged(tx, account)
            outcome = await self._propose(tx, link, profile, account.id)
        if isinstance(outcome, Refused):
            raise outcome.error
        return outcome

    async def confirm(self, browser_key: str, person_id: UUID) -> SignedIn:
        """Bind the profile to the person who was proposed in this browser.

        Pressed again within seconds, it is answered the same once more: the first answer may be lost (A9).

        Raises:
            SignInUnknown: this person was not proposed here, or the proposal is over, used up, or of an
                account that has changed since.
            AccountBlocked, BindingRefused: as `propose`.
        """
        async with self._database.transaction() as tx:
            link = await links.proposed(
                tx.connection,
                browser_digest=digest_of(browser_key),
                person_id=person_id,
                now=self._clock.now(),
            )
            if link is None:
                return await self._confirmed_already(tx, browser_key, person_id)
            if link.proposal is None or link.provider != self._provider:
                raise SignInUnknown
            profile, proposal = self._open_profile(link), link.proposal
            # The person showed who they are when the password was given; pressing a button shows nothing.
            link = replace(link, shown_at=link.expires_at - TIME_TO_FINISH)
            candidate = await standing.candidate_of_account(tx.connection, proposal.account_id, self._keyring)
            # Blocked is told as such; whatever else has moved on makes the proof an old one.
            if candidate is None or (
                candidate.may_enter and candidate.account_version != proposal.account_version
            ):
                raise SignInUnknown
            outcome = await self._unfit(tx, link, profile, candidate) or await self._admission.bind(
                tx, link, profile, candidate, Road.PASSWORD, generation=proposal.generation
            )
            if isinstance(outcome, SignedIn):
                await links.note_session(tx.connection, link.id, outcome.tokens.session_id)
                await self._devices.entered(tx, outcome.person.id)
        if isinstance(outcome, Refused):
            raise outcome.error
        return outcome

    async def decline(self, browser_key: str) -> None:
        """End the sign-in: whoever sits there is not the person proposed. Raises `SignInUnknown`."""
        async with self._database.transaction() as tx:
            link = await links.proposed(
                tx.connection,
                browser_digest=digest_of(browser_key),
                person_id=None,
                now=self._clock.now(),
            )
            if link is None or link.person_id is None:
                raise SignInUnknown
            profile = self._open_profile(link)
            await self._admission.finish(tx, link, profile, Stage.REFUSED, link.person_id)
            tx.audit(
                actor=self._admission.actor(profile),
                action="decline_binding",
                object_kind="person",
                object_id=str(link.person_id),
                subject=link.person_id,
            )

    async def _confirmed_already(self, tx: Transaction, browser_key: str, person_id: UUID) -> SignedIn:
        """What this browser was answered a moment ago: the same session, nothing bound or begun anew.

        Whoever presses twice at once waits for the first press, whose transaction holds the sign-in's row.
        An end of the session, for whatever reason, ends this too (A7).
        """
        done = await links.confirmed(
            tx.connection, browser_digest=digest_of(browser_key), person_id=person_id
        )
        if done is None or done.provider != self._provider:
            raise SignInUnknown
        try:
            tokens = await self._sessions.repeat(tx, done.session_id)
        except SessionEnded:
            raise SignInUnknown from None
        candidate = await standing.candidate_of_account(tx.connection, done.account_id, self._keyring)
        if candidate is None:
            raise SignInUnknown
        bound_now = await standing.bound_by(tx.connection, done.link_id)
        return SignedIn(tokens, candidate.person, bound_now=bound_now)

    async def _propose(
        self, tx: Transaction, link: Link, profile: Profile, account_id: UUID
    ) -> Proposed | Refused:
        candidate = await standing.candidate_of_account(tx.connection, account_id, self._keyring)
        if candidate is None:
            raise SignInUnknown
        refused = await self._unfit(tx, link, profile, candidate)
        if refused is not None:
            return refused
        now = self._clock.now()
        until = now + TIME_TO_FINISH
        kept = await links.propose(
            tx.connection,
            link.id,
            links.Proposal(candidate.account_id, candidate.account_version, candidate.generation),
            person_id=candidate.person.id,
            expires_at=until,
        )
        if not kept:
            raise SignInUnknown
        today = day_of_entry(now, candidate.zones, self._zone)
        roles = await proposals.roles_of(tx.connection, candidate.person.id, today=today)
        return Proposed(candidate.person, roles, until)

    async def _unfit(
        self, tx: Transaction, link: Link, profile: Profile, candidate: Candidate
    ) -> Refused | None:
        """Why the person may not be bound this way; looked at when proposed, and again when confirmed."""
        admission = self._admission
        if not candidate.may_enter:
            return await admission.refuse_blocked(tx, link, profile, candidate)
        verdict = matching.by_password(profile, candidate.registered)
        if not isinstance(verdict, Agreed):
            settled = matching.may_be_a_mistake(profile, verdict)
            return await admission.refuse_match(tx, link, profile, verdict, settled=settled)
        if not candidate.activated:
            error = AccountNotActivated()
            return await admission.refuse(tx, link, profile, error, person_id=candidate.person.id)
        refused = await admission.too_low(tx, link, profile, replace(candidate, road=Road.PASSWORD))
        return refused or await admission.refuse_bound(tx, link, profile, candidate)

    def _open_profile(self, link: Link) -> Profile:
        if link.profile is None:
            raise SignInUnknown
        return from_json(self._keyring.open(link.profile, context=f"profile of {link.id}"))
