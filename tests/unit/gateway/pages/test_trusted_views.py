"""What families and the trusted read on their pages."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from school.access.v1.scope_pb2 import SCOPE_ATTENDANCE, SCOPE_HOMEWORK, SCOPE_MARKS, Scope
from school.diary.v1.schools_pb2 import PupilInClass
from school.diary.v1.views_pb2 import View
from school.diary.v1.week_pb2 import DayInWeek, GetWeekResponse, PupilInWeek, TrustedWith
from school.identity.v1.delegations_pb2 import (
    DELEGATION_STATE_HOLDS,
    DELEGATION_STATE_INVITED,
    DELEGATION_STATE_WITHDRAWN,
    Delegation,
    DelegationState,
    ListDelegationsResponse,
    Trust,
)
from services.gateway.pages.cabinet.view import children_view
from services.gateway.pages.trusted.view import (
    SCOPES,
    STATES,
    family_view,
    invite_form,
    look_views,
    scope_keys,
    scopes_of,
    trust_view,
)
from services.gateway.pages.week.view import week_view

MOSCOW = ZoneInfo("Europe/Moscow")
TODAY = date(2025, 11, 17)
TRUST = TrustedWith(scopes=[SCOPE_MARKS], until="2026-05-31")


def delegation(state: DelegationState.ValueType, **facts: object) -> Delegation:
    known: dict[str, object] = {
        "delegation_id": "d",
        "scopes": [SCOPE_MARKS],
        "valid_until": "2026-05-31",
        "grantor_name": "Королёва Алёна",
    }
    one = Delegation(state=state, **{**known, **facts})  # type: ignore[arg-type]
    one.answer_by.FromDatetime(datetime(2025, 11, 24, 21, 30, tzinfo=UTC))
    return one


def test_open_ones_stand_apart_from_those_that_are_over() -> None:
    reply = ListDelegationsResponse(
        pupil_name="Королёв Пётр",
        delegations=[
            delegation(DELEGATION_STATE_INVITED, invitee="a@example.ru"),
            delegation(DELEGATION_STATE_HOLDS, trusted_name="Ёлкина Вера"),
            delegation(DELEGATION_STATE_WITHDRAWN, trusted_name="Ёлкина Вера"),
            delegation(DELEGATION_STATE_INVITED),
        ],
    )

    view = family_view("p", reply, MOSCOW)

    assert [(one.name, one.accepted) for one in view.open] == [
        ("a@example.ru", False),
        ("Ёлкина Вера", True),
        ("", False),
    ]
    assert [one.state for one in view.over] == ["trusted.state.withdrawn"]
    # In the reader's zone, and only while it can be answered.
    assert [one.answer_by and one.answer_by.day for one in view.open] == [25, None, 25]


def test_every_state_has_a_name() -> None:
    assert set(STATES) == set(DelegationState.values()) - {0}


@pytest.mark.parametrize(("latest", "until"), [("2026-11-17", "2026-05-16"), ("2025-12-01", "2025-12-01")])
def test_what_is_offered_first_lies_within_what_may_be_granted(latest: str, until: str) -> None:
    form = invite_form("p", ListDelegationsResponse(latest_until=latest), TODAY)

    assert form.until == until
    assert [offer.name for offer in form.offers if offer.ticked] == ["marks", "homework"]


def test_boxes_become_scopes_and_words_that_are_none_are_passed_over() -> None:
    assert scopes_of(["homework", "everything", ""]) == [SCOPE_HOMEWORK]


def test_only_what_there_is_to_see_is_offered() -> None:
    """The diary keeps no attendance: granting it would open nothing."""
    form = invite_form("p", ListDelegationsResponse(latest_until="2026-11-17"), TODAY)

    assert [offer.name for offer in form.offers] == ["marks", "homework"]
    assert scopes_of(["marks", "homework", "attendance"]) == [SCOPE_MARKS, SCOPE_HOMEWORK]


def test_every_scope_that_was_granted_is_named() -> None:
    assert set(SCOPES) == set(Scope.values()) - {0}
    assert scope_keys([SCOPE_ATTENDANCE]) == ("trusted.scope.attendance",)


def test_a_scope_of_a_newer_contract_is_not_named() -> None:
    assert scope_keys([SCOPE_MARKS, 99]) == ("trusted.scope.marks",)  # type: ignore[list-item]


def test_an_invitation_says_until_when_it_waits_and_what_holds_does_not() -> None:
    waiting = Trust(pupil_name="Пётр К.", valid_until="2026-05-31")
    waiting.answer_by.FromDatetime(datetime(2025, 11, 24, tzinfo=UTC))

    assert trust_view(waiting, MOSCOW).answer_by is not None
    assert trust_view(Trust(valid_until="2026-05-31"), MOSCOW).answer_by is None


def test_who_looked_is_called_as_the_family_knows_them() -> None:
    views = [View(viewer_id=who, first_day="2025-11-17", last_day="2025-11-22") for who in ("g", "x")]
    trusted = [delegation(DELEGATION_STATE_HOLDS, trusted_id="g", trusted_name="Ёлкина Вера")]

    assert [one.viewer for one in look_views(views, trusted, MOSCOW)] == ["Ёлкина Вера", ""]


def test_a_child_of_another_family_stands_apart_in_the_cabinet() -> None:
    own = PupilInClass(pupil_id="own", display_name="Соколова Мария")
    trusted = PupilInClass(pupil_id="other", display_name="Королёв Пётр", trusted_with=TRUST)

    children = children_view("me", [own, trusted], [], {}, datetime(2025, 11, 17, 9, tzinfo=UTC))

    assert [card.pupil_id for card in children.others] == ["own"]
    [card] = children.trusted
    assert (card.trusted_until, card.scopes) == (date(2026, 5, 31), ("trusted.scope.marks",))


@pytest.mark.parametrize(
    ("scopes", "words"),
    [
        (None, "week.no_lessons"),
        ([SCOPE_HOMEWORK], "week.no_lessons"),
        ([SCOPE_MARKS], "trusted.no_marks"),
        ([SCOPE_ATTENDANCE], "trusted.nothing"),
    ],
)
def test_an_empty_day_says_no_more_than_the_reader_may_know(
    scopes: list[Scope.ValueType] | None, words: str
) -> None:
    reply = GetWeekResponse(
        pupil=PupilInWeek(pupil_id="p"), days=[DayInWeek(date=f"2025-11-{day}") for day in range(17, 23)]
    )
    if scopes is not None:
        reply.trusted_with.CopyFrom(TrustedWith(scopes=scopes, until="2026-05-31"))

    assert week_view(reply, today=TODAY, pupils=[]).nothing_that_day == words
