"""Who may see a pupil, under any sequence of what schools, courts, families and the calendar do (A30, I5).

Three answers are compared day by day: that of a small model, that of identity's own record, and that of the
diary, whose copy is told the events late, in any order, and twice.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from random import Random
from typing import Any, ClassVar, TypeVar
from uuid import UUID
from zoneinfo import ZoneInfo

import grpc
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from deploy.local import ports
from school.access.v1.policy_pb2 import ROLE_GUARDIAN, ROLE_REGISTRAR
from services.diary.access.events import HANDLERS
from services.diary.app import Diary
from services.diary.app import run as run_diary
from services.diary.config import DiarySettings
from services.identity.delegations.rules import Scope
from services.identity.delegations.usecases.answering import InvitationKey
from services.identity.delegations.usecases.granting import Wish
from services.identity.families.rules.relations import (
    LimitKind,
    RelationKind,
)
from services.identity.families.storage import relations
from services.identity.families.usecases.limiting import NewLimit
from services.identity.families.usecases.registering import NewRelation
from services.identity.use_cases import UseCases
from services.kit.caller import Caller
from services.kit.errors import DomainError
from services.kit.ids import new_id
from services.kit.messaging.envelope import EventMeta
from services.kit.rpc.channel import channel
from services.kit.rpc.status import refusal
from services.kit.tables import outbox
from tests.integration.diary.calls import Person
from tests.integration.identity.issuing.office import Office, open_office
from tests.support.backbone import Databases
from tests.support.clock import MovableClock
from tests.support.completeness import complete_for_ever
from tests.support.identity import Registered, Town
from tests.support.keys import REGION, Keys, make_keys

Result = TypeVar("Result")
MOSCOW = ZoneInfo("Europe/Moscow")
PASSWORD = "a long enough one"
MOTHER, FATHER, AUNT = range(3)
"""The first two may stand for the pupil; all three may be trusted."""
PARENTS, EVERYBODY = (MOTHER, FATHER), (MOTHER, FATHER, AUNT)
# A pupil may have ten; how many is tested elsewhere.
_MOST_INVITED = 5
_EVENTS = {kind.DESCRIPTOR.full_name: (kind, handler) for kind, handler in HANDLERS.items()}


@dataclass(frozen=True)
class Standing:
    """A relation, as the model has it."""

    number: int
    until: date | None

    def holds(self, today: date) -> bool:
        return self.until is None or today <= self.until


@dataclass(frozen=True)
class Trust:
    """A delegation, as the model has it."""

    delegation_id: UUID
    by: int
    """The number of the relation that it comes from."""
    to: int
    until: date
    invited_at: datetime
    accepted: bool = False


@dataclass(frozen=True)
class World:
    """Identity, a diary beside it, and a loop to ask both in; the machine itself is synchronous."""

    loop: asyncio.AbstractEventLoop
    here: Town
    office: Office
    diary: Diary
    to_diary: grpc.aio.Channel
    keys: Keys
    clock: MovableClock

    @property
    def can(self) -> UseCases:
        assert self.here.inside is not None
        return self.here.inside.use_cases

    @property
    def today(self) -> date:
        return self.clock.today(MOSCOW)

    def ask(self, work: Coroutine[Any, Any, Result]) -> Result:
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(60)

    def told(self, work: Coroutine[Any, Any, object]) -> str:
        """Empty when it is done, or the reason why it is not."""
        try:
            self.ask(work)
        except DomainError as error:
            return error.reason
        return ""


class Machine(RuleBasedStateMachine):
    """One pupil, and three adults who come into the pupil's family and leave it."""

    world: ClassVar[World]

    @initialize()
    def registered(self) -> None:
        world = self.world
        self.pupil = world.ask(world.office.pupil("Королёв Пётр Олегович", age=9))
        self.logins = [f"adult-{world.here.snils()}" for _ in range(3)]
        self.people = [
            world.ask(world.here.register(f"Королёв Олег {number}", login=login, password=PASSWORD))
            for number, login in enumerate(self.logins)
        ]
        self.standing: dict[int, Standing] = {}
        self.limited: dict[int, tuple[UUID, Standing | None]] = {}
        self.trusts: list[Trust] = []
        self.numbers = 0
        self.seen_events: set[UUID] = set()

    # --- what schools and courts do ---

    def register(self, who: int, days: int | None) -> None:
        until = None if days is None else self.world.today + timedelta(days=days)
        new = NewRelation(
            self.world.office.school_id, self._id(who), self.pupil.person_id, RelationKind.PARENT, until
        )
        said = self.world.told(
            self.world.can.registering.register(self._registrar, new, request_id=str(new_id()))
        )
        if who in self.limited:
            assert said == "COURT_FORBIDS"
        elif self._stands(who):
            assert said == "RELATION_EXISTS"
        else:
            assert said == ""
            self._lapse(who)
            self._let_stand(who, until)

    def end(self, who: int) -> None:
        live = relations.c.ended_at.is_(None), relations.c.pupil_id == self.pupil.person_id
        [row] = self.world.ask(
            self.world.here.rows(relations, *live, relations.c.guardian_id == self._id(who))
        )
        assert not self.world.told(
            self.world.can.registering.end(
                self._registrar, school_id=row.school_id, relation_id=row.id, reason="Заявление"
            )
        )
        self._lapse(who)
        del self.standing[who]

    def forbid(self, who: int) -> None:
        new = NewLimit(
            self.world.office.school_id,
            self._id(who),
            self.pupil.person_id,
            LimitKind.NO_ACCESS,
            "Решение суда",
            self.world.today,
            None,
        )
        placed = self.world.ask(self.world.can.limiting.place(self._registrar, new))
        self._lapse(who)
        self.trusts = [trust for trust in self.trusts if trust.to != who]
        self.limited[who] = (placed.id, self.standing.pop(who, None))

    def lift(self, who: int) -> None:
        limit_id, interrupted = self.limited.pop(who)
        assert not self.world.told(
            self.world.can.limiting.lift(
                self._registrar, school_id=self.world.office.school_id, limit_id=limit_id, reason="Отменено"
            )
        )
        if interrupted is not None and interrupted.holds(self.world.today):
            self._let_stand(who, interrupted.until)

    # --- what families do ---

    def invite(self, who: int, whom: int, days: int) -> None:
        present = self.standing.get(who)
        until = self.world.today + timedelta(days=days)
        if present is not None and present.until is not None:
            until = min(until, max(present.until, self.world.today))
        wish = Wish(self.pupil.person_id, frozenset({Scope.MARKS}), until, None, self.logins[whom])
        granting = self.world.can.granting
        invitation = granting.invite(self._caller(who), wish, request_id=str(new_id()))
        if not self._stands(who):
            assert self.world.told(invitation) == "NOT_THEIR_CHILD"
            return
        seen = self.world.ask(invitation)
        assert present is not None
        self.trusts.append(
            Trust(seen.known.delegation.id, present.number, whom, until, self.world.clock.now())
        )

    def accept(self, trust: Trust) -> None:
        key = InvitationKey("", trust.delegation_id)
        said = self.world.told(self.world.can.answering.accept(self._caller(trust.to), key))
        late = self.world.clock.now() - trust.invited_at >= timedelta(days=7)
        if late or self.world.today > trust.until or not self._right_holds(trust):
            assert said == "INVITATION_UNKNOWN"
        elif self._stands(trust.to):
            assert said == "SEES_ALREADY"
        elif trust.to in self.limited:
            assert said == "COURT_FORBIDS"
        else:
            assert said == ""
            self.trusts = [replace(each, accepted=True) if each is trust else each for each in self.trusts]

    def withdraw(self, trust: Trust, parent: int) -> None:
        """Either parent may, whoever has invited."""
        granting = self.world.can.granting
        withdrawal = granting.withdraw(self._caller(parent), self.pupil.person_id, trust.delegation_id)
        assert not self.world.told(withdrawal)
        self.trusts.remove(trust)

    def leave(self, trust: Trust) -> None:
        answering = self.world.can.answering
        assert not self.world.told(answering.leave(self._caller(trust.to), trust.delegation_id))
        self.trusts.remove(trust)

    def days_pass(self, days: int) -> None:
        self.world.clock.move(days=days)

    @rule(data=st.data(), seed=st.integers(0, 99))
    def something_happens(self, data: st.DataObject, seed: int) -> None:
        """One of all that could, and then the diary is told, somehow."""
        name, *arguments = data.draw(st.sampled_from(self._possible()))
        getattr(self, name)(*arguments)
        self.world.ask(self._tell(Random(seed)))  # noqa: S311 - an order, no secret

    def _possible(self) -> list[tuple[Any, ...]]:
        standing = [who for who in PARENTS if self._stands(who)]
        inviting = PARENTS if len(self.trusts) < _MOST_INVITED else ()
        return [
            *(("days_pass", days) for days in (1, 4)),
            *(("register", who, days) for who in PARENTS for days in (None, 0, 3)),
            *(("end", who) for who in standing),
            *(("lift" if who in self.limited else "forbid", who) for who in EVERYBODY),
            *(("invite", who, whom, days) for who in inviting for whom in EVERYBODY for days in (1, 9)),
            *(("accept", trust) for trust in self.trusts if not trust.accepted),
            *(("leave", trust) for trust in self.trusts if trust.accepted),
            *(("withdraw", trust, who) for trust in self.trusts for who in standing),
        ]

    # --- what must hold ---

    @invariant()
    def identity_lets_see_whom_the_model_lets_see(self) -> None:
        if not hasattr(self, "pupil"):
            return
        seen_by = self.world.ask(self.world.can.directory.viewers(self.pupil.person_id))
        assert set(seen_by) - {self.pupil.person_id} == {self._id(who) for who in self._viewers()}

    @invariant()
    def the_diary_lets_see_whom_the_model_lets_see(self) -> None:
        if hasattr(self, "pupil"):
            assert {who for who in EVERYBODY if self.world.ask(self._reads(who))} == self._viewers()

    # --- the model ---

    def _viewers(self) -> set[int]:
        standing = {who for who in PARENTS if self._stands(who)}
        trusted = {
            trust.to
            for trust in self.trusts
            if trust.accepted and self.world.today <= trust.until and self._right_holds(trust)
        }
        return standing | trusted

    def _stands(self, who: int) -> bool:
        return who in self.standing and self.standing[who].holds(self.world.today)

    def _right_holds(self, trust: Trust) -> bool:
        return any(
            each.number == trust.by and each.holds(self.world.today) for each in self.standing.values()
        )

    def _let_stand(self, who: int, until: date | None) -> None:
        self.numbers += 1
        self.standing[who] = Standing(self.numbers, until)

    def _lapse(self, who: int) -> None:
        """What comes from the relation of somebody is over with it, for good."""
        if who in self.standing:
            number = self.standing[who].number
            self.trusts = [trust for trust in self.trusts if trust.by != number]

    # --- asking ---

    @property
    def _registrar(self) -> Caller:
        who, role = self.world.office.registrar, frozenset({ROLE_REGISTRAR})
        return Caller(who.person_id, who.account_id, new_id(), roles=role, region=REGION)

    def _id(self, who: int) -> UUID:
        return self.people[who].person_id

    def _caller(self, who: int) -> Caller:
        person: Registered = self.people[who]
        role = frozenset({ROLE_GUARDIAN})
        return Caller(person.person_id, person.account_id, new_id(), roles=role, region=REGION)

    async def _tell(self, random: Random) -> None:
        """Everything that identity has said of access since, in any order, some of it twice."""
        rows = [
            row
            for row in await self.world.here.rows(outbox, outbox.c.type.in_(_EVENTS))
            if row.id not in self.seen_events
        ]
        self.seen_events |= {row.id for row in rows}
        rows += random.sample(rows, len(rows) // 2)
        random.shuffle(rows)
        for row in rows:
            kind, handle = _EVENTS[row.type]
            meta = EventMeta(
                row.id, row.type, "/regions/77/identity", row.occurred_at, str(row.aggregate_id),
                row.aggregate_version,
            )  # fmt: skip
            async with self.world.diary.database.transaction() as tx:
                await handle(tx, kind.FromString(row.payload), meta)

    async def _reads(self, who: int) -> bool:
        reader = Person(
            self.world.to_diary, self.world.keys, self.world.clock, self._id(who), frozenset({ROLE_GUARDIAN})
        )
        try:
            await reader.week(self.pupil.person_id)
        except grpc.aio.AioRpcError as error:
            if refusal(error).reason != "NOT_THEIR_PUPIL":
                raise
            return False
        return True


@asynccontextmanager
async def diary_of(databases: Databases, keys: Keys, clock: MovableClock) -> AsyncIterator[Diary]:
    """A diary that hears of identity from the test alone."""
    settings_ = DiarySettings(
        region=REGION,
        database_url=await complete_for_ever(await databases.fresh("diary")),
        nats_url=f"nats://127.0.0.1:{ports.any_free()}",
        jwks_file=keys.public,
    )
    async with run_diary(settings_, clock=clock) as running:
        yield running


async def test_a30_no_sequence_opens_a_diary_to_who_has_no_right(
    here: Town,
    clock: MovableClock,
    databases: Databases,
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A30: hypothesis chooses who is registered, forbidden, trusted and forgotten, and how time goes by."""
    # An invitation takes its time, so that nobody learns from it; here nobody looks.
    monkeypatch.setattr("services.identity.delegations.usecases.granting._LEAST_TIME", timedelta(0))
    keys = make_keys(tmp_path_factory.mktemp("office"))
    clock.move(hours=9 - clock.now().hour)  # noon in Moscow: all zones agree on the date
    async with diary_of(databases, keys, clock) as diary, channel(diary.address) as to_diary:
        office = await open_office(here, keys)
        Machine.world = World(asyncio.get_running_loop(), here, office, diary, to_diary, keys, clock)
        chosen = settings(
            max_examples=12, stateful_step_count=30, deadline=timedelta(seconds=60), derandomize=True
        )
        await asyncio.to_thread(run_state_machine_as_test, Machine, settings=chosen)
