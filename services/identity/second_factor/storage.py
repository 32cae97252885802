"""Second factors and their recovery codes, as rows."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    ForeignKey,
    LargeBinary,
    SmallInteger,
    Table,
    Uuid,
    delete,
    func,
    insert,
    select,
    text,
    update,
)
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from services.identity.keyring import BlindIndex, Sealed
from services.identity.metadata import metadata

second_factors = Table(
    "second_factors",
    metadata,
    Column("account_id", Uuid, ForeignKey("accounts.id"), primary_key=True),
    # The secret that the person's app has too, sealed.
    Column("secret_box", LargeBinary, nullable=False),
    Column("secret_box_key", SmallInteger, nullable=False),
    Column("started_at", DateTime(timezone=True), nullable=False),
    # Null while no first code of the app was given.
    Column("enrolled_at", DateTime(timezone=True)),
    # The last half minute whose code was used; codes of it and of earlier ones are spent.
    Column("last_step", BigInteger, nullable=False, server_default=text("0")),
)

recovery_codes = Table(
    "recovery_codes",
    metadata,
    Column("account_id", Uuid, ForeignKey("accounts.id"), primary_key=True),
    Column("digest", LargeBinary, primary_key=True),  # the keyed index of the code
    Column("digest_key", SmallInteger, nullable=False),
    Column("used_at", DateTime(timezone=True)),
)


@dataclass(frozen=True, slots=True)
class Factor:
    """A second factor, enrolled or on the way there."""

    secret: Sealed
    enrolled_at: datetime | None
    last_step: int


async def factor(connection: AsyncConnection, account_id: UUID) -> Factor | None:
    """What the account has; None when nothing."""
    found = await connection.execute(
        select(
            second_factors.c.secret_box,
            second_factors.c.secret_box_key,
            second_factors.c.enrolled_at,
            second_factors.c.last_step,
        ).where(second_factors.c.account_id == account_id)
    )
    row = found.first()
    if row is None:
        return None
    return Factor(Sealed(row.secret_box, row.secret_box_key), row.enrolled_at, row.last_step)


async def start(connection: AsyncConnection, account_id: UUID, secret: Sealed, *, at: datetime) -> bool:
    """Keep the secret of an enrolment, in the place of one that was begun; false when one is enrolled."""
    fresh = upsert(second_factors).values(
        account_id=account_id, secret_box=secret.box, secret_box_key=secret.key_version, started_at=at
    )
    written = await connection.execute(
        fresh.on_conflict_do_update(
            index_elements=[second_factors.c.account_id],
            set_={
                "secret_box": secret.box,
                "secret_box_key": secret.key_version,
                "started_at": at,
                "last_step": 0,
            },
            where=second_factors.c.enrolled_at.is_(None),
        )
    )
    return written.rowcount == 1


async def confirm(
    connection: AsyncConnection, account_id: UUID, secret: Sealed, *, step: int, at: datetime
) -> bool:
    """Enrol the secret whose code was given; false when it is enrolled or another one was begun meanwhile."""
    confirmed = await connection.execute(
        update(second_factors)
        .where(
            second_factors.c.account_id == account_id,
            second_factors.c.enrolled_at.is_(None),
            second_factors.c.secret_box == secret.box,
        )
        .values(enrolled_at=at, last_step=step)
    )
    return confirmed.rowcount == 1


async def spend_step(connection: AsyncConnection, account_id: UUID, secret: Sealed, *, step: int) -> bool:
    """Use the code of a half minute up; false when it, or a later one, was used before."""
    spent = await connection.execute(
        update(second_factors)
        .where(
            second_factors.c.account_id == account_id,
            second_factors.c.enrolled_at.is_not(None),
            second_factors.c.secret_box == secret.box,
            second_factors.c.last_step < step,
        )
        .values(last_step=step)
    )
    return spent.rowcount == 1


async def spend_recovery_code(
    connection: AsyncConnection, account_id: UUID, digests: Iterable[bytes], *, at: datetime
) -> bool:
    """Use a recovery code up; false when the account has no such unused one."""
    spent = await connection.execute(
        update(recovery_codes)
        .where(
            recovery_codes.c.account_id == account_id,
            recovery_codes.c.digest.in_(list(digests)),
            recovery_codes.c.used_at.is_(None),
        )
        .values(used_at=at)
    )
    return spent.rowcount == 1


async def replace_recovery_codes(
    connection: AsyncConnection, account_id: UUID, codes: Iterable[BlindIndex]
) -> None:
    """Let these be the account's recovery codes, and no others."""
    await connection.execute(delete(recovery_codes).where(recovery_codes.c.account_id == account_id))
    rows = [
        {"account_id": account_id, "digest": code.digest, "digest_key": code.key_version} for code in codes
    ]
    await connection.execute(insert(recovery_codes), rows)


async def recovery_codes_left(connection: AsyncConnection, account_id: UUID) -> int:
    """How many recovery codes are unused."""
    left = await connection.scalar(
        select(func.count())
        .select_from(recovery_codes)
        .where(recovery_codes.c.account_id == account_id, recovery_codes.c.used_at.is_(None))
    )
    return int(left or 0)


async def remove(connection: AsyncConnection, account_id: UUID) -> bool:
    """Remove the enrolled factor with its recovery codes; false when there was none."""
    await connection.execute(delete(recovery_codes).where(recovery_codes.c.account_id == account_id))
    removed = await connection.execute(
        delete(second_factors).where(
            second_factors.c.account_id == account_id, second_factors.c.enrolled_at.is_not(None)
        )
    )
    return removed.rowcount == 1
