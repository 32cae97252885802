"""The machine of bindings, with the password road in it: the model is right on each of its steps as well.

Logins are issued and issued anew, activated, typed rightly and wrongly; people are proposed in several
browsers, confirm, confirm again, decline; and ESIA comes to know a SNILS later on (A7, A8, A9, A10, A11, A23,
R4, R22).
"""

from __future__ import annotations

from dataclasses import dataclass

from hypothesis import strategies as st
from hypothesis.stateful import invariant

from services.identity.issuing.rules.people import Capacity
from services.identity.links.rules import MOST_PASSWORDS
from services.identity.links.storage import link_transactions
from services.identity.sessions.rules import GRACE
from services.identity.sessions.usecases import SignedIn
from services.kit.errors import DomainError
from tests.integration.identity.test_binding_machine import TICK_S, Known, Machine, Way, run
from tests.support.clock import MovableClock
from tests.support.identity import Town, reason
from tests.support.newcomer import PERMANENT, Newcomer, Step

# One less than a login may be guessed at before anybody waits: what waiting does is shown elsewhere.
MOST_WRONG = 4


@dataclass
class Proposal:
    """A person who was proposed, as they stood then."""

    known: Known
    moved: int


@dataclass
class Answer:
    """What a confirmation came to."""

    known: Known
    epoch: int
    at: float
    bound_now: bool
    refresh_token: str


@dataclass
class Waiting:
    """A browser whose profile has no SNILS."""

    way: Way
    profile: int
    tried: int = 0
    over: bool = False
    proposal: Proposal | None = None
    answer: Answer | None = None


class ByPassword(Machine):
    """Two of three profiles show no SNILS at first; both persons have a login, one an own password."""

    at_first = (0, None, None)
    acts = (
        *Machine.acts,
        "issue",
        "activate",
        *(("enter_without_snils",) * 4),
        *(("give_a_password",) * 6),
        *(("confirm",) * 6),
        "decline",
    )

    def _prepare(self) -> None:
        self.wrong = dict.fromkeys(map(id, self.known), 0)
        self.waits: list[Waiting] = []
        for known in self.known:
            self._issue(known)
        self._activate(self.known[0])

    # --- what happens ---

    def is_possible(self, act: str) -> bool:
        if act == "activate":
            return any(map(_may_activate, self.known))
        if act == "give_a_password":
            return bool(self.waits)
        if act in {"confirm", "decline"}:
            return any(each.proposal for each in self.waits)
        return super().is_possible(act)

    def issue(self, data: st.DataObject) -> None:
        """The registrar gives a slip, or another one: what was given before opens nothing any more (A23)."""
        self._issue(self._person(data))

    def _issue(self, known: Known) -> None:
        issuing = self.world.office.issue(
            known.registered, Capacity.PARENT, reissue_reason="the slip is lost"
        )
        if known.blocked:
            assert self.world.ask(reason(issuing)) == "ACCOUNT_BLOCKED"
            return
        slip = self.world.ask(issuing)
        known.login, known.password, known.activated = slip.login, slip.temporary_password, False
        known.all_sessions_end()

    def activate(self, data: st.DataObject) -> None:
        """Somebody with a slip goes all the way from it to a password of their own."""
        self._activate(data.draw(st.sampled_from([each for each in self.known if _may_activate(each)])))

    def _activate(self, known: Known) -> None:
        here = self.world.here

        async def all_steps() -> None:
            session = (await here.doors.enter_with_password(known.login, known.password)).session
            newcomer = Newcomer(here, known.registered, known.login, session)
            await newcomer.up_to(Step.ACTIVATION_STEP_DONE)

        self.world.ask(all_steps())
        known.all_sessions_end()
        known.password, known.activated, known.was_activated, known.sessions = PERMANENT, True, True, 1

    def enter_without_snils(self, data: st.DataObject) -> None:
        """ESIA tells no SNILS: whose profile is bound is in, or else waits for a password."""
        profile = self._profile(data)
        self.shows[profile] = None
        way = self._begin()
        if self._enter(profile, way) == "password":
            self.waits.append(Waiting(way, profile))

    def give_a_password(self, data: st.DataObject) -> None:
        waits, known = self._waiting(data), self._person(data)
        right = data.draw(st.sampled_from([True, True, True, True, False])) and bool(known.password)
        if known.login and not right and self.wrong[id(known)] == MOST_WRONG:
            return
        foretold = self._foretell_proposal(waits, known, right=right)
        login = known.login or f"nobody-{self.world.here.snils()}"
        password = known.password if right else "not the right one"
        road = self.world.can.entry.password_road
        said = self.world.refusal(road.propose(waits.way.browser_key, login, password))
        assert said == foretold
        waits.tried += 1
        self.wrong[id(known)] += said == "WRONG_CREDENTIALS" and bool(known.login)
        if not said:
            waits.proposal = Proposal(known, known.moved)

    def confirm(self, data: st.DataObject) -> None:
        """The button "this is me", pressed once or again, at once or when the grace is over."""
        waits = self._proposing(data)
        self._later(data.draw(st.sampled_from([TICK_S, TICK_S, GRACE.total_seconds()]), label="later"))
        named = waits.proposal.known if waits.proposal else self.known[0]
        if data.draw(st.sampled_from([False] * 7 + [True]), label="somebody else"):
            named = next(each for each in self.known if each is not named)
        foretold = self._foretell_confirmation(waits, named)
        outcome = self._confirm(waits, named)
        if isinstance(outcome, str):
            assert outcome == foretold
            return
        assert outcome.person.id == named.registered.person_id
        token = outcome.tokens.refresh
        if foretold == "again":
            assert waits.answer is not None
            assert (outcome.bound_now, token) == (waits.answer.bound_now, waits.answer.refresh_token)
            return
        assert foretold == ("bound" if outcome.bound_now else "in")
        if outcome.bound_now:
            named.is_bound(waits.profile, "PASSWORD")
        else:
            named.sessions += 1
        waits.over, waits.answer = True, Answer(named, named.epoch, self.now, outcome.bound_now, token)

    def decline(self, data: st.DataObject) -> None:
        waits = self._proposing(data)
        said = self.world.refusal(self.world.can.entry.password_road.decline(waits.way.browser_key))
        if waits.over or waits.proposal is None:
            assert said == "SIGN_IN_UNKNOWN"
        else:
            assert not said
            waits.over = True

    def _waiting(self, data: st.DataObject) -> Waiting:
        """A browser; most often the last one that waits still."""
        if data.draw(st.sampled_from([True, True, True, False]), label="the last that waits"):
            return [each for each in self.waits if not each.over or each is self.waits[0]][-1]
        number: int = data.draw(st.integers(0, len(self.waits) - 1), label="browser")
        return self.waits[number]

    def _proposing(self, data: st.DataObject) -> Waiting:
        """A browser in which somebody is proposed, or was; most often the last one."""
        of = [each for each in self.waits if each.proposal]
        if data.draw(st.sampled_from([True, True, True, False]), label="the last that proposes"):
            return of[-1]
        return self._waiting(data)

    # --- what must hold ---

    @invariant()
    def a_profile_lies_sealed_while_its_browser_waits_and_no_longer(self) -> None:
        for waits in getattr(self, "waits", []):
            [row] = self.world.ask(
                self.world.here.rows(link_transactions, link_transactions.c.id == waits.way.link.id)
            )
            assert (row.profile_box is None) == waits.over

    # --- the model ---

    def _confirm(self, waits: Waiting, named: Known) -> SignedIn | str:
        road = self.world.can.entry.password_road
        try:
            return self.world.ask(road.confirm(waits.way.browser_key, named.registered.person_id))
        except DomainError as error:
            return error.reason

    def _foretell_proposal(self, waits: Waiting, known: Known, *, right: bool) -> str:
        """Why a password proposes nobody; empty when it proposes its person."""
        if waits.over or waits.tried >= MOST_PASSWORDS:
            return "SIGN_IN_UNKNOWN"
        if not right:
            return "WRONG_CREDENTIALS"
        if known.blocked:
            return "ACCOUNT_BLOCKED"
        if known.renamed:
            return "NAME_DIFFERS"
        if not known.activated:
            return "ACCOUNT_NOT_ACTIVATED"
        return self._bound_otherwise(waits, known)

    def _foretell_confirmation(self, waits: Waiting, named: Known) -> str:
        if waits.answer is not None:
            same = waits.answer.known is named and waits.answer.epoch == named.epoch
            in_time = self.now - waits.answer.at <= GRACE.total_seconds()
            return "again" if same and in_time else "SIGN_IN_UNKNOWN"
        if waits.over or waits.proposal is None or waits.proposal.known is not named:
            return "SIGN_IN_UNKNOWN"
        if named.blocked:
            return "ACCOUNT_BLOCKED"
        if named.moved != waits.proposal.moved:
            return "SIGN_IN_UNKNOWN"
        if named.renamed:
            return "NAME_DIFFERS"
        if otherwise := self._bound_otherwise(waits, named):
            return otherwise
        if waits.way.begun < named.unbound_at:
            return "SIGN_IN_UNKNOWN"
        return "in" if named.profile == waits.profile else "bound"

    def _bound_otherwise(self, waits: Waiting, known: Known) -> str:
        if any(each is not known and each.profile == waits.profile for each in self.known):
            return "PROFILE_BOUND_ELSEWHERE"
        return "BOUND_TO_ANOTHER_PROFILE" if known.profile not in {None, waits.profile} else ""


def _may_activate(known: Known) -> bool:
    """Whether somebody has a slip that opens something; once, for codes are not sent twice in a minute."""
    return bool(known.password) and not (known.activated or known.was_activated or known.blocked)


async def test_no_sequence_by_password_binds_twice_or_the_wrong_person(
    here: Town, clock: MovableClock
) -> None:
    """A7, A8, A9, A10, A11, A23: hypothesis chooses who types, confirms and declines, in which browser."""
    await run(ByPassword, here, clock, examples=14, steps=30)
