"""The file of people is one that the ESIA stand-in reads."""

from __future__ import annotations

from pathlib import Path

from deploy.local.demo.esia_people import write_esia_people
from deploy.local.demo.world import World
from deploy.local.esia.people import read_people


def test_the_stand_in_reads_every_account(world: World, tmp_path: Path) -> None:
    file = tmp_path / "people.json"

    write_esia_people(world, file)

    people = read_people(file)
    assert len(people) == len(world.esia)
    assert [person.login for person in people.featured] == [member.esia_login for member in world.featured]


def test_a_parent_has_the_children_and_a_person_without_snils_none(world: World, tmp_path: Path) -> None:
    file = tmp_path / "people.json"

    write_esia_people(world, file)

    people = read_people(file)
    mother, without = people.by_login("zhuravleva"), people.by_login("mamedova")
    assert mother is not None
    assert {kid.given_name for kid in mother.kids} == {"Фёдор", "Варвара"}
    assert without is not None
    assert without.snils is None
