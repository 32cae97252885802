"""What becomes of persons at ESIA over the years can be played at the stand, and is read by the client."""

from __future__ import annotations

from pathlib import Path

import httpx2

from tests.support.esia import FATHER, MOTHER, Bench, bench


async def _change(esia: Bench, whose: int, /, **changes: object) -> httpx2.Response:
    async with httpx2.AsyncClient(trust_env=False) as http:
        return await http.patch(f"{esia.running.url}/stand/people/{whose}", json=changes)


async def test_a_person_marries_gets_a_snils_and_leaves(tmp_path: Path) -> None:
    async with bench(tmp_path) as esia:
        assert (await esia.profile(FATHER)).snils is None

        answer = await _change(
            esia, FATHER.oid, surname="Иванов", snils="00000060077", level="standard", status="DELETED"
        )

        assert answer.status_code == 200
        profile = await esia.profile(FATHER)
        assert (profile.surname, profile.snils, profile.status) == ("Иванов", "00000060077", "DELETED")


async def test_a_merged_account_has_another_oid(tmp_path: Path) -> None:
    async with bench(tmp_path) as esia:
        await _change(esia, MOTHER.oid, oid=MOTHER.oid + 700)

        assert (await esia.profile(MOTHER)).oid == MOTHER.oid + 700


async def test_what_nobody_can_be_is_refused(tmp_path: Path) -> None:
    async with bench(tmp_path) as esia:
        assert (await _change(esia, 1, surname="Иванов")).status_code == 404
        assert (await _change(esia, MOTHER.oid, level="certain")).status_code == 400
        assert (await _change(esia, MOTHER.oid, unknown="x")).status_code == 400
        assert (await _change(esia, MOTHER.oid, oid=FATHER.oid)).status_code == 400
        assert (await esia.profile(MOTHER)).surname == MOTHER.surname
