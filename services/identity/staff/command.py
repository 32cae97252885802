"""``grant-operator``: the first operator of a region, whom nobody inside could appoint.

Whoever may run the command has the database's address, so it asks for nothing else; the audit names it.
"""

from __future__ import annotations

from typing import Final
from uuid import UUID

from services.identity.accounts.rules import normal_login
from services.identity.people.rules import Role, UnknownPerson
from services.identity.staff import storage
from services.identity.staff.usecases import Place, give_role
from services.kit.clock import SystemClock
from services.kit.database import Database

GRANT_OPERATOR: Final = "grant-operator"
_ACTOR: Final = "command"


async def grant_operator(database_url: str, who: str) -> str:
    """Make a registered person an operator; the event is published by the service when it runs.

    Args:
        database_url: identity's database.
        who: a person's id, or a login.

    Returns:
        What became of it, in a sentence without personal data.

    Raises:
        UnknownPerson: nobody has this id or login.
        Unavailable: the database does not answer.
    """
    async with Database(database_url, pool_size=1) as database, database.transaction() as tx:
        try:
            person_id: UUID | None = UUID(who)
        except ValueError:
            login = normal_login(who)
            # PostgreSQL takes no NUL in a text, and nobody has such a login.
            person_id = await storage.person_by_login(tx.connection, login) if login.isprintable() else None
        if person_id is None:
            raise UnknownPerson
        place = Place(person_id, None, Role.OPERATOR)
        given = await give_role(tx, place, by=_ACTOR, clock=SystemClock())
    return f"{person_id} {'is an operator now' if given else 'was an operator already'}"
