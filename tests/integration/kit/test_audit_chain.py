"""The audit's chain: what was sealed cannot change unseen, and nobody who writes waits for the sealer."""

from __future__ import annotations

import asyncio
import hashlib
import json
import sys
from collections.abc import AsyncIterator

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from services.kit.audit import verification
from services.kit.audit.chain import BEGINNING
from services.kit.audit.sealer import AuditSealer, seal_some
from services.kit.audit.verification import Checked, verify, verify_piece
from services.kit.database import Database, Transaction
from services.kit.ids import new_id
from tests.support.waiting import eventually

FORGED = "VALUES ('{id}-0000-7000-8000-000000000000', {at}, 'nobody', 'do', 'thing', '1')"


@pytest.fixture
async def database(kit_url: str) -> AsyncIterator[Database]:
    async with Database(kit_url) as opened:
        yield opened


async def leave(tx: Transaction, what: str, why: str | None = None) -> None:
    tx.audit(actor="anna", action="do", object_kind="thing", object_id=what, why=why, subject=new_id())


async def write(database: Database, count: int) -> None:
    """So many entries, each in a transaction of its own."""
    for number in range(count):
        async with database.transaction() as tx:
            await leave(tx, str(number), why=None if number % 2 else "потому что")


async def seal_all(database: Database) -> None:
    async with database.session() as connection:
        while await seal_some(connection):
            pass


async def check(database: Database, kept: dict[int, bytes] | None = None) -> Checked:
    async with database.read() as connection:
        return await verify(connection, kept)


async def tamper(database: Database, *statements: str) -> None:
    """What somebody with all rights does: triggers off, change, triggers on."""
    async with database.transaction() as tx:
        await tx.execute(text("SET LOCAL session_replication_role = replica"))
        for statement in statements:
            await tx.execute(text(statement))


async def count(database: Database, table: str) -> int:
    async with database.read() as connection:
        found = await connection.scalar(text(f"SELECT count(*) FROM {table}"))  # noqa: S608 - named in this file
    return found or 0


async def test_a_chain_that_nobody_touched_is_whole(database: Database) -> None:
    await write(database, 7)
    await seal_all(database)

    checked = await check(database)

    assert (checked.whole, checked.count, checked.position) == (True, 7, 7)


async def test_an_empty_chain_is_whole(database: Database) -> None:
    checked = await check(database)

    assert (checked.whole, checked.count, checked.digest) == (True, 0, BEGINNING)


async def test_a_commit_wakes_the_sealer(database: Database) -> None:
    """Every entry is sealed within seconds, long before the sealer would look of its own accord."""
    async with AuditSealer(database) as sealer:
        await eventually(lambda: _is(sealer.leading))
        await write(database, 3)

        async def sealed() -> bool:
            return await count(database, "audit_chain") == 3

        await eventually(sealed, within=5)
    assert await count(database, "audit_unsealed") == 0


async def _is(fact: bool) -> bool:
    return fact


async def test_another_replica_tells_the_sealer_that_leads(database: Database, kit_url: str) -> None:
    async with Database(kit_url) as other, AuditSealer(database) as leader:
        await eventually(lambda: _is(leader.leading))
        async with AuditSealer(other) as follower:
            await write(other, 1)

            async def sealed() -> bool:
                return await count(database, "audit_chain") == 1

            await eventually(sealed, within=10)
            assert not follower.leading


async def test_twenty_writers_at_once_leave_one_whole_chain(database: Database) -> None:
    async with AuditSealer(database):
        await asyncio.gather(*(write(database, 10) for _ in range(20)))

        async def sealed() -> bool:
            return await count(database, "audit_chain") == 200

        await eventually(sealed)
    checked = await check(database)
    assert (checked.whole, checked.count) == (True, 200)


async def test_an_open_transaction_holds_nobody_up(database: Database) -> None:
    """What was committed is sealed although something begun before is not; that comes later."""
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def slow() -> None:
        async with database.transaction() as tx:
            await leave(tx, "slow")
            await tx.flush()
            tx._audit.clear()
            begun.set()
            await go_on.wait()

    task = asyncio.create_task(slow())
    await begun.wait()
    await write(database, 2)
    await seal_all(database)
    assert await count(database, "audit_chain") == 2
    go_on.set()
    await task
    await seal_all(database)

    checked = await check(database)

    assert (checked.whole, checked.count) == (True, 3)


async def test_a_sealer_that_dies_in_the_middle_leaves_the_chain_as_it_was(database: Database) -> None:
    await write(database, 3)
    async with database.session() as connection:
        begun = await connection.begin()
        await connection.execute(
            text("INSERT INTO audit_chain SELECT 1, entry_id, '' FROM audit_unsealed LIMIT 1")
        )
        await begun.rollback()
    await seal_all(database)

    assert (await check(database)).count == 3


@pytest.mark.parametrize(
    ("statements", "broken_at"),
    [
        (["UPDATE audit SET why = 'x' WHERE object_id = '4'"], 5),
        (["UPDATE audit SET at = at + interval '1 microsecond' WHERE object_id = '0'"], 1),
        (["UPDATE audit SET subject = NULL WHERE object_id = '2'"], 3),
        (["DELETE FROM audit WHERE object_id = '4'"], 5),
        (["DELETE FROM audit_chain WHERE position = 4"], 4),
        (
            [
                "DELETE FROM audit_chain WHERE position = 4",
                "UPDATE audit_chain SET position = position - 1 WHERE position = 5",
                "UPDATE audit_chain SET position = position - 1 WHERE position = 6",
                "UPDATE audit_chain SET position = position - 1 WHERE position = 7",
            ],
            4,
        ),
        (
            [
                "UPDATE audit_chain SET position = 100 WHERE position = 3",
                "UPDATE audit_chain SET position = 3 WHERE position = 4",
                "UPDATE audit_chain SET position = 4 WHERE position = 100",
            ],
            3,
        ),
        (
            ["INSERT INTO audit " + FORGED.format(id="00000000", at="now() - interval '1 hour'")],
            8,
        ),
        (
            ["INSERT INTO audit " + FORGED.format(id="ffffffff", at="now() + interval '1 hour'")],
            8,
        ),
        (
            [
                "UPDATE audit SET at = at - interval '1 hour' WHERE object_id = '6'",
                "DELETE FROM audit_chain WHERE position = 7",
            ],
            7,
        ),
        (["DELETE FROM audit_chain", "UPDATE audit SET at = at - interval '1 hour'"], 1),
    ],
    ids=[
        "an altered reason",
        "an altered instant",
        "an altered person",
        "a removed entry",
        "a removed link",
        "a removed link, the others moved up",
        "two that changed places",
        "an entry put in",
        "an entry put in from the future",
        "the last seal taken off",
        "no chain at all",
    ],
)
async def test_whatever_is_done_to_the_chain_is_found_at_its_place(
    database: Database, statements: list[str], broken_at: int
) -> None:
    """With all rights and the triggers off."""
    await write(database, 7)
    await seal_all(database)
    await tamper(database, *statements)

    assert (await check(database)).broken_at == broken_at


async def test_an_entry_that_is_sealed_twice_is_found(database: Database) -> None:
    await write(database, 3)
    await seal_all(database)
    async with database.transaction() as tx:
        await tx.execute(text("DROP INDEX audit_chain_by_entry"))
        await tx.execute(
            text("INSERT INTO audit_unsealed SELECT entry_id FROM audit_chain WHERE position = 2")
        )
    await seal_all(database)

    assert not (await check(database)).whole


async def test_a_chain_written_anew_does_not_pass_through_a_digest_kept_elsewhere(database: Database) -> None:
    """Without the kept digest it looks whole: that is what the chain alone cannot show."""
    await write(database, 5)
    await seal_all(database)
    kept = (await check(database)).digest
    await tamper(
        database,
        "UPDATE audit SET why = 'another' WHERE object_id = '1'",
        "DELETE FROM audit_chain",
        "INSERT INTO audit_unsealed SELECT id FROM audit",
    )
    await seal_all(database)

    assert (await check(database)).whole
    assert (await check(database, {5: kept})).broken_at == 5


async def test_an_end_that_was_cut_off_is_found_by_a_digest_kept_elsewhere(database: Database) -> None:
    await write(database, 5)
    await seal_all(database)
    kept = (await check(database)).digest
    await tamper(
        database,
        "DELETE FROM audit WHERE id = (SELECT entry_id FROM audit_chain WHERE position = 5)",
        "DELETE FROM audit_chain WHERE position = 5",
    )

    assert (await check(database)).whole
    assert (await check(database, {5: kept})).broken_at == 5


async def test_pieces_find_what_the_whole_check_finds(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    await write(database, 10)
    await seal_all(database)
    monkeypatch.setattr(verification, "PIECE", 3)
    async with database.read() as connection:
        piece = await verify_piece(connection, 3, most=3)
        assert (piece.count, piece.position, piece.whole, piece.complete) == (3, 6, True, False)
        assert (await verify_piece(connection, 9, most=3)).complete
        assert (await verify_piece(connection, 99)).broken_at == 99


@pytest.mark.parametrize(
    "statement", ["UPDATE audit_chain SET digest = ''", "DELETE FROM audit_chain", "TRUNCATE audit_chain"]
)
async def test_the_chain_is_append_only(database: Database, statement: str) -> None:
    await write(database, 1)
    await seal_all(database)
    with pytest.raises(DBAPIError, match="append-only"):
        async with database.transaction() as tx:
            await tx.execute(text(statement))


async def run(kit_url: str, *arguments: str) -> tuple[int | None, str]:
    """The command as an operator gives it, of a service whose tables the miniature shares."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "services.diary",
        *arguments,
        env={"PATH": "/usr/bin:/bin", "MESH_DATABASE_URL": kit_url},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    said, _ = await process.communicate()
    return process.returncode, said.decode()


async def test_the_command_tells_by_its_exit_status(database: Database, kit_url: str) -> None:
    await write(database, 3)
    await seal_all(database)
    status, said = await run(kit_url, "verify-audit")
    assert status == 0
    kept = said.split("last ")[1].split()[0]
    assert said == f"entries 3\nlast {kept}\nwhole\n"

    assert (await run(kit_url, "verify-audit", kept))[0] == 0
    assert (await run(kit_url, "verify-audit", f"2{kept[1:]}"))[0] == 1
    assert (await run(kit_url, "verify-audit", "yesterday"))[0] == 2
    await tamper(database, "UPDATE audit SET actor = 'nobody' WHERE object_id = '1'")
    status, said = await run(kit_url, "verify-audit")
    assert (status, said.splitlines()[-1]) == (1, "BROKEN at 2")


async def test_an_export_can_be_checked_by_a_program_of_ones_own(database: Database, kit_url: str) -> None:
    """As the chain's form is written down, without any code of the mesh."""
    await write(database, 4)
    await seal_all(database)

    status, said = await run(kit_url, "export-audit")

    assert status == 0
    before = bytes(32)
    for number, line in enumerate(said.splitlines(), start=1):
        row = json.loads(line)
        fields = [1, number, row["id"], row["at"], row["actor"], row["action"], row["object_kind"]]
        fields += [row["object_id"], row["why"], row["subject"]]
        spelling = json.dumps(fields, ensure_ascii=False, separators=(",", ":")).encode()
        before = hashlib.sha256(before + spelling).digest()
        assert row["digest"] == before.hex()
    assert [
        json.loads(line)["position"] for line in (await run(kit_url, "export-audit", "2"))[1].splitlines()
    ] == [
        3,
        4,
    ]
