"""The migrated database and the tables that the code queries are the same."""

from __future__ import annotations

import shutil
from datetime import UTC, date, datetime
from pathlib import Path
from uuid import UUID

from sqlalchemy import insert, select

from services.identity.accounts.rules import AccountState
from services.identity.accounts.storage import accounts
from services.identity.app import MIGRATIONS
from services.identity.people.rules import Role
from services.identity.people.storage import WHOLE_REGION, people, person_roles
from services.identity.tables import metadata
from services.kit.database import Database
from services.kit.ids import new_id
from services.kit.migrations import compare, upgrade
from services.kit.tables import audit, kit_metadata
from tests.conftest import DatabaseUrl

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


async def test_migrations_lead_to_the_tables_the_code_knows(database_url: DatabaseUrl) -> None:
    url = await database_url("identity")

    assert await compare(url, metadata, kit_metadata) == []


async def test_migrating_twice_changes_nothing(database_url: DatabaseUrl) -> None:
    url = await database_url("identity")

    await upgrade(url, MIGRATIONS)

    assert await compare(url, metadata, kit_metadata) == []


async def test_who_has_blocked_is_told_by_the_audit(database_url: DatabaseUrl, tmp_path: Path) -> None:
    """0014: the school of a registrar of one school alone; whatever else is the operator's to open."""
    url = await database_url("before_0014", lambda url: upgrade(url, _until(tmp_path, "0013")))
    here, far = new_id(), new_id()
    registrar = {(here, Role.REGISTRAR)}
    blockers = {
        "registrar": registrar,
        "of two schools": registrar | {(far, Role.REGISTRAR)},
        "operator too": registrar | {(WHOLE_REGION, Role.OPERATOR)},
        "registrar no more": {(here, Role.TEACHER)},
    }
    async with Database(url) as database:
        shut = {name: await _account_blocked_by(database, roles) for name, roles in blockers.items()}

        await upgrade(url, MIGRATIONS)

        async with database.read() as connection:
            found = await connection.execute(select(accounts.c.id, accounts.c.blocking_school_id))
            school_of = {row.id: row.blocking_school_id for row in found}
    assert {name: school_of[account] for name, account in shut.items()} == {
        "registrar": here,
        "of two schools": None,
        "operator too": None,
        "registrar no more": None,
    }


def _until(folder: Path, last: str) -> Path:
    """The migrations up to one."""
    (folder / "versions").mkdir()
    for each in sorted((MIGRATIONS / "versions").glob("0*.py")):
        if each.name[:4] <= last:
            shutil.copy(each, folder / "versions")
    return folder


async def _account_blocked_by(database: Database, roles: set[tuple[UUID, Role]]) -> UUID:
    """An account that somebody who is this has blocked."""
    person, blocker, account = new_id(), new_id(), new_id()
    async with database.transaction() as tx:
        named = {"surname": "Ёлкин", "given_name": "Пётр", "patronymic": "", "birth_date": date(1990, 1, 1)}
        both = [{"id": each, **named, "registered_at": NOW} for each in (person, blocker)]
        await tx.execute(insert(people).values(both))
        held = [
            {"person_id": blocker, "school_id": school, "role": role, "granted_at": NOW}
            for school, role in roles
        ]
        await tx.execute(insert(person_roles).values(held))
        blocked = {"person_id": person, "state": AccountState.BLOCKED, "opened_at": NOW}
        await tx.execute(insert(accounts).values(id=account, **blocked))
        entry = {"at": NOW, "actor": str(blocker), "object_kind": "account", "object_id": str(account)}
        await tx.execute(insert(audit).values(id=new_id(), action="block_account", **entry))
    return account
