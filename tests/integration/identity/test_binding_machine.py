"""Bindings under any sequence of entries, unbindings, blocks and corrections: the model is always right.

The model is a few dictionaries. What it foretells of an entry the service must answer; what it remembers of
an account the tables, the events and the audit must tell as well (A7, A9, A10, A12, A16).
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, ClassVar, TypeVar

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from school.access.v1.policy_pb2 import ROLE_REGISTRAR
from services.identity.binding.rules.endings import WhyEnded
from services.identity.binding.storage import bindings
from services.identity.binding.usecases.admission import Refused
from services.identity.binding.usecases.entering import PasswordAwaited
from services.identity.corrections.rules import Field
from services.identity.corrections.usecases import Wish
from services.identity.links.storage import Link
from services.identity.people.rules import FullName
from services.identity.sessions.storage import sessions
from services.identity.sessions.usecases import SignedIn
from services.identity.use_cases import UseCases
from services.kit.caller import Caller
from services.kit.errors import DomainError
from services.kit.ids import new_id
from tests.integration.identity.issuing.office import Office, open_office
from tests.support.clock import MovableClock
from tests.support.identity import Registered, Town
from tests.support.keys import REGION, make_keys
from tests.support.profiles import a_profile, come, returned

Result = TypeVar("Result")
PEOPLE, PROFILES = 2, 3
NAMES = ("Королёва", "Иванова")


@dataclass
class Known:
    """A registered person, as the model has them."""

    registered: Registered
    snils: str
    blocked: bool = False
    renamed: bool = False
    profile: int | None = None
    unbound_at: int = -1
    sessions: int = 0
    history: list[str] = field(default_factory=list)

    @property
    def caller(self) -> Caller:
        who = self.registered
        return Caller(who.person_id, who.account_id, new_id(), roles=frozenset(), region=REGION)


@dataclass(frozen=True)
class World:
    """The service, a school's office in it, and a loop to ask in; the machine itself is synchronous."""

    loop: asyncio.AbstractEventLoop
    here: Town
    office: Office
    clock: MovableClock

    @property
    def can(self) -> UseCases:
        assert self.here.inside is not None
        return self.here.inside.use_cases

    @property
    def registrar(self) -> Caller:
        who, role = self.office.registrar, frozenset({ROLE_REGISTRAR})
        return Caller(who.person_id, who.account_id, new_id(), roles=role, region=REGION)

    def ask(self, work: Coroutine[Any, Any, Result]) -> Result:
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(30)

    def refusal(self, work: Coroutine[Any, Any, object]) -> str:
        """The reason for which something is refused; empty when it is done."""
        try:
            self.ask(work)
        except DomainError as error:
            return error.reason
        return ""


class Machine(RuleBasedStateMachine):
    """Two namesakes at one school, and three profiles that may show the SNILS of either, another, or none."""

    world: ClassVar[World]
    ways = Bundle("ways")
    """Sign-ins whose browser is back from ESIA, not finished yet: the link, and when it began."""
    people_ = st.integers(0, PEOPLE - 1)
    profiles_ = st.integers(0, PROFILES - 1)

    @initialize()
    def registered(self) -> None:
        self.now = 0
        self.known: list[Known] = []
        for _ in range(PEOPLE):
            snils = self.world.here.snils()
            who = self.world.ask(self.world.office.guardian_of(name="Королёва Алёна Сергеевна", snils=snils))
            self.known.append(Known(who, snils))
        self.unknown = self.world.here.snils()
        self.subjects = [f"machine-{self.world.here.snils()}" for _ in range(PROFILES)]
        self.shows: list[str | None] = [self.known[0].snils, self.known[0].snils, None]

    # --- what happens ---

    @rule(profile=profiles_, which=st.integers(0, PEOPLE + 1))
    def esia_tells_another_snils(self, profile: int, which: int) -> None:
        self.shows[profile] = [*(person.snils for person in self.known), self.unknown, None][which]

    @rule(target=ways)
    def begin(self) -> tuple[Link, int]:
        return self._begin()

    @rule(profile=profiles_)
    def enter(self, profile: int) -> None:
        self._enter(profile, self._begin())

    @rule(profile=profiles_, way=consumes(ways))
    def enter_by_an_older_way(self, profile: int, way: tuple[Link, int]) -> None:
        """A7: begun before whatever happened since."""
        self._later()
        self._enter(profile, way)

    @rule(person=people_, why=st.sampled_from([WhyEnded.PROFILE_LOST, WhyEnded.WRONG_PERSON]))
    def unbind(self, person: int, why: WhyEnded) -> None:
        self._later()
        known, school = self.known[person], self.world.office.school_id
        unbindings = self.world.can.unbindings
        said = self.world.refusal(
            unbindings.unbind_theirs(self.world.registrar, school, known.registered.person_id, why)
        )
        assert said == ("NOT_BOUND" if known.profile is None else "")
        if known.profile is not None:
            known.profile, known.unbound_at, known.sessions = None, self.now, 0
            known.history.append("ProfileUnbound")

    @rule(person=people_)
    def block_or_open(self, person: int) -> None:
        known, school = self.known[person], self.world.office.school_id
        blocks = self.world.can.blocks
        act = blocks.unblock if known.blocked else blocks.block
        assert not self.world.refusal(
            act(self.world.registrar, school, known.registered.person_id, "the school's word")
        )
        known.blocked = not known.blocked
        known.sessions = 0 if known.blocked else known.sessions

    @rule(person=people_)
    def correct_the_surname(self, person: int) -> None:
        """The person asks, the registrar accepts; asked again, the former name is right again."""
        known, can = self.known[person], self.world.can.corrections
        wish = Wish(Field.SURNAME, NAMES[not known.renamed], "")
        asked = self.world.ask(can.request(known.caller, wish, request_id=str(new_id())))
        self.world.ask(can.accept(self.world.registrar, self.world.office.school_id, asked.correction.id))
        known.renamed = not known.renamed

    # --- what must hold ---

    @invariant()
    def accounts_are_bound_as_the_model_says_and_remember_all_that_was(self) -> None:
        for known in getattr(self, "known", []):
            account = known.registered.account_id
            rows = self.world.ask(self.world.here.rows(bindings, bindings.c.account_id == account))
            active = [row.subject for row in rows if row.ended_at is None]
            assert active == ([] if known.profile is None else [self.subjects[known.profile]])
            assert len(rows) == known.history.count("ProfileBound")
            assert all(row.ended_by and row.ended_why for row in rows if row.ended_at is not None)
            assert self.world.ask(self.world.here.told(account)) == known.history
            audited = self.world.ask(self.world.here.audited(known.registered.person_id))
            verbs = {"bind_profile": "ProfileBound", "unbind_profile": "ProfileUnbound"}
            assert [verbs[action] for action, _ in audited if action in verbs] == known.history

    @invariant()
    def nobody_is_in_by_a_binding_that_is_over_or_a_block(self) -> None:
        for known in getattr(self, "known", []):
            lives = sessions.c.account_id == known.registered.account_id, sessions.c.ended_at.is_(None)
            assert len(self.world.ask(self.world.here.rows(sessions, *lives))) == known.sessions

    @invariant()
    def no_profile_is_bound_twice(self) -> None:
        for subject in getattr(self, "subjects", []):
            active = bindings.c.subject == subject, bindings.c.ended_at.is_(None)
            assert len(self.world.ask(self.world.here.rows(bindings, *active))) <= 1

    def _begin(self) -> tuple[Link, int]:
        self._later()
        return self.world.ask(returned(self.world.here))[0], self.now

    # --- the model ---

    def _enter(self, profile: int, way: tuple[Link, int]) -> None:
        link, begun = way
        foretold, person = self._foretell(profile, begun)
        shown = a_profile(
            self.subjects[profile],
            name=FullName("Королёва", "Алёна", "Сергеевна"),
            snils=self.shows[profile],
        )
        outcome = self.world.ask(come(self.world.here, shown, link))
        match outcome:
            case SignedIn():
                said = "bound" if outcome.bound_now else "in"
                assert person is not None
                assert outcome.person.id == person.registered.person_id
            case PasswordAwaited():
                said = "password"
            case Refused():
                said = outcome.error.reason
        assert said == foretold
        if person is not None and said == "bound":
            person.profile, person.sessions = profile, 1
            person.history.append("ProfileBound")
        elif person is not None and said == "in":
            person.sessions += 1

    def _foretell(self, profile: int, begun: int) -> tuple[str, Known | None]:
        """What an entry must come to, and whose it is."""
        snils = self.shows[profile]
        bound = next((person for person in self.known if person.profile == profile), None)
        if bound is not None:
            if bound.blocked:
                return "ACCOUNT_BLOCKED", bound
            return ("in" if snils in {None, bound.snils} else "SNILS_DIFFERS"), bound
        if snils is None:
            return "password", None
        found = next((person for person in self.known if person.snils == snils), None)
        if found is None:
            return "SNILS_UNKNOWN", None
        if found.renamed:
            return "NAME_DIFFERS", found
        if found.blocked:
            return "ACCOUNT_BLOCKED", found
        if begun < found.unbound_at:
            return "SIGN_IN_UNKNOWN", found
        if found.profile is not None:
            return "BOUND_TO_ANOTHER_PROFILE", found
        return "bound", found

    def _later(self) -> None:
        """Instants of different steps differ; a whole run is shorter than a sign-in may take."""
        self.now += 1
        self.world.clock.move(seconds=2)


async def test_no_sequence_binds_twice_or_loses_what_was(
    here: Town, clock: MovableClock, tmp_path_factory: Any
) -> None:
    """A7, A9, A10, A12, A16: hypothesis chooses who enters, is unbound, blocked and corrected, and when."""
    office = await open_office(here, make_keys(tmp_path_factory.mktemp("office")))
    Machine.world = World(asyncio.get_running_loop(), here, office, clock)
    chosen = settings(
        max_examples=12, stateful_step_count=25, deadline=timedelta(seconds=60), derandomize=True
    )

    await asyncio.to_thread(run_state_machine_as_test, Machine, settings=chosen)
