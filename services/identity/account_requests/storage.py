"""Requests for accounts, as rows: what the applicant wrote is sealed."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    Column,
    DateTime,
    Index,
    LargeBinary,
    SmallInteger,
    Table,
    Text,
    Uuid,
    delete,
    func,
    insert,
    select,
    text,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from services.identity.account_requests.rules import (
    KEPT_AFTER_CLOSING,
    OPEN,
    WINDOW,
    AccountRequest,
    Applicant,
    RequestState,
)
from services.identity.issuing.rules.people import Capacity
from services.identity.keyring import Keyring, Sealed
from services.identity.metadata import metadata
from services.identity.people.rules import FullName, Snils

account_requests = Table(
    "account_requests",
    metadata,
    Column("id", Uuid, primary_key=True),  # grows with time
    Column("school_id", Uuid, nullable=False),
    Column("capacity", Text, nullable=False),  # a `Capacity`
    Column("state", Text, nullable=False),  # a `RequestState`
    # Name, birth date, SNILS, pupil, e-mail and the tracking code.
    Column("box", LargeBinary, nullable=False),
    Column("box_key", SmallInteger, nullable=False),
    Column("tracking_digest", LargeBinary, nullable=False),
    # Keyed, for the limits alone; null when nobody told the address.
    Column("address_digest", LargeBinary),
    Column("email_digest", LargeBinary, nullable=False),
    # The applicant consented to the processing of what is in the box, by handing it in (R35).
    Column("submitted_at", DateTime(timezone=True), nullable=False),
    Column("due_at", DateTime(timezone=True), nullable=False),
    Column("decided_at", DateTime(timezone=True)),  # when the state last changed
    Column("decided_by", Uuid),  # null: the applicant
    Column("reason", Text, nullable=False, server_default=text("''")),  # for the applicant
    Column("person_id", Uuid),  # for whom it was accepted
    # Whoever holds the code.
    Index("account_requests_by_code", "tracking_digest", unique=True),
    # The school's list; and how many wait there.
    Index(
        "account_requests_open",
        "school_id",
        "id",
        postgresql_where=text("state IN ('SUBMITTED', 'ACCEPTED')"),
    ),
    # The limits.
    Index("account_requests_by_address", "address_digest", "submitted_at"),
    Index("account_requests_by_email", "email_digest", "submitted_at"),
    # The sweep of closed ones.
    Index("account_requests_by_decision", "decided_at", postgresql_where=text("decided_at IS NOT NULL")),
)


async def insert_request(
    connection: AsyncConnection,
    request: AccountRequest,
    keyring: Keyring,
    *,
    code: str,
    tracking_digest: bytes,
    address_digest: bytes | None,
    email_digest: bytes,
) -> None:
    """Insert a request that was handed in now."""
    applicant = request.applicant
    content = {
        "surname": applicant.name.surname,
        "given_name": applicant.name.given_name,
        "patronymic": applicant.name.patronymic,
        "birth_date": applicant.birth_date.isoformat(),
        "snils": applicant.snils.digits if applicant.snils else "",
        "pupil": applicant.pupil,
        "email": applicant.email,
        "language": applicant.language,
        "code": code,
    }
    sealed = keyring.seal(json.dumps(content, ensure_ascii=False), context=_context(request.id))
    await connection.execute(
        insert(account_requests).values(
            id=request.id,
            school_id=request.school_id,
            capacity=request.capacity,
            state=request.state,
            box=sealed.box,
            box_key=sealed.key_version,
            tracking_digest=tracking_digest,
            address_digest=address_digest,
            email_digest=email_digest,
            submitted_at=request.submitted_at,
            due_at=request.due_at,
        )
    )


async def by_id(
    connection: AsyncConnection, keyring: Keyring, request_id: UUID
) -> tuple[AccountRequest, str] | None:
    """A request and its code, for the answer to the same call sent again."""
    found = await connection.execute(select(account_requests).where(account_requests.c.id == request_id))
    row = found.first()
    return None if row is None else (_request(row, keyring), _opened(row, keyring)["code"])


async def by_code(
    connection: AsyncConnection, keyring: Keyring, digest: bytes, *, for_update: bool = False
) -> AccountRequest | None:
    """The request with this tracking code."""
    wanted = select(account_requests).where(account_requests.c.tracking_digest == digest)
    row = (await connection.execute(wanted.with_for_update() if for_update else wanted)).first()
    return None if row is None else _request(row, keyring)


async def for_update(
    connection: AsyncConnection, keyring: Keyring, school_id: UUID, request_id: UUID
) -> AccountRequest | None:
    """A request of this school, locked until the transaction ends."""
    found = await connection.execute(
        select(account_requests)
        .where(account_requests.c.id == request_id, account_requests.c.school_id == school_id)
        .with_for_update()
    )
    row = found.first()
    return None if row is None else _request(row, keyring)


async def open_requests(
    connection: AsyncConnection, keyring: Keyring, school_id: UUID, *, after: UUID | None, limit: int
) -> list[AccountRequest]:
    """The requests of a school that are not closed, the oldest first."""
    wanted = select(account_requests).where(
        account_requests.c.school_id == school_id, account_requests.c.state.in_(sorted(OPEN))
    )
    if after is not None:
        wanted = wanted.where(account_requests.c.id > after)
    found = await connection.execute(wanted.order_by(account_requests.c.id).limit(limit))
    return [_request(row, keyring) for row in found]


async def save(connection: AsyncConnection, request: AccountRequest, *, by: UUID | None) -> None:
    """Keep how a request stands now; ``by``: the employee, None for the applicant."""
    await connection.execute(
        update(account_requests)
        .where(account_requests.c.id == request.id)
        .values(
            state=request.state,
            reason=request.reason,
            decided_at=request.decided_at,
            decided_by=by,
            person_id=request.person_id,
        )
    )


async def count_alone(connection: AsyncConnection, digests: Iterable[bytes]) -> None:
    """Have others who count under one of these digests wait for this transaction."""
    keys = sorted(int.from_bytes(digest[:8], "big", signed=True) for digest in digests)
    for key in keys:  # sorted: two that share some wait for each other one way only
        await connection.execute(select(func.pg_advisory_xact_lock(key)))


async def recent(
    connection: AsyncConnection, column: str, digest: bytes, *, now: datetime
) -> tuple[int, datetime | None]:
    """How many requests of the window have this digest of address or e-mail, and when the oldest came."""
    found = await connection.execute(
        select(func.count(), func.min(account_requests.c.submitted_at)).where(
            account_requests.c[column] == digest, account_requests.c.submitted_at > now - WINDOW
        )
    )
    count, oldest = found.one()
    return count, oldest


async def waiting(connection: AsyncConnection, school_id: UUID) -> int:
    """How many requests of a school nobody has decided."""
    count = await connection.scalar(
        select(func.count()).where(
            account_requests.c.school_id == school_id,
            account_requests.c.state.in_(sorted(OPEN)),
            account_requests.c.state == RequestState.SUBMITTED,
        )
    )
    return int(count or 0)


async def sweep_account_requests(connection: AsyncConnection, *, now: datetime) -> None:
    """Remove what applicants wrote once it has had its day."""
    closed = sorted(set(RequestState) - OPEN)
    await connection.execute(
        delete(account_requests).where(
            account_requests.c.decided_at < now - KEPT_AFTER_CLOSING, account_requests.c.state.in_(closed)
        )
    )


def _context(request_id: UUID) -> str:
    return f"account request {request_id}"


def _opened(row: Any, keyring: Keyring) -> dict[str, str]:
    opened: dict[str, str] = json.loads(keyring.open(Sealed(row.box, row.box_key), context=_context(row.id)))
    return opened


def _request(row: Any, keyring: Keyring) -> AccountRequest:
    content = _opened(row, keyring)
    applicant = Applicant(
        FullName(content["surname"], content["given_name"], content["patronymic"]),
        date.fromisoformat(content["birth_date"]),
        Snils(content["snils"]) if content["snils"] else None,
        content["pupil"],
        content["email"],
        content.get("language", ""),
    )
    return AccountRequest(
        row.id,
        row.school_id,
        Capacity(row.capacity),
        applicant,
        row.submitted_at,
        row.due_at,
        RequestState(row.state),
        row.reason,
        row.decided_at,
        row.person_id,
    )
