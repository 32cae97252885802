"""Ended sessions are remembered as long as their tokens could be good, and no longer than memory allows."""

from __future__ import annotations

from pathlib import Path
from uuid import UUID, uuid4

import pytest

from services.kit.errors import SessionEnded, TokenExpired
from services.kit.revocation import LONGEST_ACCESS, EndedSessions
from tests.support.clock import MovableClock
from tests.support.keys import Keys, make_keys


@pytest.fixture
def clock() -> MovableClock:
    return MovableClock()


@pytest.fixture
def keys(tmp_path: Path) -> Keys:
    return make_keys(tmp_path)


def issued(keys: Keys, clock: MovableClock, session: UUID) -> str:
    token, _ = keys.issuer(clock=clock).issue(
        person_id=uuid4(), account_id=uuid4(), session_id=session, roles=frozenset()
    )
    return token


def test_a_token_of_an_ended_session_is_refused_also_when_it_was_good_before(
    keys: Keys, clock: MovableClock
) -> None:
    ended = EndedSessions(clock)
    verifier = keys.verifier(clock=clock, ended=ended)
    session = uuid4()
    token = issued(keys, clock, session)
    verifier.verify(token)

    ended.add(session, clock.now(), replaced=False)

    with pytest.raises(SessionEnded) as refused:
        verifier.verify(token)
    assert refused.value.metadata == {}
    with pytest.raises(SessionEnded):
        keys.verifier(clock=clock, ended=ended).verify(token)


def test_a_replaced_session_says_so(keys: Keys, clock: MovableClock) -> None:
    """Who shares the browser has newer tokens by now, which nobody should take away."""
    ended = EndedSessions(clock)
    session = uuid4()
    ended.add(session, clock.now(), replaced=True)

    with pytest.raises(SessionEnded) as refused:
        keys.verifier(clock=clock, ended=ended).verify(issued(keys, clock, session))

    assert refused.value.metadata == {"replaced": "true"}


def test_other_sessions_go_on(keys: Keys, clock: MovableClock) -> None:
    ended = EndedSessions(clock)
    ended.add(uuid4(), clock.now(), replaced=False)

    other = uuid4()

    assert (
        keys.verifier(clock=clock, ended=ended).verify(issued(keys, clock, other)).caller.session_id == other
    )


def test_an_end_is_forgotten_when_no_token_could_be_good_any_more(clock: MovableClock) -> None:
    ended = EndedSessions(clock)
    session = uuid4()
    ended.add(session, clock.now(), replaced=False)

    clock.move(seconds=LONGEST_ACCESS.total_seconds())
    ended.add(uuid4(), clock.now(), replaced=False)
    assert session in ended
    clock.move(minutes=2)
    ended.add(uuid4(), clock.now(), replaced=False)

    assert session not in ended
    assert len(ended) == 2


def test_what_ended_long_ago_is_not_even_remembered(clock: MovableClock) -> None:
    """A broker that was wiped is told a week of ends again."""
    ended = EndedSessions(clock)
    long_ago = clock.now()
    clock.move(hours=1)

    ended.add(uuid4(), long_ago, replaced=False)

    assert len(ended) == 0


def test_listeners_hear_of_each_end_once(clock: MovableClock) -> None:
    ended, heard, session = EndedSessions(clock), list[UUID](), uuid4()
    ended.on_end(heard.append)

    for _ in range(2):
        ended.add(session, clock.now(), replaced=False)

    assert heard == [session]


def test_a_flood_of_ends_takes_bounded_memory_and_opens_nothing(keys: Keys, clock: MovableClock) -> None:
    """What is forgotten too early must be refreshed, which an ended session cannot be."""
    ended = EndedSessions(clock, most=10)
    verifier = keys.verifier(clock=clock, ended=ended)
    first = uuid4()
    tokens = {session: issued(keys, clock, session) for session in (first, uuid4())}
    ended.add(first, clock.now(), replaced=False)
    clock.move(seconds=2)
    for _ in range(30):
        ended.add(uuid4(), clock.now(), replaced=False)

    assert len(ended) <= 10
    assert first not in ended
    for token in tokens.values():
        with pytest.raises(TokenExpired):
            verifier.verify(token)
    clock.move(seconds=2)
    verifier.verify(issued(keys, clock, uuid4()))
