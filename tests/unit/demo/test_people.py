"""Names, numbers and families: every difficulty that real registers have is there."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import date
from uuid import UUID

import pytest

from deploy.local.demo.identifiers import repeatable, snils, snils_check_digits
from deploy.local.demo.names import OTHERS, Namer, patronymic, surname_of
from deploy.local.demo.world import (
    EsiaAccount,
    FullName,
    Gender,
    Level,
    Person,
    RelationKind,
    Role,
    World,
)
from services.identity.accounts.rules import skeleton
from services.identity.people.rules import FullName as RegisteredName
from services.identity.people.rules import Snils


def _person(world: World, role: str) -> Person:
    return next(person for person in world.people if person.id == world.cast(role).person_id)


def _account(world: World, role: str) -> EsiaAccount:
    return next(each for each in world.esia if each.login == world.cast(role).esia_login)


def _children(world: World, role: str) -> list[Person]:
    ids = {each.pupil_id for each in world.relations if each.guardian_id == world.cast(role).person_id}
    return [person for person in world.people if person.id in ids]


def _age(born: date, today: date) -> int:
    return today.year - born.year - ((today.month, today.day) < (born.month, born.day))


def test_the_check_digits_of_a_published_example_agree() -> None:
    """112-233-445 95 is the Pension Fund's own example."""
    assert snils_check_digits(112_233_445) == 95
    assert snils(112_233_445) == "11223344595"


def test_every_snils_and_name_is_one_that_identity_registers(world: World) -> None:
    for person in world.people:
        name = person.name
        RegisteredName.registered(name.surname, name.given_name, name.patronymic)
        if person.snils:
            Snils.parse(person.snils, allow_test_range=True)
    for account in world.esia:
        if account.snils:
            Snils.parse(account.snils, allow_test_range=True)


def test_no_two_persons_share_a_snils(world: World) -> None:
    known = [person.snils for person in world.people if person.snils]
    assert len(known) == len(set(known))


def test_some_of_the_cast_are_esia_test_persons(world: World) -> None:
    assert (
        sum(account.snils is not None and account.snils.startswith("000000600") for account in world.esia)
        >= 3
    )


@pytest.mark.parametrize(
    ("father", "son", "daughter"),
    [
        ("Андрей", "Андреевич", "Андреевна"),
        ("Василий", "Васильевич", "Васильевна"),
        ("Дмитрий", "Дмитриевич", "Дмитриевна"),
        ("Игорь", "Игоревич", "Игоревна"),
        ("Илья", "Ильич", "Ильинична"),
        ("Павел", "Павлович", "Павловна"),
        ("Пётр", "Петрович", "Петровна"),
        ("Семён", "Семёнович", "Семёновна"),
    ],
)
def test_patronymics_follow_the_father(father: str, son: str, daughter: str) -> None:
    assert patronymic(father, Gender.MALE) == son
    assert patronymic(father, Gender.FEMALE) == daughter


@pytest.mark.parametrize(
    ("masculine", "feminine"),
    [
        ("Журавлёв", "Журавлёва"),
        ("Синицын", "Синицына"),
        ("Вишневский", "Вишневская"),
        ("Полевой", "Полевая"),
        ("Шевчук", "Шевчук"),
        ("Черных", "Черных"),
        ("Римский-Летов", "Римская-Летова"),
    ],
)
def test_surnames_follow_the_gender(masculine: str, feminine: str) -> None:
    assert surname_of(masculine, Gender.FEMALE) == feminine
    assert surname_of(masculine, Gender.MALE) == masculine


def test_the_fourth_brother_is_called_as_a_grandfather_was() -> None:
    """Where a tradition has names for three boys."""
    tradition = min(OTHERS, key=lambda each: len(each.boys))
    name = Namer(repeatable("")).child(tradition, "Чан", "Тхань", Gender.MALE, set(tradition.boys))
    assert name.given_name in tradition.men


def test_names_have_every_difficulty(world: World) -> None:
    names = [person.name for person in world.people]

    assert any("ё" in str(name) for name in names)
    assert any("-" in name.surname and "-" in name.given_name for name in names)
    assert any(not name.patronymic for name in names)
    assert any(name.patronymic.endswith(" оглы") for name in names)
    assert any(name.patronymic.endswith(" кызы") for name in names)
    assert any(" " in name.given_name for name in names)


def test_namesakes_differ_by_snils_alone(world: World) -> None:
    one, two = _person(world, "namesake_one"), _person(world, "namesake_two")
    sons = [*_children(world, "namesake_one"), *_children(world, "namesake_two")]

    assert one.name == two.name
    assert one.snils != two.snils
    assert [son.name for son in sons] == [sons[0].name] * 2
    classes = {each.class_id for each in world.memberships if each.pupil_id in {son.id for son in sons}}
    assert len(classes) == 1


def test_parent_a_has_children_at_two_schools(world: World) -> None:
    schools = {place.school_id for child in _children(world, "parent_a") for place in child.places}
    assert len(schools) == 2


def test_both_parents_stand_for_the_same_children(world: World) -> None:
    assert _children(world, "parent_a") == _children(world, "second_parent")


def test_one_family_lives_in_two_time_zones(world: World) -> None:
    zones = {school.id: school.zone for school in world.schools}
    children = _children(world, "two_zones")
    assert len({zones[place.school_id] for child in children for place in child.places}) == 2


def test_parent_b_has_no_snils_in_esia_but_a_login_of_the_school(world: World) -> None:
    account = _account(world, "parent_b_without_snils")

    assert account.snils is None
    assert account.level is Level.SIMPLIFIED
    assert account.name == _person(world, "parent_b_without_snils").name
    assert account.person_id in {each.person_id for each in world.credentials}


def test_the_classic_accident_has_the_right_name_and_another_snils(world: World) -> None:
    person, account = _person(world, "other_snils"), _account(world, "other_snils")
    assert person.name == account.name
    assert account.snils not in {person.snils, None}


def test_who_changed_her_surname_has_the_right_snils(world: World) -> None:
    person, account = _person(world, "name_differs"), _account(world, "name_differs")
    assert person.name != account.name
    assert person.snils == account.snils


def test_yo_and_ye_are_the_only_difference_of_one_parent(world: World) -> None:
    person, account = _person(world, "yo_differs"), _account(world, "yo_differs")
    assert person.name != account.name
    assert FullName(*str(person.name).replace("ё", "е").split()) == account.name
    assert person.snils == account.snils


def test_the_school_does_not_know_the_snils_of_one_mother(world: World) -> None:
    assert _person(world, "school_lacks_snils").snils is None
    assert _account(world, "school_lacks_snils").snils is not None


def test_a_teacher_is_a_parent_at_her_own_school(world: World) -> None:
    person = _person(world, "teacher_parent")
    schools = {role: {p.school_id for p in person.places if p.role is role} for role in person.roles}
    assert schools[Role.TEACHER] & schools[Role.GUARDIAN]


def test_a_grandmother_is_a_representative(world: World) -> None:
    ids = world.cast("grandmother").person_id
    assert {each.kind for each in world.relations if each.guardian_id == ids} == {RelationKind.REPRESENTATIVE}


def test_strangers_are_registered_nowhere(world: World) -> None:
    names = {person.name for person in world.people}
    numbers = {person.snils for person in world.people}
    for role in ("stranger", "stranger_without_snils"):
        account = _account(world, role)
        assert account.person_id is None
        assert account.name not in names
        assert account.snils is None or account.snils not in numbers


def test_the_pupils_of_the_cast_are_on_both_sides_of_fourteen(world: World) -> None:
    under, over = _account(world, "pupil_under_14"), _account(world, "pupil_over_14")
    assert _age(under.birth_date, world.today) < 14 <= _age(over.birth_date, world.today)
    assert under.level is Level.CHILD
    assert over.level is Level.STANDARD


def test_a_pupils_age_fits_the_grade(world: World) -> None:
    grades = {each.id: each.grade for each in world.classes}
    people = {person.id: person for person in world.people}
    for membership in world.memberships:
        age = _age(people[membership.pupil_id].birth_date, date(2026, 9, 1))
        assert age - grades[membership.class_id] in {5, 6}


def test_every_pupil_has_somebody_who_stands_for_them(world: World) -> None:
    guarded = {relation.pupil_id for relation in world.relations}
    assert {membership.pupil_id for membership in world.memberships} == guarded


def test_families_have_several_children_and_both_parents_often(world: World) -> None:
    children: defaultdict[UUID, set[UUID]] = defaultdict(set)
    for relation in world.relations:
        children[relation.guardian_id].add(relation.pupil_id)
    guardians = Counter(relation.pupil_id for relation in world.relations)

    assert sum(len(each) > 1 for each in children.values()) > 100
    assert sum(count == 2 for count in guardians.values()) > len(guardians) / 2


def test_parents_are_old_enough(world: World) -> None:
    people = {person.id: person for person in world.people}
    for relation in world.relations:
        guardian, pupil = people[relation.guardian_id], people[relation.pupil_id]
        assert pupil.birth_date.year - guardian.birth_date.year >= 17


def test_logins_and_oids_of_esia_are_given_once(world: World) -> None:
    assert len({account.login for account in world.esia}) == len(world.esia)
    assert len({account.oid for account in world.esia}) == len(world.esia)


def test_contacts_belong_to_nobody(world: World) -> None:
    mobiles = [account.mobile for account in world.esia if account.mobile]
    assert len(mobiles) == len(set(mobiles))
    assert all(mobile.startswith("+7(972)") for mobile in mobiles)
    emails = [account.email for account in world.esia if account.email]
    assert all(email.rpartition("@")[2] in {"example.org", "example.com", "example.net"} for email in emails)


def test_everybody_from_fourteen_has_an_esia_account(world: World) -> None:
    with_account = {account.person_id for account in world.esia}
    for person in world.people:
        if _age(person.birth_date, world.today) >= 14:
            assert person.id in with_account


def test_no_two_school_issued_logins_look_alike(world: World) -> None:
    assert len({skeleton(each.login) for each in world.credentials}) == len(world.credentials)


def test_every_cast_member_says_what_they_show(world: World) -> None:
    roles = [member.role for member in world.featured]
    assert len(roles) == len(set(roles))
    assert all(member.note_ru and member.note_en and member.esia_login for member in world.featured)
