"""What an operator sees of events that could not be applied: enough to mend it, nothing of any person."""

from __future__ import annotations

from collections.abc import MutableMapping, Sequence
from typing import Any

import pytest
from sqlalchemy import func, update
from sqlalchemy.ext.asyncio import AsyncConnection
from structlog.testing import capture_logs

from school.diary.v1.events_pb2 import HomeworkSet, MarkSet
from services.kit.dead_letters import commands, storage
from services.kit.dead_letters.watch import DeadLetterWatch
from services.kit.tables import dead_letters
from tests.integration.kit.dead_letters.conftest import CONSUMER, TRIED, Desk
from tests.support.canary import Canaries
from tests.support.waiting import eventually


async def test_where_nothing_is_dead_it_says_none(desk: Desk) -> None:
    assert await desk.shows() == (0, ["none"])
    assert await desk.shows("--discarded") == (0, ["none"])


async def test_a_letter_is_shown_with_what_helps_to_mend_it(desk: Desk) -> None:
    event = await desk.bury()
    async with desk.database.transaction() as tx:
        await tx.execute(
            update(dead_letters).values(died_at=func.make_timestamptz(2026, 1, 2, 3, 4, 5, "UTC"))
        )

    assert await desk.shows() == (
        1,
        [
            "open 1, discarded none",
            "  school.diary.v1.MarkSet  open 1, discarded 0",
            f"2026-01-02T03:04:05Z  school.diary.v1.MarkSet  {event}  {CONSUMER}  tried {TRIED}  NOT_YET",
        ],
    )


async def test_nothing_of_what_an_event_says_is_shown(desk: Desk) -> None:
    """A33: neither its payload nor the text of an error that quotes it."""
    canaries = Canaries()
    for word in ("canary-pupil", "canary-subject", "canary-error"):
        canaries.plant("word of a payload", word)
    bad = MarkSet(text="2", pupil_id="canary-pupil", subject_title="canary-subject")
    event = await desk.bury(bad, error=ValueError("canary-error"))

    async def quote(*_: object) -> None:
        raise ValueError("canary-error")

    pages = [await desk.shows(), await desk.redrive("--all", handlers={MarkSet: quote})]
    pages += [(0, await desk.discard(event)), await desk.shows("--discarded")]

    for _, lines in pages:
        assert lines
        canaries.look("the console", "\n".join(lines))
    assert not canaries.findings


async def test_letters_are_counted_by_the_kind_of_their_event(desk: Desk) -> None:
    for _ in range(3):
        await desk.bury()
    await desk.discard(await desk.bury(HomeworkSet()))

    _, lines = await desk.shows("--limit", "1")

    assert lines[:3] == [
        "open 3, discarded 1",
        "  school.diary.v1.HomeworkSet  open 0, discarded 1",
        "  school.diary.v1.MarkSet  open 3, discarded 0",
    ]


async def test_letters_are_paged_through_without_gap_or_repetition(desk: Desk) -> None:
    """Also where two consumers have given up the same event."""
    events = [await desk.bury() for _ in range(3)]
    await desk.bury(event_id=events[1], consumer="listener-other")
    seen: list[tuple[str, str]] = []
    more: list[str] = []
    while True:
        _, lines = await desk.shows("--limit", "1", *more)
        seen += [(line.split()[2], line.split()[3]) for line in lines if line.startswith("2")]
        if not lines[-1].startswith("more: "):
            break
        more = lines[-1].split()[1:]

    first, both, last = map(str, events)
    assert seen == [(first, CONSUMER), (both, CONSUMER), (both, "listener-other"), (last, CONSUMER)]


@pytest.mark.parametrize("name", ["HomeworkSet", "school.diary.v1.HomeworkSet"])
async def test_one_kind_of_event_is_shown_alone(desk: Desk, name: str) -> None:
    await desk.bury()
    event = await desk.bury(HomeworkSet())

    _, lines = await desk.shows("--name", name)

    assert [line.split()[2] for line in lines if line.startswith("2")] == [str(event)]


@pytest.mark.parametrize(
    "typed",
    [
        ["--limit", "0"],
        ["--limit", "1001"],
        ["--after", "yesterday"],
        ["--name", "MarkSet", "redrive", "--all"],
        ["redrive"],
        ["redrive", "--all", "--name", "MarkSet"],
        ["redrive", "--event", "x"],
        ["discard", "--event", "018f2c5e-0000-7000-8000-000000000000", "--by", "me"],
        ["discard", "--event", "018f2c5e-0000-7000-8000-000000000000", "--by", "me", "--why", " "],
        ["bury"],
    ],
    ids=" ".join,
)
def test_what_is_not_understood_is_not_done(typed: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        commands.parse("diary", typed)

    assert ended.value.code == 2
    assert "usage: python -m services.diary dead-letters" in capsys.readouterr().err


async def test_a_service_that_holds_open_letters_says_so_from_time_to_time(desk: Desk) -> None:
    await desk.bury()
    await desk.bury()
    await desk.discard(await desk.bury())
    with capture_logs() as lines:

        async def it_was_said_twice() -> bool:
            return len(_of_letters(lines)) >= 2

        async with DeadLetterWatch(desk.database, every=0.01):
            await eventually(it_was_said_twice)
    said = {(line["event"], line["log_level"], line.get("count")) for line in _of_letters(lines)}
    assert said == {("dead_letters_open", "warning", 2)}


async def test_a_service_without_open_letters_says_nothing(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    await desk.discard(await desk.bury())
    looked = 0
    real = storage.how_many_open

    async def counted(connection: AsyncConnection) -> int:
        nonlocal looked
        looked += 1
        return await real(connection)

    async def it_has_looked() -> bool:
        return looked >= 2

    monkeypatch.setattr(storage, "how_many_open", counted)
    with capture_logs() as lines:
        async with DeadLetterWatch(desk.database, every=0.01):
            await eventually(it_has_looked)
    assert not _of_letters(lines)


def _of_letters(lines: Sequence[MutableMapping[str, Any]]) -> list[MutableMapping[str, Any]]:
    """Without what other tests keep running says meanwhile."""
    return [line for line in lines if line.get("component") == "dead_letters"]
