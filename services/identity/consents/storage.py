"""Texts and consents, as rows."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    Boolean,
    Column,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    Uuid,
    exists,
    func,
    select,
    text,
    tuple_,
    update,
)
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from services.identity.accounts.storage import accounts
from services.identity.consents import rules
from services.identity.consents.rules import Consent, Purpose, Recorded
from services.identity.metadata import metadata
from services.identity.people.rules import FullName
from services.identity.people.storage import hold, people

consent_texts = Table(
    "consent_texts",
    metadata,
    Column("id", Text, primary_key=True),
    Column("purpose", Text, nullable=False),  # a `Purpose`
    Column("version", Integer, nullable=False),
    # As people read it: the operator's words are in it.
    Column("wording", Text, nullable=False),
    Column("consequence", Text, nullable=False),
    Column("digest", LargeBinary, nullable=False),
    # Since when it is in force.
    Column("recorded_at", DateTime(timezone=True), nullable=False),
    # The text in force of each purpose.
    Index("consent_texts_in_force", "purpose", "version", unique=True),
)

consents = Table(
    "consents",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("text_id", Text, ForeignKey("consent_texts.id"), nullable=False),
    Column("purpose", Text, nullable=False),  # a `Purpose`
    Column("giver_id", Uuid, ForeignKey("people.id"), nullable=False),
    Column("subject_id", Uuid, ForeignKey("people.id"), nullable=False),
    Column("given_at", DateTime(timezone=True), nullable=False),
    Column("on_paper", Boolean, nullable=False),
    # The employee who was shown the paper.
    Column("recorded_by", Uuid, ForeignKey("people.id")),
    Column("withdrawn_at", DateTime(timezone=True)),
    # Consenting twice to one text is consenting once.
    Index(
        "consents_one_per_text",
        "giver_id",
        "subject_id",
        "text_id",
        unique=True,
        postgresql_where=text("withdrawn_at IS NULL"),
    ),
    # What somebody has given.
    Index("consents_by_giver", "giver_id", "id"),
    # Whether anything holds for somebody.
    Index("consents_by_subject", "subject_id", "purpose"),
)


async def record(connection: AsyncConnection, one: rules.Text, *, at: datetime) -> bytes:
    """Keep a text, unless it is kept; the digest of what is kept under its id."""
    await connection.execute(
        insert(consent_texts).on_conflict_do_nothing(),
        {
            "id": one.id,
            "purpose": one.purpose,
            "version": one.version,
            "wording": one.wording,
            "consequence": one.consequence,
            "digest": one.digest,
            "recorded_at": at,
        },
    )
    kept = await connection.scalar(select(consent_texts.c.digest).where(consent_texts.c.id == one.id))
    return bytes(kept or b"")


async def in_force(connection: AsyncConnection) -> list[Recorded]:
    """The text in force of each purpose."""
    newest = select(consent_texts.c.purpose, func.max(consent_texts.c.version)).group_by(
        consent_texts.c.purpose
    )
    found = await connection.execute(
        select(consent_texts)
        .where(tuple_(consent_texts.c.purpose, consent_texts.c.version).in_(newest))
        .order_by(consent_texts.c.purpose)
    )
    return [_text(row) for row in found]


async def text_of(connection: AsyncConnection, text_id: str) -> Recorded | None:
    """A text, also one that is no longer in force."""
    if not text_id.isprintable():  # PostgreSQL takes no NUL in a text
        return None
    row = (await connection.execute(select(consent_texts).where(consent_texts.c.id == text_id))).first()
    return None if row is None else _text(row)


async def lock_subject(connection: AsyncConnection, subject_id: UUID) -> UUID | None:
    """Have consents about a person change one at a time until the transaction ends; their account."""
    await hold(connection, subject_id)
    account: UUID | None = await connection.scalar(
        select(accounts.c.id).where(accounts.c.person_id == subject_id).with_for_update(key_share=True)
    )
    return account


async def give(connection: AsyncConnection, consent: Consent, *, recorded_by: UUID | None) -> bool:
    """Keep a consent, unless the same is there; whether this call did it."""
    given = await connection.execute(
        insert(consents).on_conflict_do_nothing().returning(consents.c.id),
        {
            "id": consent.id,
            "text_id": consent.text_id,
            "purpose": consent.purpose,
            "giver_id": consent.giver_id,
            "subject_id": consent.subject_id,
            "given_at": consent.given_at,
            "on_paper": consent.on_paper,
            "recorded_by": recorded_by,
        },
    )
    return given.first() is not None


async def standing(
    connection: AsyncConnection, giver_id: UUID, subject_id: UUID, text_id: str
) -> Consent | None:
    """The consent to a text that holds."""
    found = await connection.execute(
        select(consents).where(
            consents.c.giver_id == giver_id,
            consents.c.subject_id == subject_id,
            consents.c.text_id == text_id,
            consents.c.withdrawn_at.is_(None),
        )
    )
    row = found.first()
    return None if row is None else _consent(row)


async def by_id(connection: AsyncConnection, consent_id: UUID, giver_id: UUID) -> Consent | None:
    """A consent, if this person gave it."""
    found = await connection.execute(
        select(consents).where(consents.c.id == consent_id, consents.c.giver_id == giver_id)
    )
    row = found.first()
    return None if row is None else _consent(row)


async def given_by(connection: AsyncConnection, giver_id: UUID) -> list[tuple[Consent, FullName]]:
    """Every consent that somebody gave, the newest first, with its subject's name."""
    found = await connection.execute(
        select(consents, people.c.surname, people.c.given_name, people.c.patronymic)
        .join_from(consents, people, people.c.id == consents.c.subject_id)
        .where(consents.c.giver_id == giver_id)
        .order_by(consents.c.id.desc())
    )
    return [(_consent(row), FullName(row.surname, row.given_name, row.patronymic)) for row in found]


async def name_of(connection: AsyncConnection, person_id: UUID) -> FullName | None:
    """A person's name."""
    found = await connection.execute(
        select(people.c.surname, people.c.given_name, people.c.patronymic).where(people.c.id == person_id)
    )
    row = found.first()
    return None if row is None else FullName(*row)


async def withdraw(
    connection: AsyncConnection, giver_id: UUID, subject_id: UUID, purpose: Purpose, *, at: datetime
) -> int:
    """Withdraw what somebody has given for a subject and a purpose, to whichever text; how many held."""
    withdrawn = await connection.execute(
        update(consents)
        .where(
            consents.c.giver_id == giver_id,
            consents.c.subject_id == subject_id,
            consents.c.purpose == purpose,
            consents.c.withdrawn_at.is_(None),
        )
        # A clock that went back a moment does not keep anybody from withdrawing.
        .values(withdrawn_at=func.greatest(consents.c.given_at, at))
    )
    return withdrawn.rowcount


async def holds(connection: AsyncConnection, subject_id: UUID, purpose: Purpose) -> bool:
    """Whether anybody's consent for a subject and a purpose holds."""
    return await _any(connection, subject_id, purpose, consents.c.withdrawn_at.is_(None))


async def refused(connection: AsyncConnection, subject_id: UUID, purpose: Purpose) -> bool:
    """Whether consent for a subject and a purpose was withdrawn, and nobody's holds."""
    withdrawn = await _any(connection, subject_id, purpose, consents.c.withdrawn_at.is_not(None))
    return withdrawn and not await holds(connection, subject_id, purpose)


async def messages_refused(connection: AsyncConnection, person_id: UUID, /) -> bool:
    """Whether a person wants no messages but those that keep the account safe; for `telling`."""
    return await refused(connection, person_id, Purpose.MESSAGES)


async def _any(connection: AsyncConnection, subject_id: UUID, purpose: Purpose, condition: Any) -> bool:
    where: Iterable[Any] = (consents.c.subject_id == subject_id, consents.c.purpose == purpose, condition)
    return bool(await connection.scalar(select(exists().where(*where))))


def _text(row: Any) -> Recorded:
    return Recorded(
        rules.Text(Purpose(row.purpose), row.version, row.wording, row.consequence), row.recorded_at
    )


def _consent(row: Any) -> Consent:
    return Consent(
        row.id,
        row.text_id,
        Purpose(row.purpose),
        row.giver_id,
        row.subject_id,
        row.given_at,
        row.on_paper,
        row.withdrawn_at,
    )
