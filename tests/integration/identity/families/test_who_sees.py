"""Who stands for a pupil, as the family, the pupil from 14 on and the registrar see it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from school.identity.v1 import families_pb2
from tests.integration.identity.families.family import School, birthday_near, guardians
from tests.support.identity import Doors, Town, reason


async def test_the_family_sees_who_stands_for_the_child_and_by_whose_word(
    doors: Doors, school: School
) -> None:
    parent, session = await school.parent()
    father, his = await school.parent("Королёв Олег Иванович")
    stranger, strangers = await school.parent("Чужая Анна Ивановна")
    pupil = await school.pupil()
    await school.relate(parent, pupil)
    await school.relate(father, pupil)

    seen = await guardians(doors, session, pupil)

    assert {(one.name.given_name, one.basis) for one in seen.guardians} == {
        ("Алёна", families_pb2.RELATION_BASIS_SCHOOL),
        ("Олег", families_pb2.RELATION_BASIS_SCHOOL),
    }
    assert seen.may_share
    assert (await guardians(doors, his, pupil)).guardians == seen.guardians
    assert await reason(guardians(doors, strangers, pupil)) == "NOT_THEIR_FAMILY"
    assert await reason(guardians(doors, session, stranger)) == "NOT_THEIR_FAMILY"


@pytest.mark.parametrize(("days", "refusal"), [(0, None), (1, "TOO_YOUNG_TO_SEE")])
async def test_from_the_fourteenth_birthday_on_a_pupil_sees_who_sees_the_diary(
    here: Town, doors: Doors, school: School, days: int, refusal: str | None
) -> None:
    birthday = birthday_near(school.today + timedelta(days=days), later=bool(days))
    login = f"pupil-{here.snils()}"
    pupil = await school.pupil(
        birth_date=birthday.replace(year=birthday.year - 14), login=login, password="a long enough one"
    )
    parent, _ = await school.parent()
    await school.relate(parent, pupil)
    session = (await doors.enter_with_password(login, "a long enough one")).session

    if refusal:
        assert await reason(guardians(doors, session, pupil)) == refusal
    else:
        seen = await guardians(doors, session, pupil)
        assert [one.name.given_name for one in seen.guardians] == ["Алёна"]


async def test_the_registrar_sees_the_family_with_what_was(school: School, other_school: School) -> None:
    parent, _ = await school.parent()
    father, _ = await school.parent("Королёв Олег Иванович")
    pupil = await school.pupil()
    await school.end((await school.relate(father, pupil)).relation_id)
    await school.relate(parent, pupil)

    family = await school.family(pupil)

    assert family.pupil_name.given_name == "Пётр"
    assert [(one.guardian_name.given_name, one.holds) for one in family.relations] == [("Алёна", True)]
    assert [(one.guardian_name.given_name, one.ended_why) for one in family.ended] == [
        ("Олег", "court decision 12/34")
    ]
    assert await reason(other_school.family(pupil)) == "NOT_THEIR_SCHOOL"
