"""The servers that every test of this tree stands on."""

from __future__ import annotations

import asyncio

import asyncpg
import nats as nats_client
import pytest

from deploy.local import lock, ports
from deploy.local.backbone import Backbone, backbone
from tests.conftest import DatabaseUrl
from tests.support.backbone import OwnNats, folder

_DRIVER = "postgresql+asyncpg://"


def _plain(url: str) -> str:
    return url.replace(_DRIVER, "postgresql://")


async def test_every_database_is_fresh(database_url: DatabaseUrl) -> None:
    """What one database was given, the next of the same name does not have."""
    first, second = await database_url("empty"), await database_url("empty")
    connection = await asyncpg.connect(_plain(first))
    await connection.execute("CREATE TABLE trace ()")
    await connection.close()

    other = await asyncpg.connect(_plain(second))
    assert await other.fetchval("SELECT to_regclass('trace')") is None
    await other.close()


async def test_a_template_is_prepared_once(database_url: DatabaseUrl) -> None:
    prepared: list[str] = []

    async def prepare(url: str) -> None:
        prepared.append(url)
        connection = await asyncpg.connect(_plain(url))
        await connection.execute("CREATE TABLE trace AS SELECT 7 AS seven")
        await connection.close()

    urls = await asyncio.gather(*(database_url("prepared", prepare) for _ in range(3)))

    assert len(prepared) == 1
    for url in urls:
        connection = await asyncpg.connect(_plain(url))
        assert await connection.fetchval("SELECT seven FROM trace") == 7
        await connection.close()


async def test_a_service_cannot_enter_the_database_of_another(backbone: Backbone) -> None:
    url = backbone.postgres.url("identity", role="diary", driver="postgresql")

    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await asyncpg.connect(url)


async def test_a_role_needs_its_password(backbone: Backbone) -> None:
    with pytest.raises(asyncpg.InvalidPasswordError):
        await asyncpg.connect(
            host=str(backbone.postgres.sockets), user="diary", password="guess", database="diary"
        )


async def test_a_wiped_nats_has_forgotten_everything_and_kept_its_address(nats: OwnNats) -> None:
    client = await nats_client.connect(nats.url())
    await client.jetstream().add_stream(name="DIARY", subjects=["school.diary.v1.>"])
    await client.close()

    await nats.wipe()

    client = await nats_client.connect(nats.url())
    assert (await client.jetstream().account_info()).streams == 0
    await client.close()


async def test_the_folder_may_have_any_name() -> None:
    async with folder() as parent:
        parent.chmod(0o711)  # else PostgreSQL's user lodges elsewhere
        state = parent / "Мой «дневник» 7"
        state.mkdir()
        async with (
            lock.hold(state) as descriptor,
            backbone(state, keep=(descriptor,), nats_port=ports.any_free(), durable=False) as running,
        ):
            connection = await asyncpg.connect(_plain(running.postgres.url("diary")))
            assert await connection.fetchval("SELECT 7") == 7
            await connection.close()
            client = await nats_client.connect(running.nats.url())
            assert (await client.jetstream().account_info()).streams == 0
            await client.close()
