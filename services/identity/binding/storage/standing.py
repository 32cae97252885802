"""Bindings, and the persons a profile may belong to, as rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import (
    Column,
    DateTime,
    ForeignKey,
    Index,
    LargeBinary,
    SmallInteger,
    Table,
    Text,
    Uuid,
    bindparam,
    exists,
    func,
    null,
    or_,
    select,
    text,
    union_all,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from services.identity.accounts.rules import AccountState
from services.identity.accounts.storage import accounts
from services.identity.binding.rules.matching import Registered
from services.identity.binding.rules.roads import Road
from services.identity.keyring import BlindIndex, Keyring, Sealed
from services.identity.links.rules import Provider
from services.identity.metadata import metadata
from services.identity.people.rules import FullName, Person, PersonStatus, Role, Snils
from services.identity.people.storage import people, person_of, person_roles, roles_of_person
from services.identity.schools.storage import schools
from services.kit.reader import Query, Reader

bindings = Table(
    "bindings",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("region", Text, nullable=False),
    Column("provider", Text, nullable=False),  # the issuer of the profile's tokens
    Column("subject", Text, nullable=False),  # the profile's oid there
    Column("account_id", Uuid, ForeignKey("accounts.id"), nullable=False),
    Column("road", Text, nullable=False),  # a `Road`
    # The sign-in that was used up by this binding; its own row is swept away after a while.
    Column("link_id", Uuid, nullable=False),
    Column("bound_at", DateTime(timezone=True), nullable=False),
    # The SNILS that the profile showed last, as `people.snils_index` would have it; null: it has shown none.
    # A school that corrects a person's SNILS is told at once when the two no longer agree.
    Column("snils_seen", LargeBinary),
    Column("snils_seen_key", SmallInteger),
    # When a binding by password turned into one by SNILS, because ESIA had come to know the SNILS.
    Column("reverified_at", DateTime(timezone=True)),
    # History: all three are null while the binding holds.
    Column("ended_at", DateTime(timezone=True)),
    Column("ended_by", Uuid),  # the person themselves, or the registrar
    Column("ended_why", Text),  # a `WhyEnded`
    # One account per profile: whose is it? And no second account for it, whatever runs at once (A9, A10).
    # Here and below the column that tells rows apart comes first: region and provider are the same in most
    # rows, and before a table is analysed the planner takes either index for equally good by them.
    Index(
        "bindings_one_per_profile",
        "subject",
        "region",
        "provider",
        unique=True,
        postgresql_where=text("ended_at IS NULL"),
    ),
    # One profile per account (A9).
    Index(
        "bindings_one_per_account",
        "account_id",
        "region",
        "provider",
        unique=True,
        postgresql_where=text("ended_at IS NULL"),
    ),
    # What was bound to an account before.
    Index("bindings_ended", "account_id", postgresql_where=text("ended_at IS NOT NULL")),
    # A sign-in binds once, ever (A7).
    Index("bindings_one_per_link", "link_id", unique=True),
)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A registered person with the account a profile could be bound to."""

    account_id: UUID
    may_enter: bool
    person: Person
    registered: Registered
    zones: tuple[ZoneInfo, ...]
    """Of the person's schools."""
    activated: bool
    account_version: int
    person_version: int
    generation: int
    """Of the account's bindings: raised by each that ends (A7)."""
    road: Road | None = None
    """By which the profile is bound to the account; None while it is not."""
    left: bool = False
    """The person has left the region, and may not enter for that."""
    snils_seen: bytes | None = None
    """Of the bound profile, as `people.snils_digests` would have it; None: it has shown none."""


# One row per person: whose days count for them. Schools of which the diary has not told yet have none.
_zones_of_person = (
    select(func.array_agg(schools.c.zone.distinct()))
    .join_from(person_roles, schools, schools.c.school_id == person_roles.c.school_id)
    .where(person_roles.c.person_id == people.c.id)
    .scalar_subquery()
)
_columns = (
    people.c.id,
    people.c.surname,
    people.c.given_name,
    people.c.patronymic,
    people.c.birth_date,
    people.c.snils_box,
    people.c.snils_box_key,
    people.c.snils_disputed,
    people.c.status,
    people.c.version.label("person_version"),
    accounts.c.id.label("account_id"),
    accounts.c.state,
    accounts.c.activated_at.is_not(None).label("activated"),
    accounts.c.version.label("account_version"),
    accounts.c.binding_generation,
    roles_of_person.label("roles"),
    _zones_of_person.label("zones"),
)
# Outer: a person without an account must be seen, or one of two candidates would look like the only one.
_candidates = select(*_columns).join_from(people, accounts, accounts.c.person_id == people.c.id, isouter=True)

# The statements of the way in are built once, and each asks for all that is to be known at that point:
# building and sending one costs more than the database needs to run it.
_CANDIDATES_OF_PROFILE = union_all(
    select(*_columns, bindings.c.road, bindings.c.snils_seen)
    .join_from(bindings, accounts, accounts.c.id == bindings.c.account_id)
    .join(people, people.c.id == accounts.c.person_id)
    .where(
        bindings.c.region == bindparam("region"),
        bindings.c.provider == bindparam("provider"),
        bindings.c.subject == bindparam("subject"),
        bindings.c.ended_at.is_(None),
    ),
    # Not as an array: how long one is, PostgreSQL cannot know, and would plan the statement each time.
    _candidates.add_columns(null().label("road"), null().label("snils_seen")).where(
        people.c.snils_index.in_(bindparam("digests", expanding=True))
    ),
)
# Asked for with every page.
_PERSON_AND_BINDING: Final = Query(
    select(
        people.c.surname,
        people.c.given_name,
        people.c.patronymic,
        roles_of_person.label("roles"),
        exists()
        .where(
            bindings.c.region == bindparam("region"),
            bindings.c.provider == bindparam("provider"),
            bindings.c.account_id == bindparam("account_id"),
            bindings.c.ended_at.is_(None),
        )
        .label("bound"),
    ).where(people.c.id == bindparam("person_id"))
)


async def candidates_of_profile(
    connection: AsyncConnection,
    provider: Provider,
    *,
    subject: str,
    digests: Sequence[bytes],
    keyring: Keyring,
) -> tuple[Candidate | None, list[Candidate]]:
    """Whose account the profile is bound to, None while it is bound to none; and who has its SNILS.

    Args:
        connection: of the transaction.
        provider: whose profile it is.
        subject: the profile's id there.
        digests: of its SNILS, empty when it has none; every registered person with one of them is told,
            whatever their status.
        keyring: opens what is stored.
    """
    found = await connection.execute(
        _CANDIDATES_OF_PROFILE,
        {
            "region": provider.region,
            "provider": provider.issuer,
            "subject": subject,
            "digests": list(digests),
        },
    )
    bound: Candidate | None = None
    with_snils: list[Candidate] = []
    for row in found:
        if row.road is not None:
            bound = replace(_candidate(row, keyring), road=Road(row.road), snils_seen=row.snils_seen)
        else:
            with_snils.append(_candidate(row, keyring))
    return bound, with_snils


async def candidate_of_account(
    connection: AsyncConnection, account_id: UUID, keyring: Keyring
) -> Candidate | None:
    """The person of an account."""
    found = await connection.execute(_candidates.where(accounts.c.id == account_id))
    row = found.first()
    return None if row is None else _candidate(row, keyring)


async def bound_person(
    connection: AsyncConnection, provider: Provider, person_id: UUID, keyring: Keyring
) -> Candidate | None:
    """A person with the profile that is bound to them; None when none is."""
    found = await connection.execute(
        select(*_columns, bindings.c.road, bindings.c.snils_seen)
        .join_from(people, accounts, accounts.c.person_id == people.c.id)
        .join(bindings, bindings.c.account_id == accounts.c.id)
        .where(*active(provider), people.c.id == person_id)
    )
    row = found.first()
    if row is None:
        return None
    return replace(_candidate(row, keyring), road=Road(row.road), snils_seen=row.snils_seen)


async def note_snils(
    connection: AsyncConnection,
    provider: Provider,
    account_id: UUID,
    snils: BlindIndex,
    *,
    reverified_at: datetime | None,
) -> None:
    """Remember the SNILS that the bound profile has shown; ``reverified_at``: by which it is proven now."""
    values: dict[str, Any] = {"snils_seen": snils.digest, "snils_seen_key": snils.key_version}
    if reverified_at is not None:
        values |= {"road": Road.SNILS, "reverified_at": reverified_at}
    await connection.execute(
        update(bindings).where(*active(provider), bindings.c.account_id == account_id).values(**values)
    )


async def bound_accounts(
    connection: AsyncConnection, provider: Provider, *, subject: str, account_id: UUID
) -> list[tuple[str, UUID]]:
    """The active bindings of the profile or the account, as (subject, account)."""
    found = await connection.execute(
        select(bindings.c.subject, bindings.c.account_id).where(
            *active(provider), or_(bindings.c.subject == subject, bindings.c.account_id == account_id)
        )
    )
    return [(row.subject, row.account_id) for row in found]


async def person_and_binding(
    reader: Reader, provider: Provider, *, person_id: UUID, account_id: UUID
) -> tuple[Person, bool] | None:
    """The person, and whether a profile is bound to the account; None when there is no such person."""
    found = await reader.rows(
        _PERSON_AND_BINDING,
        region=provider.region,
        provider=provider.issuer,
        account_id=account_id,
        person_id=person_id,
    )
    if not found:
        return None
    surname, given_name, patronymic, roles, bound = found[0]
    name = FullName(surname, given_name, patronymic)
    return Person(person_id, name, frozenset(map(Role, roles or ()))), bound


async def subject_of_account(connection: AsyncConnection, provider: Provider, account_id: UUID) -> str | None:
    """The profile that is bound to the account; None when none is."""
    subject: str | None = await connection.scalar(
        select(bindings.c.subject).where(*active(provider), bindings.c.account_id == account_id)
    )
    return subject


async def binding_of_account(
    connection: AsyncConnection, provider: Provider, account_id: UUID
) -> tuple[Road, datetime] | None:
    """By which road and when the account was bound; None when it is not."""
    found = await connection.execute(
        select(bindings.c.road, bindings.c.bound_at).where(
            *active(provider), bindings.c.account_id == account_id
        )
    )
    row = found.first()
    return None if row is None else (Road(row.road), row.bound_at)


async def bound_by(connection: AsyncConnection, link_id: UUID) -> bool:
    """Whether this sign-in has bound, and not only led in."""
    bound: bool | None = await connection.scalar(select(exists().where(bindings.c.link_id == link_id)))
    return bool(bound)


def active(provider: Provider) -> tuple[Any, ...]:
    """Bindings that hold."""
    return (
        bindings.c.region == provider.region,
        bindings.c.provider == provider.issuer,
        bindings.c.ended_at.is_(None),
    )


def _candidate(row: Any, keyring: Keyring) -> Candidate:
    snils = None
    if row.snils_box is not None:
        sealed = Sealed(row.snils_box, row.snils_box_key)
        snils = Snils(keyring.open(sealed, context=f"snils of {row.id}"))
    name = FullName(row.surname, row.given_name, row.patronymic)
    return Candidate(
        account_id=row.account_id,
        may_enter=row.state == AccountState.OPEN and row.status == PersonStatus.ACTIVE,
        person=person_of(row),
        registered=Registered(row.id, name, row.birth_date, snils, row.snils_disputed),
        zones=tuple(ZoneInfo(zone) for zone in row.zones or ()),
        activated=bool(row.activated),
        account_version=row.account_version,
        person_version=row.person_version,
        generation=row.binding_generation,
        left=row.status == PersonStatus.LEFT,
    )
