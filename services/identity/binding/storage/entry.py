"""The one statement that ends a sign-in of a bound profile, while everything that it rests on holds."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, Text, Uuid, bindparam, select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.identity.accounts.rules import AccountState
from services.identity.accounts.storage import accounts
from services.identity.binding.storage.standing import Candidate, bindings
from services.identity.links.rules import Stage
from services.identity.links.storage import FINISH, Link
from services.identity.people.rules import PersonStatus
from services.identity.people.storage import people

# The rows are held until the transaction ends: whoever ends the binding or corrects the person at the same
# moment waits for the session that is begun here, and ends it as well; or was first, and nothing is found.
# The account is not locked: that its session was inserted has made whoever blocks it wait, or has waited.
_held = (
    select(bindings.c.id)
    .join_from(bindings, accounts, accounts.c.id == bindings.c.account_id)
    .join(people, people.c.id == accounts.c.person_id)
    .where(
        bindings.c.subject == bindparam("held_subject", type_=Text),
        bindings.c.region == bindparam("held_region", type_=Text),
        bindings.c.provider == bindparam("held_provider", type_=Text),
        bindings.c.account_id == bindparam("held_account", type_=Uuid),
        bindings.c.ended_at.is_(None),
        accounts.c.state == AccountState.OPEN,
        people.c.status == PersonStatus.ACTIVE,
        people.c.version == bindparam("held_version", type_=BigInteger),
    )
    .with_for_update(read=True, of=(bindings, people))
    .cte("held")
)
_FINISH_HELD = FINISH.where(select(_held.c.id).exists())


async def finish_bound(
    connection: AsyncConnection, link: Link, bound: Candidate, *, subject: str, now: datetime
) -> bool:
    """End a sign-in whose session has been begun; False: it was over, or what it rests on has changed.

    Args:
        connection: of the transaction that began the session.
        link: the sign-in.
        bound: the person as they were judged.
        subject: the profile's id.
        now: the present instant.
    """
    finished = await connection.execute(
        _FINISH_HELD,
        {
            "link": link.id,
            "now": now,
            "new_stage": Stage.DONE,
            "new_subject": subject,
            "new_person": bound.person.id,
            "held_subject": subject,
            "held_region": link.provider.region,
            "held_provider": link.provider.issuer,
            "held_account": bound.account_id,
            "held_version": bound.person_version,
        },
    )
    return finished.rowcount == 1
