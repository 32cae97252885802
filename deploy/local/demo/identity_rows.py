"""What identity knows of the region: persons, accounts, families, and the events that tell the others."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from deploy.local.demo.rows import FIRST_VERSION, Filling, Row, event_row
from deploy.local.demo.world import Credentials, Person, Relation, World
from services.identity.accounts.rules import normal_login, skeleton
from services.identity.accounts.storage import accounts, login_reservations
from services.identity.families.messages import relation_registered
from services.identity.families.rules import relations as families
from services.identity.families.storage import relations
from services.identity.keyring import Keyring
from services.identity.passwords import hash_password
from services.identity.people import rules as registered
from services.identity.people.storage import hide_snils, people, person_roles
from services.identity.people.usecases import person_registered
from services.kit.ids import new_id
from services.kit.tables import outbox

SLIP_LIFE: Final = timedelta(days=30)
"""How long the password of a slip admits, as by default everywhere."""


def identity_rows(world: World, keyring: Keyring, now: datetime) -> Filling:
    """Every row of a region that is registered ``now``."""
    credentials = {each.person_id: each for each in world.credentials}
    yield people, (_person(person, keyring, now) for person in world.people)
    yield person_roles, (row for person in world.people for row in _roles(person, now))
    opened = [_account(person.id, credentials.get(person.id), now) for person in world.people]
    yield accounts, opened
    yield login_reservations, (_reservation(account, now) for account in opened if account["login"])
    yield relations, (_relation(relation, now) for relation in world.relations)
    yield outbox, _events(world, now)


def _person(person: Person, keyring: Keyring, now: datetime) -> Row:
    name = registered.FullName.registered(person.name.surname, person.name.given_name, person.name.patronymic)
    snils = registered.Snils.parse(person.snils, allow_test_range=True) if person.snils else None
    return {
        "id": person.id,
        "surname": name.surname,
        "given_name": name.given_name,
        "patronymic": name.patronymic,
        "birth_date": person.birth_date,
        "status": str(registered.PersonStatus.ACTIVE),
        "version": FIRST_VERSION,
        "registered_at": now,
        **hide_snils(keyring, person.id, snils),
    }


def _roles(person: Person, now: datetime) -> Iterator[Row]:
    for place in person.places:
        yield {
            "person_id": person.id,
            "school_id": place.school_id,
            "role": str(registered.Role(place.role)),
            "granted_at": now,
        }


def _account(person_id: UUID, credentials: Credentials | None, now: datetime) -> Row:
    """An account. Whose login comes with a permanent password has been through activation."""
    temporary = credentials is not None and credentials.temporary
    activated_at = now if credentials and not temporary else None
    return {
        "id": new_id(),
        "person_id": person_id,
        "login": normal_login(credentials.login) if credentials else None,
        "login_skeleton": skeleton(credentials.login) if credentials else None,
        "password_hash": hash_password(credentials.password) if credentials else None,
        "opened_at": now,
        "issued_at": now if credentials else None,
        "issued_count": 1 if credentials else 0,
        "temporary_until": now + SLIP_LIFE if temporary else None,
        "activated_at": activated_at,
        "password_set_at": activated_at,
    }


def _reservation(account: Row, now: datetime) -> Row:
    return {
        "skeleton": account["login_skeleton"],
        "account_id": account["id"],
        "login": account["login"],
        "reserved_at": now,
    }


def _relation(relation: Relation, now: datetime) -> Row:
    return {
        "id": relation.id,
        "guardian_id": relation.guardian_id,
        "pupil_id": relation.pupil_id,
        "school_id": relation.school_id,
        "kind": str(families.RelationKind(relation.kind)),
        "valid_from": relation.valid_from,
        "valid_until": relation.valid_until,
        "version": FIRST_VERSION,
        "registered_at": now,
    }


def _events(world: World, now: datetime) -> Iterator[Row]:
    """The same facts that registering each of them would have published.

    The cast's families come first: who tries the product at once does not wait for thousands of others.
    """
    cast = {member.person_id for member in world.featured}
    first = [each for each in world.relations if each.guardian_id in cast or each.pupil_id in cast]
    family = cast | {each.guardian_id for each in first} | {each.pupil_id for each in first}
    yield from (_told_of_person(each, now) for each in world.people if each.id in family)
    yield from (_told_of_relation(each, now) for each in first)
    told = {each.id for each in first}
    yield from (_told_of_person(each, now) for each in world.people if each.id not in family)
    yield from (_told_of_relation(each, now) for each in world.relations if each.id not in told)


def _told_of_person(person: Person, now: datetime) -> Row:
    known = registered.Person(
        person.id,
        registered.FullName(person.name.surname, person.name.given_name, person.name.patronymic),
        frozenset(registered.Role(role) for role in person.roles),
    )
    return event_row(person.id, person_registered(known, version=FIRST_VERSION), now)


def _told_of_relation(relation: Relation, now: datetime) -> Row:
    known = families.Relation(
        relation.id,
        relation.guardian_id,
        relation.pupil_id,
        relation.school_id,
        families.RelationKind(relation.kind),
        relation.valid_from,
        relation.valid_until,
        FIRST_VERSION,
    )
    return event_row(relation.id, relation_registered(known), now)
