"""Finding people at the desk: by documents and never by browsing, each issuer within the own reach."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from school.access.v1.policy_pb2 import Role as WireRole
from school.identity.v1 import issuing_pb2
from services.identity.issuing.rules.people import Capacity
from services.kit.ids import new_id
from tests.integration.identity.issuing.office import Office, open_office, person_ids
from tests.support.identity import DEADLINE, reason
from tests.support.keys import Keys

STATES = issuing_pb2.CredentialsState


async def test_a_person_is_found_by_what_the_documents_say(office: Office) -> None:
    """R7: full name, and birth date or SNILS; the patronymic may be left out, ё is е."""
    snils = office.town.snils()
    pupil = await office.pupil("Ёлкин Семён Ильич", age=15, snils=snils)
    parent = await office.guardian_of(pupil, name="Ёлкина Софья Олеговна")
    named = {"surname": "елкин", "given_name": "Семен"}

    [by_snils] = await office.find(name=named, snils=snils)
    [by_birth] = await office.find(name=named, birth_date=by_snils.birth_date)
    [mother] = await office.find(name={"surname": "Елкина", "given_name": "Софья"}, birth_date="1986-04-12")

    assert by_snils == by_birth
    assert (by_snils.class_title, by_snils.state) == ("7Б", STATES.CREDENTIALS_STATE_NONE)
    assert by_snils.capacities == [issuing_pb2.IssueCapacity.ISSUE_CAPACITY_PUPIL]
    assert mother.person_id == str(parent.person_id)
    assert list(mother.pupil_names) == ["Ёлкин Семён Ильич"]
    assert not await office.find(name=named | {"patronymic": "Петрович"}, snils=snils)


async def test_documents_that_disagree_with_the_register_are_told(office: Office) -> None:
    """R7: name, birth date and SNILS are compared; who is found by one of the two is not issued to unseen."""
    snils = office.town.snils()
    await office.pupil("Ёлкин Семён Ильич", age=15, snils=snils)
    await office.pupil("Осина Анна Львовна", age=15)
    born = str(own_birth(office, 15))
    named = {"surname": "Ёлкин", "given_name": "Семён"}

    found = [
        (each.birth_date_differs, each.snils_differs)
        for said in (
            {"birth_date": born, "snils": snils},
            {"birth_date": born, "snils": office.town.snils()},
            {"birth_date": "2009-01-01", "snils": snils},
            {"snils": snils},
            {"name": {"surname": "Осина", "given_name": "Анна"}, "birth_date": born, "snils": snils},
        )
        for each in await office.find(**{"name": named} | said)
    ]

    assert found == [(False, False), (False, True), (True, False), (False, False), (False, False)]


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ({"name": {"surname": "Ёлкин", "given_name": "Пётр"}}, "SEARCH_TOO_WIDE"),
        ({"name": {"surname": "Ёлкин"}, "birth_date": "2013-01-01"}, "SEARCH_TOO_WIDE"),
        ({"name": {"surname": " ", "given_name": "Пётр"}, "birth_date": "2013-01-01"}, "SEARCH_TOO_WIDE"),
        ({"name": {"surname": "Ёлкин", "given_name": "Пётр"}, "birth_date": "1.1.2013"}, "BAD_BIRTH_DATE"),
        ({"name": {"surname": "Ёлкин", "given_name": "Пётр"}, "snils": "12"}, "BAD_SNILS"),
    ],
)
async def test_the_register_is_no_list_to_browse(office: Office, said: dict[str, Any], why: str) -> None:
    """A5."""
    assert await reason(office.find(**said)) == why


async def test_a_homeroom_teacher_finds_the_own_class_alone(office: Office) -> None:
    """R29, A34."""
    other = await office.pupil("Осина Анна", age=15, class_id=await office.add_class("8А"))
    own = await office.pupil("Осина Анна", age=15)
    [first, second] = await office.find(
        name={"surname": "Осина", "given_name": "Анна"}, birth_date=str(own_birth(office, 15))
    )
    assert {first.person_id, second.person_id} == {str(own.person_id), str(other.person_id)}

    found = await office.find(
        name={"surname": "Осина", "given_name": "Анна"},
        birth_date=str(own_birth(office, 15)),
        by=office.by_teacher,
    )

    assert person_ids(found) == [own.person_id]
    request = issuing_pb2.GetIssuePersonRequest(
        school_id=str(office.school_id), person_id=str(other.person_id)
    )
    asked = office.issuing.GetIssuePerson(request, timeout=DEADLINE, metadata=office.by_teacher)
    assert await reason(asked) == "NOT_THEIR_CLASS"


async def test_a_teacher_of_another_school_is_nobody_here(office: Office, office_keys: Keys) -> None:
    elsewhere = await open_office(office.town, office_keys)
    by = office.by(elsewhere.teacher, WireRole.ROLE_TEACHER)

    looking = office.find(name={"surname": "Ё", "given_name": "П"}, birth_date="2013-01-01", by=by)
    assert await reason(looking) == "NOT_THEIR_SCHOOL"


async def test_classes_tell_how_far_they_are(office: Office) -> None:
    """Pupils and guardians, each counted once in a class; a homeroom teacher sees the own ones."""
    first, second = await office.pupil(), await office.pupil("Ёлкина Вера")
    parent = await office.guardian_of(first, second)
    await office.pupil(class_id=await office.add_class("6А"))
    await office.issue(parent, Capacity.PARENT)
    await office.pupil("Ясень Олег", login=f"yasen-{new_id()}", password="a long enough one")
    request = issuing_pb2.ListIssuingClassesRequest(school_id=str(office.school_id))

    everything = await office.issuing.ListIssuingClasses(
        request, timeout=DEADLINE, metadata=office.by_registrar
    )
    own = await office.issuing.ListIssuingClasses(request, timeout=DEADLINE, metadata=office.by_teacher)

    assert [each.title for each in everything.classes] == ["6А", "7Б"]
    [mine] = own.classes
    assert (mine.title, mine.people_count, mine.issued_count, mine.active_count) == ("7Б", 4, 2, 1)


async def test_a_class_is_listed_by_name_each_pupil_with_the_guardians(office: Office) -> None:
    second = await office.pupil("Ёлкин Пётр")
    first = await office.pupil("Ежов Иван")
    parent = await office.guardian_of(second)
    request = issuing_pb2.ListClassPeopleRequest(
        school_id=str(office.school_id), class_id=str(office.class_id)
    )

    listed = await office.issuing.ListClassPeople(request, timeout=DEADLINE, metadata=office.by_teacher)

    assert person_ids(listed.people) == [first.person_id, second.person_id, parent.person_id]


def own_birth(office: Office, age: int) -> Any:
    """The birth date that `Office.pupil` gives."""
    return office.today - timedelta(days=round(age * 365.25) + 30)
