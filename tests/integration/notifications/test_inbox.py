"""A family is told of a mark: each person once, and what they see last is what happened last."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import grpc
import pytest
from sqlalchemy import select

from school.notifications.v1.events_pb2 import NoticePosted
from school.notifications.v1.inbox_pb2 import NOTICE_KIND_MARK_SET
from services.kit.rpc.status import refusal
from services.kit.tables import dead_letters, outbox
from tests.integration.notifications.conftest import NOW
from tests.integration.notifications.town import Mark, Town, words


async def _sent(town: Town) -> list[NoticePosted]:
    """What was sent out, in order."""
    async with town.notifications.database.read() as connection:
        payloads = await connection.scalars(select(outbox.c.payload).order_by(outbox.c.id))
        return [NoticePosted.FromString(payload) for payload in payloads]


async def test_the_pupil_and_every_guardian_are_told(town: Town) -> None:
    pupil, parents = await town.family("Королёва-Щукина Алёна", guardians=2)
    await town.set_mark(Mark(pupil, subject="Геометрия"), "4+")
    await town.settled()

    for person in (pupil, *parents):
        reply = await town.inbox(person)
        [notice] = reply.notices
        assert reply.unread_count == 1
        assert (notice.kind, notice.mark, notice.previous_mark) == (NOTICE_KIND_MARK_SET, "4+", "")
        assert (notice.pupil_id, notice.pupil_name) == (str(pupil), "Королёва-Щукина Алёна")
        assert (notice.subject_title, notice.lesson_date) == ("Геометрия", "2025-10-15")
        assert notice.posted_at.ToDatetime() == NOW.replace(tzinfo=None)
        assert not notice.HasField("read_at")


async def test_nobody_else_is_told(town: Town) -> None:
    pupil, _ = await town.family()
    classmate, strangers = await town.family("Другой Пупил")
    await town.set_mark(Mark(pupil), "2")
    await town.settled()

    for person in (classmate, *strangers, uuid4()):
        assert not (await town.inbox(person)).notices


async def test_each_change_of_a_mark_is_told(town: Town) -> None:
    pupil, [parent] = await town.family()
    mark = Mark(pupil)
    await town.set_mark(mark, "3")
    await town.set_mark(mark, "4", previous="3", version=2)
    await town.remove_mark(mark, previous="4", version=3)
    await town.settled()

    told = [("REMOVED", "4", ""), ("CHANGED", "3", "4"), ("SET", "", "3")]
    assert words((await town.inbox(parent)).notices) == told
    assert words((await town.inbox(pupil)).notices) == told


async def test_what_is_posted_is_sent_out_once(town: Town) -> None:
    pupil, [parent] = await town.family()
    await town.set_mark(Mark(pupil), "5")
    await town.settled()

    [notice] = (await town.inbox(parent)).notices
    sent = {event.recipient_id: event.notice for event in await _sent(town)}
    assert sent.keys() == {str(pupil), str(parent)}
    assert sent[str(parent)] == notice


async def test_the_same_fact_in_another_event_is_told_once(town: Town) -> None:
    """The diary states its facts again, with other event ids: the inbox of events cannot know them."""
    pupil, [parent] = await town.family()
    mark = Mark(pupil)
    for _ in range(3):
        await town.set_mark(mark, "5")
    await town.settled()

    assert len((await town.inbox(parent)).notices) == 1
    assert len(await _sent(town)) == 2


async def test_an_older_version_that_comes_late_does_not_stand_on_top(town: Town) -> None:
    """It is told, in its place, and not sent out any more."""
    pupil, [parent] = await town.family()
    mark = Mark(pupil)
    await town.set_mark(mark, "5", previous="2", version=2)
    await town.settled()
    await town.set_mark(mark, "2", at=town.clock.now() - timedelta(seconds=30))
    await town.settled()

    assert words((await town.inbox(parent)).notices) == [("CHANGED", "2", "5"), ("SET", "", "2")]
    assert words(event.notice for event in await _sent(town)) == [("CHANGED", "2", "5")] * 2


async def test_a_mark_whose_pupil_has_no_name_yet_shows_it_later(town: Town) -> None:
    pupil = uuid4()
    await town.set_mark(Mark(pupil), "5")
    await town.settled()
    assert [notice.pupil_name for notice in (await town.inbox(pupil)).notices] == [""]

    await town.person("Иванов Пётр", person_id=pupil)
    await town.settled()
    assert [notice.pupil_name for notice in (await town.inbox(pupil)).notices] == ["Иванов Пётр"]


async def test_an_event_that_cannot_be_read_is_put_aside(town: Town) -> None:
    pupil, [parent] = await town.family()
    await town.set_mark(Mark(pupil, day="tomorrow"), "5")
    await town.set_mark(Mark(pupil), "5")
    for consumer in town.notifications.consumers:
        consumer._attempts = 1
    await town.settled()

    assert len((await town.inbox(parent)).notices) == 1
    async with town.notifications.database.read() as connection:
        assert list(await connection.scalars(select(dead_letters.c.reason))) == ["BAD_DATE"]


async def test_an_inbox_is_paged_through_without_gap_or_repetition(town: Town) -> None:
    pupil, _ = await town.family(guardians=0)
    for number in range(7):
        await town.set_mark(Mark(pupil, subject=f"{number}"), "5")
    await town.settled()

    pages, token = [], ""
    for _ in range(3):
        reply = await town.inbox(pupil, page_size=3, page_token=token)
        pages.append([notice.subject_title for notice in reply.notices])
        token = reply.next_page_token
        assert reply.unread_count == 7
    assert pages == [["6", "5", "4"], ["3", "2", "1"], ["0"]]
    assert token == ""


async def test_what_was_missed_is_what_came_after_the_last_one_seen(town: Town) -> None:
    pupil, _ = await town.family(guardians=0)
    await town.set_mark(Mark(pupil), "3")
    await town.settled()
    [seen] = (await town.inbox(pupil)).notices
    await town.set_mark(Mark(pupil), "4")
    await town.set_mark(Mark(pupil), "5")
    await town.settled()

    missed = await town.inbox(pupil, after_notice_id=seen.notice_id, page_size=1)
    assert words(missed.notices) == [("SET", "", "5")]
    rest = await town.inbox(pupil, after_notice_id=seen.notice_id, page_token=missed.next_page_token)
    assert words(rest.notices) == [("SET", "", "4")]
    assert rest.next_page_token == ""


async def test_reading_up_to_a_notice_leaves_the_newer_ones_unread(town: Town) -> None:
    pupil, [parent] = await town.family()
    for text in ("3", "4", "5"):
        await town.set_mark(Mark(pupil), text)
    await town.settled()
    second = (await town.inbox(parent)).notices[1]

    assert await town.read(parent, second.notice_id) == 1
    assert await town.read(parent, second.notice_id) == 1
    after = await town.inbox(parent)
    assert [notice.HasField("read_at") for notice in after.notices] == [False, True, True]
    assert (await town.inbox(pupil)).unread_count == 3


async def test_nobody_reads_for_another(town: Town) -> None:
    """A34: ids of others' notices change nothing and tell nothing."""
    pupil, [parent] = await town.family()
    await town.set_mark(Mark(pupil), "5")
    await town.settled()
    [theirs] = (await town.inbox(parent)).notices
    stranger = uuid4()

    assert await town.read(stranger, theirs.notice_id) == 0
    assert (await town.inbox(parent)).unread_count == 1
    assert not (await town.inbox(stranger, page_token="")).notices


@pytest.mark.parametrize(
    ("wish", "reason"),
    [
        ({"page_token": "nonsense"}, "BAD_PAGE_TOKEN"),
        ({"page_token": "ы"}, "BAD_PAGE_TOKEN"),
        ({"after_notice_id": "17"}, "BAD_ID"),
    ],
)
async def test_a_wish_that_makes_no_sense_is_refused(town: Town, wish: dict[str, str], reason: str) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await town.inbox(uuid4(), **wish)
    assert refused.value.code() == grpc.StatusCode.INVALID_ARGUMENT
    assert refusal(refused.value).reason == reason


async def test_whose_account_is_erased_has_an_empty_inbox_and_the_family_keeps_theirs(town: Town) -> None:
    """152-ФЗ, article 21: told once more by a lost broker, it is as before."""
    pupil, [mother, father] = await town.family(guardians=2)
    await town.set_mark(Mark(pupil), "5")
    await town.settled()
    assert len((await town.inbox(mother)).notices) == 1

    for _ in range(2):
        await town.erase(mother)
        await town.settled()

    assert not (await town.inbox(mother)).notices
    assert len((await town.inbox(father)).notices) == 1
