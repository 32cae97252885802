"""A guardian asks ESIA for their children; the register and the school have the last word.

ESIA is asked when the person presses the button, never at a sign-in: the scopes are others, the consent is
another, and nobody waits for it at the door. A state belongs to the session that began it and is good once;
at ESIA the same profile must answer that is bound to the account (A1, A3, A8).
"""

from __future__ import annotations

import base64
import secrets
from dataclasses import dataclass, field
from uuid import UUID

from services.identity.binding.rules.assurance import Level
from services.identity.binding.rules.matching import Agreed, Profile, by_snils
from services.identity.binding.rules.refusals import BoundToAnotherProfile
from services.identity.binding.usecases.entering import Bindings
from services.identity.digests import digest_of
from services.identity.esia import EsiaClient
from services.identity.esia.profile import EsiaKid
from services.identity.esia_children import storage
from services.identity.esia_children.rules import (
    SCOPES,
    TIME_TO_FINISH,
    EsiaChildrenClosed,
    KidsPolicy,
    Outcome,
    Proposal,
    confirms_at_once,
)
from services.identity.families.rules.adding import AdultsOnly
from services.identity.families.rules.relations import (
    OF_AGE,
    LimitKind,
    Relation,
    RelationBasis,
    RelationKind,
    last_day_of_childhood,
)
from services.identity.families.storage import limits, standing
from services.identity.families.usecases.relating import Relating
from services.identity.keyring import Keyring
from services.identity.links.rules import SignInUnknown
from services.identity.people.rules import FullName, Role, Snils, age_on
from services.identity.people.storage import holds_role, snils_digests
from services.identity.sign_in.asking import asking_esia
from services.identity.sign_in.rules import EsiaCodeRefused, EsiaDown
from services.kit.caller import Caller
from services.kit.clock import Clock
from services.kit.database import Database, Transaction
from services.kit.ids import new_id


@dataclass(frozen=True, slots=True)
class Answered:
    """What ESIA's redirect brought back."""

    state: str = field(repr=False)
    code: str = field(repr=False)
    error: str
    error_description: str


@dataclass(frozen=True, slots=True)
class Named:
    """A child whom ESIA named, and what became of it."""

    given_name: str
    outcome: Outcome


class Searching:
    """Children through Gosuslugi.

    Args:
        database: where it is.
        esia: whom to ask.
        bindings: which profile is the caller's.
        relating: begins relations.
        keyring: opens SNILS; makes the proof that only this service can bring back a code (RFC 7636).
        policy: what the region does with what ESIA says.
        redirect_uri: where ESIA sends the browser back to; registered there.
        clock: what time it is.
    """

    def __init__(
        self,
        database: Database,
        *,
        esia: EsiaClient,
        bindings: Bindings,
        relating: Relating,
        keyring: Keyring,
        policy: KidsPolicy,
        redirect_uri: str,
        clock: Clock,
    ) -> None:
        self._database = database
        self._esia = esia
        self._bindings = bindings
        self._relating = relating
        self._keyring = keyring
        self._policy = policy
        self._redirect_uri = redirect_uri
        self._clock = clock

    @property
    def is_open(self) -> bool:
        """Whether the region asks ESIA for children."""
        return self._policy is not KidsPolicy.OFF

    async def start(self, caller: Caller) -> str:
        """Where the browser goes to have ESIA asked.

        Raises:
            EsiaChildrenClosed: the region does not ask.
            NotBound: the caller has no bound profile.
            EsiaDown: ESIA is known to be down, or the request cannot be signed.
        """
        if not self.is_open:
            raise EsiaChildrenClosed
        await self._bindings.step_up_of(caller)
        if not self._esia.available:
            raise EsiaDown
        state = UUID(bytes=secrets.token_bytes(16))
        async with asking_esia():
            url = await self._esia.authorization_url(
                state,
                code_verifier=self._verifier(str(state)),
                scopes=self._scopes,
                redirect_uri=self._redirect_uri,
            )
        async with self._database.read() as connection:
            await storage.begin_search(
                connection,
                digest_of(str(state)),
                session_id=caller.session_id,
                person_id=caller.person_id,
                until=self._clock.now() + TIME_TO_FINISH,
            )
        return url

    async def complete(self, caller: Caller, answered: Answered) -> list[Named]:
        """What becomes of each child that ESIA names.

        Raises:
            SignInUnknown: the state is unknown, used, expired, or another session's (A1).
            EsiaRefused, EsiaCodeRefused, EsiaDown: ESIA tells nothing.
            BoundToAnotherProfile: somebody else signed in at ESIA (A8).
            AdultsOnly: the caller is below 18.
        """
        async with self._database.read() as connection:
            known = await storage.take_search(
                connection, digest_of(answered.state), session_id=caller.session_id, now=self._clock.now()
            )
        if not known:
            raise SignInUnknown
        mine = await self._bindings.step_up_of(caller)
        subject, kids = await self._ask(answered)
        if subject != mine.subject:
            raise BoundToAnotherProfile
        async with self._database.transaction() as tx:
            tx.audit(
                actor=str(caller.person_id),
                action="find_children",
                object_kind="person",
                object_id=str(caller.person_id),
                subject=caller.person_id,
            )
            pupils = [await self._pupil(tx, kid) for kid in kids]
            # In one order, whatever ESIA's is: two parents at once do not wait in a circle.
            outcomes = {each: await self._weigh(tx, caller, each) for each in sorted(filter(None, pupils))}
        return [
            Named(kid.given_name or "", outcomes[pupil_id] if pupil_id else Outcome.NOT_FOUND)
            for kid, pupil_id in zip(kids, pupils, strict=True)
        ]

    async def mine(self, caller: Caller) -> list[Proposal]:
        """What the caller waits for."""
        async with self._database.read() as connection:
            return await storage.waiting_of(connection, caller.person_id)

    @property
    def _scopes(self) -> tuple[str, ...]:
        return ("openid", *SCOPES)

    async def _ask(self, answered: Answered) -> tuple[str, tuple[EsiaKid, ...]]:
        said = {"state": answered.state}
        if answered.error:
            said |= {"error": answered.error, "error_description": answered.error_description}
        elif answered.code:
            said["code"] = answered.code
        else:
            raise EsiaCodeRefused
        async with asking_esia():
            code = self._esia.code_of(said, state=answered.state)
            tokens = await self._esia.exchange(
                code,
                code_verifier=self._verifier(answered.state),
                scopes=self._scopes,
                redirect_uri=self._redirect_uri,
            )
            return str(tokens.oid), await self._esia.kids(tokens)

    async def _weigh(self, tx: Transaction, caller: Caller, pupil_id: UUID) -> Outcome:
        pupil = await standing.pupil(tx.connection, pupil_id, lock=True)
        schools = await standing.schools_of_pupil(tx.connection, pupil_id)
        if pupil is None or not schools or pupil_id == caller.person_id:
            return Outcome.NOT_FOUND
        today = await self._relating.today(tx.connection, schools[0])
        myself = await standing.pupil(tx.connection, caller.person_id)
        if myself is None or age_on(myself.birth_date, today) < OF_AGE:
            raise AdultsOnly
        present = await standing.relation_of_pair(tx.connection, caller.person_id, pupil_id)
        if present is not None and present.holds_on(today):
            return Outcome.KNOWN
        forbidden = await limits.limits_of_pair(tx.connection, caller.person_id, pupil_id, on=today)
        if LimitKind.NO_ACCESS in forbidden or last_day_of_childhood(pupil.birth_date) < today:
            return Outcome.ASK_SCHOOL
        registered = await holds_role(tx.connection, caller.person_id, schools[0], Role.GUARDIAN)
        before = await standing.were_related(tx.connection, caller.person_id, pupil_id)
        if confirms_at_once(self._policy, registered_here=registered, related_before=before):
            wish = Relation(
                new_id(),
                caller.person_id,
                pupil_id,
                schools[0],
                RelationKind.PARENT,
                valid_from=today,
                valid_until=None,
                basis=RelationBasis.ESIA,
            )
            await self._relating.begin(tx, wish, pupil, by=caller.person_id)
            return Outcome.ADDED
        await storage.propose(
            tx.connection,
            guardian_id=caller.person_id,
            pupil_id=pupil_id,
            school_id=schools[0],
            at=self._clock.now(),
        )
        return Outcome.PROPOSED

    async def _pupil(self, tx: Transaction, kid: EsiaKid) -> UUID | None:
        """The one registered pupil with whom all of it agrees; nobody when ESIA leaves anything out (A12)."""
        if not (kid.surname and kid.given_name and kid.birth_date and kid.snils):
            return None
        name = FullName(kid.surname, kid.given_name, kid.patronymic or "")
        profile = Profile(kid.id, name, kid.birth_date, Snils(kid.snils), Level.CHILD)
        digests = snils_digests(self._keyring, Snils(kid.snils))
        verdict = by_snils(profile, await storage.pupils_with_snils(tx.connection, digests, self._keyring))
        return verdict.person.person_id if isinstance(verdict, Agreed) else None

    def _verifier(self, state: str) -> str:
        digest = self._keyring.index(state, kind="child search").digest
        return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
