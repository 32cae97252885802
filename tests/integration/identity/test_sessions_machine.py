"""Sessions under any sequence of requests: no dead token refreshes, a betrayal ends the family (A19, A20)."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass, field
from typing import Any, ClassVar, TypeVar
from uuid import UUID

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from services.identity.people.rules import FullName, Person, Role
from services.identity.sessions.minting import Tokens
from services.identity.sessions.rules import GRACE, Door, RefreshToken
from services.identity.sessions.storage import sessions
from services.identity.sessions.usecases import Sessions
from services.kit.caller import Caller
from services.kit.database import Database
from services.kit.errors import SessionEnded
from tests.support.clock import MovableClock
from tests.support.identity import Registered, Town

Result = TypeVar("Result")


@dataclass
class Line:
    """A session and those that took its place, as a pure model."""

    present: UUID
    generation: int = 1
    moved_at: float = 0.0
    alive: bool = True
    replaced: dict[UUID, float] = field(default_factory=dict)
    """When each forerunner was replaced."""
    former: UUID | None = None
    """The one whose place the present one took."""


@dataclass(frozen=True)
class Shown:
    """A refresh token that somebody holds."""

    line: int
    session: UUID
    generation: int
    text: str


@dataclass
class World:
    """The service, and a loop to ask it in; the machine itself is synchronous."""

    loop: asyncio.AbstractEventLoop
    database: Database
    sessions: Sessions
    clock: MovableClock
    person: Registered

    def ask(self, work: Coroutine[Any, Any, Result]) -> Result:
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(30)


class Machine(RuleBasedStateMachine):
    """One person with any number of sessions; every token that was given out stays in somebody's hand."""

    world: ClassVar[World]
    tokens = Bundle("tokens")

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[Line] = []
        self.now = 0.0

    # --- what people do ---

    @rule(target=tokens)
    def begin(self) -> Shown:
        world = self.world
        person = Person(world.person.person_id, FullName("Королёва", "Алёна"), frozenset({Role.GUARDIAN}))

        async def work() -> Tokens:
            async with world.database.transaction() as tx:
                return await world.sessions.begin(tx, world.person.account_id, person, Door.ESIA)

        fresh = RefreshToken.parse(world.ask(work()).refresh)
        self.lines.append(Line(fresh.session_id, moved_at=self.now))
        return Shown(len(self.lines) - 1, fresh.session_id, fresh.generation, str(fresh))

    @rule(target=tokens, shown=tokens)
    def refresh(self, shown: Shown) -> Shown:
        """Whoever holds a token shows it: its owner, a late tab, a thief."""
        line = self.lines[shown.line]
        expected = self._meaning(line, shown)
        if expected in {"dead", "late", "betrayal"}:
            with pytest.raises(SessionEnded) as ended:
                self.world.ask(self.world.sessions.refresh(shown.text))
            assert ("replaced" in ended.value.metadata) is (expected == "late")
            line.alive = line.alive and expected != "betrayal"
            return shown
        fresh = RefreshToken.parse(self.world.ask(self.world.sessions.refresh(shown.text)).refresh)
        if expected == "rotates":
            line.generation += 1
            line.moved_at = self.now
        else:
            assert expected == "repeats"
        assert (fresh.session_id, fresh.generation) == (line.present, line.generation)
        return Shown(shown.line, fresh.session_id, fresh.generation, str(fresh))

    @rule(target=tokens, shown=tokens)
    def step_up(self, shown: Shown) -> Shown:
        """By whoever has an access token of the session, and has shown who they are."""
        line, world = self.lines[shown.line], self.world
        takes_part = line.alive and (
            shown.session == line.present
            or (shown.session == line.former and self._is_late(line.replaced[shown.session]))
        )

        async def work() -> Tokens:
            async with world.database.transaction() as tx:
                return await world.sessions.replace(tx, self._caller(shown.session), shown=True)

        try:
            fresh = RefreshToken.parse(world.ask(work()).refresh)
        except SessionEnded:
            assert not takes_part
            return shown
        assert takes_part
        if shown.session == line.present:
            line.replaced[line.present] = self.now
            line.former, line.present = line.present, fresh.session_id
            line.generation, line.moved_at = 1, self.now
        assert (fresh.session_id, fresh.generation) == (line.present, line.generation)
        return Shown(shown.line, fresh.session_id, fresh.generation, str(fresh))

    @rule(shown=tokens)
    def end(self, shown: Shown) -> None:
        """Signing out, by an access token of any age: it ends its own session and no other."""
        self.world.ask(self.world.sessions.end(self._caller(shown.session)))
        line = self.lines[shown.line]
        if shown.session == line.present:
            line.alive = False

    @rule(shown=tokens)
    def end_others(self, shown: Shown) -> None:
        """By an access token that is still believed."""
        self.world.ask(self.world.sessions.end_others(self._caller(shown.session)))
        for line in self.lines:
            line.alive = line.alive and line.present == shown.session

    @rule(seconds=st.sampled_from([1.0, GRACE.total_seconds() / 2, GRACE.total_seconds() + 1]))
    def wait(self, seconds: float) -> None:
        self.world.clock.move(seconds=seconds)
        self.now += seconds

    # --- what must hold ---

    @invariant()
    def of_each_line_exactly_the_living_session_lives(self) -> None:
        async def work() -> set[UUID]:
            async with self.world.database.read() as connection:
                rows = await connection.execute(
                    sessions.select().where(
                        sessions.c.account_id == self.world.person.account_id,
                        sessions.c.ended_at.is_(None),
                    )
                )
                return {row.id for row in rows}

        known = {line.present for line in self.lines if line.alive}
        assert {one for one in self.world.ask(work()) if self._is_mine(one)} == known

    def teardown(self) -> None:
        """Leave nothing alive for the next run."""
        for line in self.lines:
            self.world.ask(self.world.sessions.end(self._caller(line.present)))

    def _meaning(self, line: Line, shown: Shown) -> str:
        """What showing this token must lead to."""
        if shown.session != line.present:
            late = self._is_late(line.replaced[shown.session])
            return "late" if late else "betrayal"
        if not line.alive:
            return "dead"
        if shown.generation == line.generation:
            return "rotates"
        if shown.generation == line.generation - 1 and self.now - line.moved_at <= GRACE.total_seconds():
            return "repeats"
        return "betrayal"

    def _is_late(self, replaced_at: float) -> bool:
        return self.now - replaced_at <= GRACE.total_seconds()

    def _is_mine(self, session: UUID) -> bool:
        return any(session == line.present or session in line.replaced for line in self.lines)

    def _caller(self, session: UUID) -> Caller:
        person = self.world.person
        return Caller(person.person_id, person.account_id, session, roles=frozenset(), region="77")


async def test_no_sequence_of_requests_revives_a_dead_session(here: Town, clock: MovableClock) -> None:
    """Hypothesis chooses who begins, refreshes, steps up, ends and replays what, and when."""
    assert here.inside is not None
    person = await here.register()
    Machine.world = World(
        asyncio.get_running_loop(), here.database, here.inside.use_cases.proof.sessions, clock, person
    )
    chosen = settings(max_examples=12, stateful_step_count=25)

    await asyncio.to_thread(run_state_machine_as_test, Machine, settings=chosen)
