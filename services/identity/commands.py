"""What an operator does at a console, because nobody inside could: the first operator, and a lost phone.

Whoever may run a command has the service's settings and keys, so it asks for nothing else; that the right
person asks is for them to see. The audit names the command.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final
from uuid import UUID

from school.identity.v1.events_pb2 import MessageKind
from services.identity.accounts.rules import normal_login
from services.identity.accounts.storage import account_of
from services.identity.areas.ground import telling_of
from services.identity.config import IdentitySettings
from services.identity.copies.command import TELL_AGAIN, tell_again
from services.identity.keyring import Keyring
from services.identity.people.rules import Role, UnknownPerson
from services.identity.second_factor import storage as second_factors
from services.identity.second_factor.rules import NoSecondFactor
from services.identity.sessions.endings import Endings
from services.identity.sessions.rules import EndReason
from services.identity.staff import storage as staff
from services.identity.staff.usecases import Place, give_role
from services.kit.clock import SystemClock
from services.kit.database import Database, Transaction
from services.kit.process import Command
from services.kit.revocation import EndedSessions
from services.kit.settings import load

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
        person_id = await _person(tx, who)
        place = Place(person_id, None, Role.OPERATOR)
        given = await give_role(tx, place, by=_ACTOR, clock=SystemClock())
    return f"{person_id} {'is an operator now' if given else 'was an operator already'}"


async def remove_second_factor(database_url: str, who: str) -> str:
    """Remove the second factor of somebody who has lost phone and recovery codes.

    Their sessions end, they are told, and where a role demands it they enrol anew at the next entry.

    Args:
        database_url: identity's database; the rest of the service's settings is needed as well.
        who: a person's id, or a login.

    Returns:
        What became of it, in a sentence without personal data.

    Raises:
        UnknownPerson: nobody has this id or login.
        NoSecondFactor: the person has none.
        SettingsError: settings are missing.
        Unavailable: the database does not answer.
    """
    settings, clock = load(IdentitySettings), SystemClock()
    keyring = Keyring.read(settings.snils_keys_file)
    telling = telling_of(settings, keyring, clock)
    async with Database(database_url, pool_size=1) as database, database.transaction() as tx:
        person_id = await _person(tx, who)
        account_id = await account_of(tx.connection, person_id)
        if account_id is None or not await second_factors.remove(tx.connection, account_id):
            raise NoSecondFactor
        endings = Endings(database, clock, EndedSessions(clock))
        await endings.end_all(tx, account_id, reason=EndReason.SECOND_FACTOR_REMOVED)
        await telling.tell_everywhere(
            tx, person_id, MessageKind.MESSAGE_KIND_SECOND_FACTOR_CHANGED, {"what": "removed"}
        )
        tx.audit(
            actor=_ACTOR,
            action="remove_second_factor",
            object_kind="person",
            object_id=str(person_id),
            subject=person_id,
        )
    return f"{person_id} has no second factor any more"


COMMANDS: Final[Mapping[str, Command]] = {
    "grant-operator": grant_operator,
    "remove-second-factor": remove_second_factor,
    TELL_AGAIN: tell_again,
}
"""By the name that is typed."""


async def _person(tx: Transaction, who: str) -> UUID:
    """The registered person with this id or login. Raises `UnknownPerson`."""
    try:
        return UUID(who)
    except ValueError:
        login = normal_login(who)
    # PostgreSQL takes no NUL in a text, and nobody has such a login.
    person_id = await staff.person_by_login(tx.connection, login) if login.isprintable() else None
    if person_id is None:
        raise UnknownPerson
    return person_id
