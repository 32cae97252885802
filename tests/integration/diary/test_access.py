"""Who may see a pupil: deny by default, and no difference between a foreign pupil and none."""

from __future__ import annotations

import random
from datetime import date, timedelta
from uuid import uuid4

import grpc
import pytest

from school.access.v1.policy_pb2 import (
    ROLE_AUTHORITY,
    ROLE_OPERATOR,
    ROLE_REGISTRAR,
    ROLE_SCHOOL_ADMINISTRATOR,
    ROLE_TEACHER,
)
from services.diary.access.rules import Relation
from tests.integration.diary.calls import Calls, Refused, refused
from tests.integration.diary.conftest import Founding
from tests.integration.diary.school import School
from tests.support.clock import MovableClock


async def test_a_pupil_and_every_guardian_see_the_week(school: School, calls: Calls) -> None:
    pupil = await school.pupil()
    mother, father = await school.guardian_of(pupil), await school.guardian_of(pupil)

    for person in (calls.pupil(pupil), calls.guardian(mother), calls.guardian(father)):
        assert (await person.week(pupil)).pupil.pupil_id == str(pupil)


async def test_a_teacher_who_is_a_parent_sees_the_own_child(school: School, calls: Calls) -> None:
    pupil = await school.pupil()
    await school.relate(school.teacher_id, pupil)

    assert (await calls.teacher(school.teacher_id).week(pupil)).pupil.class_title == "7Б"


async def test_a_stranger_and_an_unknown_pupil_get_the_same_answer(school: School, calls: Calls) -> None:
    """Nobody learns who exists: status, reason, sentence and metadata are equal."""
    pupil = await school.pupil()
    stranger = calls.guardian(await school.guardian_of(await school.pupil()))

    answers: list[Refused] = []
    for asked in (pupil, uuid4()):
        with refused("NOT_THEIR_PUPIL") as answer:
            await stranger.week(asked)
        answers.append(answer)

    assert answers[0] == answers[1]
    assert answers[0].code == grpc.StatusCode.PERMISSION_DENIED


@pytest.mark.parametrize(
    "role", [ROLE_TEACHER, ROLE_REGISTRAR, ROLE_SCHOOL_ADMINISTRATOR, ROLE_AUTHORITY, ROLE_OPERATOR]
)
async def test_no_role_opens_a_diary(school: School, calls: Calls, role: int) -> None:
    pupil = await school.pupil()

    with refused("NOT_THEIR_PUPIL"):
        await calls.by(school.teacher_id, role).week(pupil)  # type: ignore[arg-type]  # every role there is


async def test_a_class_mate_sees_nothing(school: School, calls: Calls) -> None:
    pupil, mate = await school.pupil(), await school.pupil()

    with refused("NOT_THEIR_PUPIL"):
        await calls.pupil(mate).week(pupil)


async def test_a_pupil_does_not_see_the_guardian(school: School, calls: Calls) -> None:
    pupil = await school.pupil()
    guardian = await school.guardian_of(pupil)

    with refused("NOT_THEIR_PUPIL"):
        await calls.pupil(pupil).week(guardian)


async def test_who_is_no_pupil_has_no_diary_of_their_own(school: School, calls: Calls) -> None:
    guardian = await school.guardian_of(await school.pupil())

    with refused("NOT_THEIR_PUPIL"):
        await calls.guardian(guardian).week(guardian)


async def test_without_a_token_nothing_is_told(school: School, calls: Calls) -> None:
    pupil = await school.pupil()
    from school.diary.v1 import week_pb2, week_pb2_grpc

    stub = week_pb2_grpc.WeekServiceStub(calls.channel)
    with refused("SIGN_IN_NEEDED"):
        await stub.GetWeek(week_pb2.GetWeekRequest(pupil_id=str(pupil)), timeout=5)


async def test_an_ended_relation_shows_nothing(school: School, calls: Calls, clock: MovableClock) -> None:
    pupil = await school.pupil()
    guardian = await school.guardian_of(pupil, ended_at=clock.now())

    with refused("NOT_THEIR_PUPIL"):
        await calls.guardian(guardian).week(pupil)


async def test_a_relation_holds_from_its_first_day_to_its_last(
    school: School, calls: Calls, clock: MovableClock
) -> None:
    pupil = await school.pupil()
    guardian = calls.guardian(
        await school.guardian_of(pupil, valid_from=date(2025, 10, 16), valid_until=date(2025, 10, 17))
    )
    seen = []
    for _ in range(4):
        try:
            await guardian.week(pupil)
        except grpc.aio.AioRpcError:
            seen.append(False)
        else:
            seen.append(True)
        clock.move(days=1)

    assert seen == [False, True, True, False]


async def test_the_last_day_ends_in_the_zone_of_the_school(
    found_school: Founding, calls: Calls, clock: MovableClock
) -> None:
    """At 13:00 UTC the 15th is over in Kamchatka and not in Kaliningrad."""
    clock.move(hours=4)
    last_day = date(2025, 10, 15)
    far_east = await found_school(zone="Asia/Kamchatka")
    far_west = await found_school(zone="Europe/Kaliningrad")
    in_the_east, in_the_west = await far_east.pupil(), await far_west.pupil()
    guardian = await far_east.guardian_of(in_the_east, in_the_west, valid_until=last_day)

    with refused("NOT_THEIR_PUPIL"):
        await calls.guardian(guardian).week(in_the_east)
    assert (await calls.guardian(guardian).week(in_the_west)).pupil.pupil_id == str(in_the_west)


async def test_on_random_families_week_and_list_agree_with_the_rule(
    school: School, calls: Calls, clock: MovableClock
) -> None:
    """Every guardian sees exactly the pupils to whom a relation holds, and the list names exactly these."""
    chance = random.Random(20251015)  # noqa: S311 - a test's dice
    today = clock.now().date()
    pupils = [await school.pupil(f"Ученик {number}") for number in range(6)]
    guardians = [await school.guardian_of() for _ in range(6)]
    expected = {guardian: set[str]() for guardian in guardians}
    for guardian in guardians:
        for pupil in chance.choices(pupils, k=4):
            begins = today + timedelta(days=chance.randint(-2, 1))
            until = chance.choice([None, today + timedelta(days=chance.randint(-1, 2))])
            ended = chance.random() < 0.25
            await school.relate(
                guardian,
                pupil,
                valid_from=begins,
                valid_until=until,
                ended_at=clock.now() if ended else None,
            )
            if Relation(begins, until, ended).holds_on(today):
                expected[guardian].add(str(pupil))

    for guardian in guardians:
        caller = calls.guardian(guardian)
        assert {pupil.pupil_id for pupil in await caller.pupils()} == expected[guardian]
        for pupil in pupils:
            if str(pupil) in expected[guardian]:
                await caller.week(pupil)
            else:
                with refused("NOT_THEIR_PUPIL"):
                    await caller.week(pupil)
