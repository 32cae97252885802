"""Cases that a binding makes groundless: the person has entered since."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from sqlalchemy import exists, update
from sqlalchemy.ext.asyncio import AsyncConnection

from services.identity.accounts.storage import accounts
from services.identity.binding.storage.standing import bindings
from services.identity.cases.rules import Kind, Resolution, State
from services.identity.cases.storage.cases import FORGOTTEN
from services.identity.cases.storage.tables import cases

_GONE_ONCE_BOUND: Final = (Kind.NAME_DIFFERS, Kind.BIRTH_DATE_DIFFERS)
"""They stood between a profile and its person."""


async def close_cases_of_bound(connection: AsyncConnection, *, now: datetime) -> None:
    """Close the cases of persons who were bound after ESIA last brought them up.

    The data were mended at ESIA then. Not part of the binding itself, which is to stay cheap.
    """
    await connection.execute(
        update(cases)
        .where(
            cases.c.state == State.OPEN,
            cases.c.kind.in_(_GONE_ONCE_BOUND),
            exists()
            .where(
                accounts.c.person_id == cases.c.person_id,
                bindings.c.account_id == accounts.c.id,
                bindings.c.ended_at.is_(None),
                bindings.c.bound_at > cases.c.last_at,
            )
            .correlate(cases),
        )
        .values(state=State.LAPSED, resolution=Resolution.AGREED, closed_at=now, **FORGOTTEN)
    )
