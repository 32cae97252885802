"""Marks that teachers set while something breaks, and the book of what was promised to them."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass, field
from uuid import uuid4

import httpx2

from deploy.local.region import Region
from school.access.v1.policy_pb2 import Role
from tests.support.people import Cell, People
from tests.support.waiting import eventually

MARK = "5"
AT_ONCE = 6
# A teacher's app tries again for this long with the same key; I11 asks for 30 s after healing.
PATIENCE_S = 40


@dataclass(slots=True)
class Ledger:
    """Sets marks through the public door and remembers each one that was acknowledged."""

    region: Region
    people: People
    acknowledged: list[Cell] = field(default_factory=list)
    tries: int = 0

    @classmethod
    async def open(cls, region: Region, count: int) -> tuple[Ledger, list[Cell]]:
        """A new book, and cells nobody has filled, each of another pupil."""
        people = People(region)
        await people.all_arrived()
        cells = await people.empty_cells(count * 5)
        by_pupil = {cell.pupil_id: cell for cell in cells}
        chosen = list(by_pupil.values())[:count]
        assert len(chosen) == count
        return cls(region, people), chosen

    async def set_marks(self, cells: list[Cell]) -> None:
        """Set a mark in every cell, some at once; each is repeated with its key until acknowledged."""
        places = asyncio.Semaphore(AT_ONCE)

        async def one(cell: Cell) -> None:
            async with places:
                await self._set_mark(cell)

        async with asyncio.timeout(PATIENCE_S), asyncio.TaskGroup() as tasks:
            for cell in cells:
                tasks.create_task(one(cell))

    async def _set_mark(self, cell: Cell) -> None:
        headers = {"Authorization": f"Bearer {cell.teacher_token}", "Idempotency-Key": uuid4().hex}
        body = {"pupil_id": str(cell.pupil_id), "text": MARK}
        async with httpx2.AsyncClient(base_url=self.region.url, timeout=8, trust_env=False) as client:
            while True:
                self.tries += 1
                try:
                    answer = await client.post(
                        f"/v1/lessons/{cell.lesson_id}/marks", headers=headers, json=body
                    )
                except httpx2.TransportError:
                    continue  # refused or cut off: nothing was promised
                if answer.status_code == httpx2.codes.OK:
                    assert answer.json()["mark"]["version"] == "1", "the mark was set twice"
                    self.acknowledged.append(cell)
                    return
                # Whatever else comes is a typed refusal that says: try again.
                assert answer.status_code in {503, 504}, answer.text
                assert answer.headers["content-type"] == "application/problem+json"

    async def nothing_is_lost_and_nothing_twice(self) -> None:
        """Every acknowledged mark stands, and its guardian was told exactly once."""
        for cell in self.acknowledged:
            assert await self._mark_in_journal(cell) == (MARK, "1")
        await eventually(self._everybody_is_told, within=30)
        # Whoever is told twice is told so by now: the same events have all been handled.
        counts = [await self._times_told(cell) for cell in self.acknowledged]
        assert Counter(counts) == {1: len(self.acknowledged)}

    async def _everybody_is_told(self) -> bool:
        for cell in self.acknowledged:
            if await self._times_told(cell) == 0:
                return False
        return True

    async def _mark_in_journal(self, cell: Cell) -> tuple[str, str]:
        lesson = await self._read(f"/v1/lessons/{cell.lesson_id}", cell.teacher_token)
        row = next(row for row in lesson["rows"] if row["pupil_id"] == str(cell.pupil_id))
        return row["mark"], row["mark_version"]

    async def _times_told(self, cell: Cell) -> int:
        token = self.people.token(cell.guardian_id, Role.ROLE_GUARDIAN)
        inbox = await self._read("/v1/me/notices?page_size=200", token)
        wanted = (str(cell.pupil_id), cell.subject_title, cell.lesson_date.isoformat(), MARK)
        told = [
            (notice["pupil_id"], notice["subject_title"], notice["lesson_date"], notice["mark"])
            for notice in inbox["notices"]
        ]
        return told.count(wanted)

    async def _read(self, path: str, token: str) -> dict[str, list[dict[str, str]]]:
        headers = {"Authorization": f"Bearer {token}"}
        async with httpx2.AsyncClient(base_url=self.region.url, timeout=8, trust_env=False) as client:
            answer = await client.get(path, headers=headers)
            assert answer.status_code == httpx2.codes.OK, answer.text
            body: dict[str, list[dict[str, str]]] = answer.json()
            return body
