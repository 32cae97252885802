"""The region's ESIA accounts as the file of people that the ESIA stand-in reads."""

from __future__ import annotations

import json
from itertools import count
from pathlib import Path
from typing import Any

from deploy.local.demo.identifiers import formatted_snils
from deploy.local.demo.world import CastMember, EsiaAccount, Person, World


def write_esia_people(world: World, file: Path) -> None:
    """Write the file, complete or not at all."""
    unfinished = file.with_name(f".{file.name}.unfinished")
    unfinished.write_text(json.dumps({"people": esia_people(world)}, ensure_ascii=False), "utf-8")
    unfinished.replace(file)


def esia_people(world: World) -> list[dict[str, Any]]:
    """One entry per account; the cast first, in the order in which it is worth meeting."""
    cast = {member.esia_login: member for member in world.featured if member.esia_login}
    order = {login: place for place, login in enumerate(cast)}
    people = {person.id: person for person in world.people}
    kid_ids = count(1)
    accounts = sorted(world.esia, key=lambda account: order.get(account.login, len(order)))
    return [
        _entry(
            account,
            [_kid(next(kid_ids), people[kid]) for kid in account.kids],
            cast.get(account.login),
        )
        for account in accounts
    ]


def _entry(account: EsiaAccount, kids: list[dict[str, Any]], member: CastMember | None) -> dict[str, Any]:
    contacts = (("MBT", account.mobile), ("EML", account.email))
    entry: dict[str, Any] = {
        "login": account.login,
        "password": account.password,
        "oid": account.oid,
        "surname": account.name.surname,
        "given_name": account.name.given_name,
        "patronymic": account.name.patronymic or None,
        "birth_date": account.birth_date.isoformat(),
        "gender": str(account.gender),
        "snils": formatted_snils(account.snils) if account.snils else None,
        "level": str(account.level),
        "contacts": [{"type": type_, "value": value} for type_, value in contacts if value],
        "kids": kids,
    }
    if member:
        entry |= {"featured": True, "note_ru": member.note_ru, "note_en": member.note_en}
    return entry


def _kid(number: int, person: Person) -> dict[str, Any]:
    return {
        "id": number,
        "surname": person.name.surname,
        "given_name": person.name.given_name,
        "patronymic": person.name.patronymic or None,
        "birth_date": person.birth_date.isoformat(),
        "gender": str(person.gender),
        "snils": formatted_snils(person.snils) if person.snils else None,
    }
