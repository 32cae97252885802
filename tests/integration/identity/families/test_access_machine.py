"""Who may see a pupil, under any sequence of what schools, courts, families and the calendar do (A30, I5).

Three answers are compared day by day: that of a small model, that of identity's own record, and that of the
diary, whose copy is told the events late, in any order, and twice.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import date, timedelta
from random import Random
from typing import Any, ClassVar
from uuid import UUID

import grpc
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from school.access.v1.policy_pb2 import ROLE_GUARDIAN, ROLE_PUPIL, ROLE_REGISTRAR
from services.diary.access.events import HANDLERS
from services.identity.delegations.rules import Scope, birthday
from services.identity.delegations.usecases.answering import InvitationKey
from services.identity.delegations.usecases.granting import Wish
from services.identity.families.rules.relations import (
    OF_AGE,
    OWN_RIGHTS,
    LimitKind,
    RelationKind,
)
from services.identity.families.storage import relations
from services.identity.families.usecases.limiting import NewLimit
from services.identity.families.usecases.registering import NewRelation
from services.kit.caller import Caller
from services.kit.ids import new_id
from services.kit.messaging.envelope import EventMeta
from services.kit.rpc.channel import channel
from services.kit.rpc.status import refusal
from services.kit.tables import outbox
from tests.integration.diary.calls import Person
from tests.integration.identity.families.access_world import Limit, Standing, Trust, World, diary_of
from tests.integration.identity.issuing.office import open_office
from tests.support.backbone import Databases
from tests.support.clock import MovableClock
from tests.support.identity import Registered, Town
from tests.support.keys import REGION, make_keys

PASSWORD = "a long enough one"
MOTHER, FATHER, AUNT, PUPIL = range(4)
"""The first two may stand for the pupil; the first three may be trusted; the last is of age one day."""
PARENTS, EVERYBODY = (MOTHER, FATHER), (MOTHER, FATHER, AUNT)
# A pupil may have ten; how many is tested elsewhere.
_MOST_INVITED = 5
_EVENTS = {kind.DESCRIPTOR.full_name: (kind, handler) for kind, handler in HANDLERS.items()}


class Machine(RuleBasedStateMachine):
    """One pupil, and three adults who come into the pupil's family and leave it."""

    world: ClassVar[World]

    @initialize(years=st.sampled_from([None, OWN_RIGHTS, OF_AGE, OF_AGE]), days=st.integers(1, 9))
    def registered(self, years: int | None, days: int) -> None:
        """The pupil turns so many years old in so many days; None: nothing begins or ends with a birthday."""
        world = self.world
        self.born = birth_date(world.today + timedelta(days=days), years or 9)
        self.pupil = world.ask(world.office.pupil("Королёв Пётр Олегович", born=self.born))
        self.logins = [f"adult-{world.here.snils()}" for _ in range(3)]
        self.people = [
            world.ask(world.here.register(f"Королёв Олег {number}", login=login, password=PASSWORD))
            for number, login in enumerate(self.logins)
        ]
        self.people.append(self.pupil)
        self.standing: dict[int, Standing] = {}
        self.limits: dict[tuple[int, LimitKind], Limit] = {}
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
            self.world.can.family.registering.register(self._registrar, new, request_id=str(new_id()))
        )
        if self._is_of_age():
            assert said == "PUPIL_OF_AGE"
        elif self._is_forbidden(who, LimitKind.NO_ACCESS):
            assert said == "COURT_FORBIDS"
        elif self._stands(who):
            assert said == "RELATION_EXISTS"
        else:
            assert said == ""
            self._lapse(who)
            self._let_stand(who, self.world.today, until or date.max)

    def end(self, who: int) -> None:
        """Also what is to begin only when a limit is over: then nothing begins."""
        live = relations.c.ended_at.is_(None), relations.c.pupil_id == self.pupil.person_id
        [row] = self.world.ask(
            self.world.here.rows(relations, *live, relations.c.guardian_id == self._id(who))
        )
        assert not self.world.told(
            self.world.can.family.registering.end(
                self._registrar, school_id=row.school_id, relation_id=row.id, reason="Заявление"
            )
        )
        self._lapse(who)
        del self.standing[who]

    def forbid(self, who: int, kind: LimitKind, days: int | None, begins: int) -> None:
        today = self.world.today
        until = None if days is None else today + timedelta(days=days)
        new = NewLimit(
            self.world.office.school_id,
            self._id(who),
            self.pupil.person_id,
            kind,
            "Решение суда",
            today + timedelta(days=begins),
            until,
        )
        if begins > 0:
            assert self.world.told(self.world.can.family.limiting.place(self._registrar, new)) == "BAD_TERM"
            return
        placed = self.world.ask(self.world.can.family.limiting.place(self._registrar, new))
        self._lapse(who)
        self.trusts = [trust for trust in self.trusts if trust.to != who]
        interrupted = self.standing.pop(who, None) if kind is LimitKind.NO_ACCESS else None
        limit = self.limits[who, kind] = Limit(placed.id, until, interrupted)
        if interrupted is not None and (again := limit.again()) is not None:
            self._let_stand(who, again, interrupted.until)

    def lift(self, who: int, kind: LimitKind) -> None:
        limit, today = self.limits.pop((who, kind)), self.world.today
        assert not self.world.told(
            self.world.can.family.limiting.lift(
                self._registrar,
                school_id=self.world.office.school_id,
                limit_id=limit.limit_id,
                reason="Отменено",
            )
        )
        if limit.interrupted is None:
            return
        if who in self.standing:
            waiting = self.standing[who]
            self.standing[who] = replace(waiting, since=min(waiting.since, today))
        elif limit.again() is None and limit.interrupted.until >= today:
            self._let_stand(who, today, limit.interrupted.until)

    # --- what families do ---

    def invite(self, who: int, whom: int, days: int) -> None:
        until = self.world.today + timedelta(days=days)
        present = self.standing.get(who)
        if present is not None:
            until = min(until, max(present.until, self.world.today))
        wish = Wish(self.pupil.person_id, frozenset({Scope.MARKS}), until, None, self.logins[whom])
        granting = self.world.can.family.granting
        invitation = granting.invite(self._caller(who), wish, request_id=str(new_id()))
        if not self._decides(who):
            assert self.world.told(invitation) == "NOT_THEIR_CHILD"
            return
        seen = self.world.ask(invitation)
        by = present.number if present is not None else None
        self.trusts.append(Trust(seen.known.delegation.id, by, whom, until, self.world.clock.now()))

    def accept(self, trust: Trust) -> None:
        key = InvitationKey("", trust.delegation_id)
        said = self.world.told(self.world.can.family.answering.accept(self._caller(trust.to), key))
        late = self.world.clock.now() - trust.invited_at >= timedelta(days=7)
        if late or self.world.today > trust.until or not self._right_holds(trust):
            assert said == "INVITATION_UNKNOWN"
        elif any(self._is_forbidden(trust.to, kind) for kind in LimitKind):
            assert said == "COURT_FORBIDS"
        elif self._stands(trust.to):
            assert said == "SEES_ALREADY"
        else:
            assert said == ""
            self.trusts = [replace(each, accepted=True) if each is trust else each for each in self.trusts]

    def withdraw(self, trust: Trust, who: int) -> None:
        """Either parent may, whoever has invited, and the pupil of age; not whom a court forbids contacts."""
        granting = self.world.can.family.granting
        withdrawal = granting.withdraw(self._caller(who), self.pupil.person_id, trust.delegation_id)
        if not self._decides(who):
            assert self.world.told(withdrawal) == "NOT_THEIR_CHILD"
            return
        assert not self.world.told(withdrawal)
        self.trusts.remove(trust)

    def leave(self, trust: Trust) -> None:
        answering = self.world.can.family.answering
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
        today = self.world.today
        deciding = (*PARENTS, PUPIL)
        inviting = deciding if len(self.trusts) < _MOST_INVITED else ()
        forbidden = {which for which, limit in self.limits.items() if limit.holds(today)}
        free = [(who, kind) for who in EVERYBODY for kind in LimitKind if (who, kind) not in forbidden]
        return [
            *[("days_pass", days) for days in (1, 1, 1, 2, 2, 4)],
            *(("register", who, days) for who in PARENTS for days in (None, None, 0, 3)),
            *(("end", who) for who, present in self.standing.items() if today <= present.until),
            *[("lift", *which) for which in sorted(forbidden) for _ in range(3)],
            *(("forbid", *which, days, begins) for which in free for days, begins in ((None, -5), (1, 0))),
            ("forbid", *free[0], None, 1) if free else ("days_pass", 1),
            *(("invite", who, whom, days) for who in inviting for whom in EVERYBODY for days in (1, 9)),
            *[("accept", trust) for trust in self.trusts if not trust.accepted for _ in range(3)],
            *(("leave", trust) for trust in self.trusts if trust.accepted),
            *(("withdraw", trust, who) for trust in self.trusts for who in deciding),
        ]

    # --- what must hold ---

    @invariant()
    def identity_lets_see_whom_the_model_lets_see(self) -> None:
        if not hasattr(self, "pupil"):
            return
        seen_by = self.world.ask(self.world.can.region.directory.viewers(self.pupil.person_id))
        assert set(seen_by) - {self.pupil.person_id} == {self._id(who) for who in self._viewers()}

    @invariant()
    def the_diary_lets_see_whom_the_model_lets_see(self) -> None:
        if hasattr(self, "pupil"):
            assert {who for who in EVERYBODY if self.world.ask(self._reads(who))} == self._viewers()

    @invariant()
    def the_pupil_looks_from_14_on_and_decides_from_18_on(self) -> None:
        """R40: who sees the diary; below 14 that is for those who stand for the pupil."""
        if not hasattr(self, "pupil"):
            return
        sight = self.world.can.family.granting.of_pupil(self._caller(PUPIL), self.pupil.person_id)
        if self.world.today < birthday(self.born, OWN_RIGHTS):
            assert self.world.told(sight) == "TOO_YOUNG_TO_SEE"
        else:
            assert self.world.ask(sight).right.grants == self._is_of_age()

    # --- the model ---

    def _viewers(self) -> set[int]:
        standing = {who for who in PARENTS if self._stands(who)}
        trusted = {
            trust.to
            for trust in self.trusts
            if trust.accepted and self.world.today <= trust.until and self._right_holds(trust)
        }
        return standing | trusted

    def _is_of_age(self) -> bool:
        return self.world.today >= birthday(self.born, OF_AGE)

    def _is_forbidden(self, who: int, kind: LimitKind) -> bool:
        limit = self.limits.get((who, kind))
        return limit is not None and limit.holds(self.world.today)

    def _stands(self, who: int) -> bool:
        return who in self.standing and self.standing[who].holds(self.world.today)

    def _decides(self, who: int) -> bool:
        """Whether somebody may let others in: the pupil of age, or who stands and is forbidden nothing."""
        if who == PUPIL:
            return self._is_of_age()
        return self._stands(who) and not any(self._is_forbidden(who, kind) for kind in LimitKind)

    def _right_holds(self, trust: Trust) -> bool:
        return trust.by is None or any(
            each.number == trust.by and each.holds(self.world.today) for each in self.standing.values()
        )

    def _let_stand(self, who: int, since: date, until: date) -> None:
        """Nobody stands for the pupil beyond the day before the 18th birthday."""
        self.numbers += 1
        last = birthday(self.born, OF_AGE) - timedelta(days=1)
        self.standing[who] = Standing(self.numbers, since, min(until, last))

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
        role = frozenset({ROLE_PUPIL if who == PUPIL else ROLE_GUARDIAN})
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


def birth_date(day: date, years: int) -> date:
    """When somebody was born who turns so many years old on a day; for 29 February the day after."""
    try:
        return day.replace(year=day.year - years)
    except ValueError:
        return date(day.year - years, 3, 1)


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
        chosen = settings(max_examples=12, stateful_step_count=30)
        await asyncio.to_thread(run_state_machine_as_test, Machine, settings=chosen)
