"""The service as it outlives the broker."""

from __future__ import annotations

from tests.integration.notifications.town import Mark, Town, words
from tests.support.backbone import OwnNats


async def test_a_wiped_broker_loses_no_notice_and_repeats_none(town: Town, nats: OwnNats) -> None:
    """Relations and marks were published, some of them handled; then the broker forgets all of it."""
    pupil, [parent] = await town.family()
    mark = Mark(pupil)
    await town.set_mark(mark, "3")
    await town.settled()
    await nats.stop()
    await town.set_mark(mark, "4", previous="3", version=2)
    await nats.wipe()
    await town.set_mark(mark, "5", previous="4", version=3)
    await town.settled()

    told = [("CHANGED", "4", "5"), ("CHANGED", "3", "4"), ("SET", "", "3")]
    assert words((await town.inbox(parent)).notices) == told
    assert words((await town.inbox(pupil)).notices) == told


async def test_an_inbox_is_read_while_the_broker_is_away(town: Town, nats: OwnNats) -> None:
    pupil, [parent] = await town.family()
    await town.set_mark(Mark(pupil), "5")
    await town.settled()
    await nats.stop()

    assert words((await town.inbox(parent)).notices) == [("SET", "", "5")]
