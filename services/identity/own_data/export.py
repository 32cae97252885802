"""Everything that identity keeps about a person, as one JSON document."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.identity.keyring import Keyring
from services.identity.own_data import storage
from services.identity.own_data.catalogue import CATALOGUE, PERSON, Holding
from services.kit.audit import storage as audit
from services.kit.audit.chain import Link, written
from services.kit.audit.commands import exported

MOST_AUDIT: Final = 5_000
"""Entries of the audit in one document; who did more reads on in the audit itself."""


async def document(
    connection: AsyncConnection, keyring: Keyring, *, person_id: UUID, account_id: UUID, at: datetime
) -> str:
    """The document: the groups of the contract, in each the tables and their rows.

    Args:
        connection: to read with.
        keyring: opens what is sealed: it is the person's own.
        person_id: whose data.
        account_id: their account.
        at: when it is made.
    """
    content: dict[str, Any] = {"format": 1, "exported_at": written(at)}
    for holding in CATALOGUE:
        if not holding.theirs:
            continue
        rows = await storage.rows_of(connection, holding.table, ids_of(holding, person_id, account_id))
        group = content.setdefault(str(holding.data), {})
        group[holding.table.name] = [shown(holding, row, keyring) for row in rows]
    entries = await audit.of_person(
        connection,
        person_id=person_id,
        objects=[("person", str(person_id)), ("account", str(account_id))],
        before=None,
        limit=MOST_AUDIT,
    )
    content["audit"] = {
        "entries": [exported(Link(position, digest, entry)) for entry, position, digest in entries],
        "complete": len(entries) < MOST_AUDIT,
    }
    return json.dumps(content, ensure_ascii=False, indent=1)


def ids_of(holding: Holding, person_id: UUID, account_id: UUID) -> dict[str, UUID]:
    """What the columns of a table hold that make a row this person's."""
    return {column: person_id if of == PERSON else account_id for column, of in holding.theirs.items()}


def shown(holding: Holding, row: Mapping[str, Any], keyring: Keyring) -> dict[str, Any]:
    """A row as its person sees it."""
    fields = {column: _plain(row[column]) for column in holding.shown}
    return fields | {name: opened.of(row, keyring) for name, opened in holding.opened.items()}


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return written(value)
    if isinstance(value, date):
        return value.isoformat()
    return str(value) if isinstance(value, UUID) else value
