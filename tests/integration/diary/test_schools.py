"""The list of the pupils whose diary a person may read."""

from __future__ import annotations

from datetime import date

from school.access.v1.policy_pb2 import ROLE_PUPIL
from school.diary.v1 import schools_pb2
from services.kit.ids import new_id
from tests.integration.diary.calls import Calls
from tests.integration.diary.conftest import Founding
from tests.integration.diary.school import School


async def test_children_in_two_schools_stand_by_name_with_school_and_class(
    found_school: Founding, school: School, calls: Calls
) -> None:
    other = await found_school(zone="Asia/Kamchatka", grade=3, class_title="3А")
    older, younger = await school.pupil("Ёлкин Пётр"), await other.pupil("Ежова Анна")
    guardian = await school.guardian_of(older, younger)

    found = await calls.guardian(guardian).pupils()

    assert found == [
        schools_pb2.PupilInClass(
            pupil_id=str(younger),
            display_name="Ежова Анна",
            school_id=str(other.school_id),
            school_title="Школа № 12",
            zone="Asia/Kamchatka",
            class_title="3А",
        ),
        schools_pb2.PupilInClass(
            pupil_id=str(older),
            display_name="Ёлкин Пётр",
            school_id=str(school.school_id),
            school_title="Школа № 12",
            zone="Europe/Moscow",
            class_title="7Б",
        ),
    ]


async def test_a_pupil_finds_themselves(school: School, calls: Calls) -> None:
    pupil = await school.pupil()

    [found] = await calls.pupil(pupil).pupils()

    assert found.pupil_id == str(pupil)


async def test_who_stands_for_nobody_gets_an_empty_list(school: School, calls: Calls) -> None:
    assert await calls.teacher(school.teacher_id).pupils() == []
    assert await calls.guardian(new_id()).pupils() == []


async def test_two_relations_to_one_pupil_name_the_pupil_once(school: School, calls: Calls) -> None:
    pupil = await school.pupil()

    assert len(await calls.guardian(await school.guardian_of(pupil, pupil)).pupils()) == 1


async def test_only_the_present_class_is_named(school: School, calls: Calls) -> None:
    pupil = await school.pupil(until_on=date(2025, 10, 14))
    new_class = await school.add_class(new_id(), title="7В")
    await school.join(pupil, class_id=new_class, from_on=date(2025, 10, 15))

    assert [found.class_title for found in await calls.pupil(pupil).pupils()] == ["7В"]


async def test_a_pupil_without_a_class_is_named_without_one(school: School, calls: Calls) -> None:
    pupil = await school.person(new_id(), "Ёлкин Пётр", ROLE_PUPIL)

    [found] = await calls.pupil(pupil).pupils()

    assert found == schools_pb2.PupilInClass(pupil_id=str(pupil), display_name="Ёлкин Пётр")
