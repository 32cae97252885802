"""Bindings under any sequence of entries, unbindings, blocks and corrections: the model is always right.

The model is a few dictionaries. What it foretells of an entry the service must answer; what it remembers of
an account the tables, the events and the audit must tell as well (A7, A9, A10, A12, A16).
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass, field
from typing import Any, ClassVar, TypeVar

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
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
from tests.support.keys import REGION
from tests.support.profiles import a_profile, come, returned

Result = TypeVar("Result")
PEOPLE, PROFILES = 2, 3
TICK_S = 2.0
NAMES = ("Королёва", "Иванова")


@dataclass
class Known:
    """A registered person, as the model has them."""

    registered: Registered
    snils: str
    blocked: bool = False
    renamed: bool = False
    profile: int | None = None
    road: str = ""
    """By which evidence it is bound, while it is."""
    unbound_at: float = -1.0
    sessions: int = 0
    epoch: int = 0
    """Raised whenever all sessions end."""
    moved: int = 0
    """Raised by whatever moves the account on: an older proof of it is void (A7)."""
    history: list[str] = field(default_factory=list)
    roads: list[str] = field(default_factory=list)
    """Of each binding, when it was made."""
    login: str = ""
    """Empty: the school has issued none."""
    password: str = ""
    """The one that opens the account now; empty: none does."""
    activated: bool = False
    was_activated: bool = False

    @property
    def caller(self) -> Caller:
        who = self.registered
        return Caller(who.person_id, who.account_id, new_id(), roles=frozenset(), region=REGION)

    def all_sessions_end(self) -> None:
        self.sessions, self.epoch, self.moved = 0, self.epoch + 1, self.moved + 1

    def is_bound(self, profile: int, road: str) -> None:
        """A binding activates; what the school has issued opens nothing any more, a chosen password does."""
        self.all_sessions_end()
        self.profile, self.road, self.sessions = profile, road, 1
        self.history.append("ProfileBound")
        self.roads.append(road)
        self.password = self.password if self.activated else ""
        self.activated = True


@dataclass(frozen=True)
class Way:
    """A sign-in whose browser is back from ESIA, not finished yet."""

    link: Link
    browser_key: str
    begun: float


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
    acts: ClassVar[tuple[str, ...]] = (
        "esia_tells_another_snils",
        "begin",
        "enter",
        "enter",
        "enter",
        "enter_by_an_older_way",
        "unbind",
        "block",
        *(("open_again",) * 6),
        "correct_the_surname",
        *(("correct_it_back",) * 6),
    )
    """What can happen; what is named more often does."""
    at_first: ClassVar[tuple[int | None, ...]] = (0, 0, None)
    """Whose SNILS each profile shows to begin with."""

    @initialize()
    def registered(self) -> None:
        self.now = 0.0
        self.known: list[Known] = []
        self.ways: list[Way] = []
        pupil = self.world.ask(self.world.office.pupil())
        for _ in range(PEOPLE):
            snils = self.world.here.snils()
            who = self.world.ask(
                self.world.office.guardian_of(pupil, name="Королёва Алёна Сергеевна", snils=snils)
            )
            self.known.append(Known(who, snils))
        self.unknown = self.world.here.snils()
        self.subjects = [f"machine-{self.world.here.snils()}" for _ in range(PROFILES)]
        self.shows = [None if whose is None else self.known[whose].snils for whose in self.at_first]
        self._prepare()

    # --- what happens ---

    @rule(data=st.data())
    def something_happens(self, data: st.DataObject) -> None:
        """One of all that can. Not rules of their own: of those hypothesis leaves most out of most runs."""
        act = data.draw(st.sampled_from([act for act in self.acts if self.is_possible(act)]), label="act")
        getattr(self, act)(data)

    def is_possible(self, act: str) -> bool:
        """Whether something can happen now; what shuts people out is soon undone."""
        match act:
            case "enter_by_an_older_way":
                return bool(self.ways)
            case "open_again":
                return any(each.blocked for each in self.known)
            case "correct_it_back":
                return any(each.renamed for each in self.known)
        return True

    def esia_tells_another_snils(self, data: st.DataObject) -> None:
        told = [*(person.snils for person in self.known), self.unknown, None]
        self.shows[self._profile(data)] = data.draw(st.sampled_from(told))

    def begin(self, _: st.DataObject) -> None:
        self.ways.append(self._begin())

    def enter(self, data: st.DataObject) -> None:
        self._enter(self._profile(data), self._begin())

    def enter_by_an_older_way(self, data: st.DataObject) -> None:
        """A7: begun before whatever happened since."""
        self._later()
        self._enter(self._profile(data), self.ways.pop(data.draw(st.integers(0, len(self.ways) - 1))))

    def unbind(self, data: st.DataObject) -> None:
        self._later()
        known, school = self._person(data), self.world.office.school_id
        why = data.draw(st.sampled_from([WhyEnded.PROFILE_LOST, WhyEnded.WRONG_PERSON]))
        unbindings = self.world.can.entry.unbindings
        said = self.world.refusal(
            unbindings.unbind_theirs(self.world.registrar, school, known.registered.person_id, why)
        )
        assert said == ("NOT_BOUND" if known.profile is None else "")
        if known.profile is not None:
            known.all_sessions_end()
            known.profile, known.road, known.unbound_at = None, "", self.now
            known.history.append("ProfileUnbound")

    def block(self, data: st.DataObject) -> None:
        self._shut_or_open(self._person(data))

    def open_again(self, data: st.DataObject) -> None:
        self._shut_or_open(data.draw(st.sampled_from([each for each in self.known if each.blocked])))

    def _shut_or_open(self, known: Known) -> None:
        blocks, school = self.world.can.office.blocks, self.world.office.school_id
        act = blocks.unblock if known.blocked else blocks.block
        assert not self.world.refusal(
            act(self.world.registrar, school, known.registered.person_id, "the school's word")
        )
        known.blocked = not known.blocked
        known.moved += 1
        if known.blocked:
            known.all_sessions_end()

    def correct_the_surname(self, data: st.DataObject) -> None:
        self._rename(self._person(data))

    def correct_it_back(self, data: st.DataObject) -> None:
        self._rename(data.draw(st.sampled_from([each for each in self.known if each.renamed])))

    def _rename(self, known: Known) -> None:
        """The person asks, the registrar accepts; asked again, the former name is right again."""
        can = self.world.can.records.corrections
        wish = Wish(Field.SURNAME, NAMES[not known.renamed], "")
        asked = self.world.ask(can.request(known.caller, wish, request_id=str(new_id())))
        self.world.ask(can.accept(self.world.registrar, self.world.office.school_id, asked.correction.id))
        known.renamed = not known.renamed

    def _person(self, data: st.DataObject) -> Known:
        return self.known[data.draw(st.integers(0, PEOPLE - 1), label="person")]

    def _profile(self, data: st.DataObject) -> int:
        return data.draw(st.integers(0, PROFILES - 1), label="profile")

    # --- what must hold ---

    @invariant()
    def accounts_are_bound_as_the_model_says_and_remember_all_that_was(self) -> None:
        for known in getattr(self, "known", []):
            account = known.registered.account_id
            rows = self.world.ask(self.world.here.rows(bindings, bindings.c.account_id == account))
            active = [(row.subject, row.road) for row in rows if row.ended_at is None]
            assert active == ([] if known.profile is None else [(self.subjects[known.profile], known.road)])
            assert len(rows) == known.history.count("ProfileBound")
            assert all(row.ended_by and row.ended_why for row in rows if row.ended_at is not None)
            assert self.world.ask(self.world.here.told(account)) == known.history
            audited = self.world.ask(self.world.here.audited(known.registered.person_id))
            assert [why for action, why in audited if action == "bind_profile"] == known.roads
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

    def _prepare(self) -> None:
        """What else has happened before anything does."""

    def _begin(self) -> Way:
        self._later()
        return Way(*self.world.ask(returned(self.world.here)), self.now)

    # --- the model ---

    def _enter(self, profile: int, way: Way) -> str:
        foretold, person = self._foretell(profile, way.begun)
        shown = a_profile(
            self.subjects[profile],
            name=FullName("Королёва", "Алёна", "Сергеевна"),
            snils=self.shows[profile],
        )
        outcome = self.world.ask(come(self.world.here, shown, way.link))
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
            person.is_bound(profile, "SNILS")
        elif person is not None and said == "in":
            person.sessions += 1
            # What only a password had shown, ESIA shows now (R22).
            person.road = "SNILS" if self.shows[profile] else person.road
        return said

    def _foretell(self, profile: int, begun: float) -> tuple[str, Known | None]:
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

    def _later(self, seconds: float = TICK_S) -> None:
        """Instants of different steps differ; a whole run is shorter than a sign-in may take."""
        self.now += seconds
        self.world.clock.move(seconds=seconds)


async def run(machine: type[Machine], here: Town, clock: MovableClock, *, examples: int, steps: int) -> None:
    """Have hypothesis choose what happens to a machine's world, and when."""
    assert here.keys is not None
    office = await open_office(here, here.keys)
    machine.world = World(asyncio.get_running_loop(), here, office, clock)
    chosen = settings(max_examples=examples, stateful_step_count=steps)
    await asyncio.to_thread(run_state_machine_as_test, machine, settings=chosen)


async def test_no_sequence_binds_twice_or_loses_what_was(here: Town, clock: MovableClock) -> None:
    """A7, A9, A10, A12, A16: hypothesis chooses who enters, is unbound, blocked and corrected, and when."""
    await run(Machine, here, clock, examples=20, steps=25)
