"""What an address and a number may be, and how a waiting one comes into force."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from services.identity.contacts.rules import (
    CODE_LIFE,
    MOST_SENDS,
    SEND_AGAIN_AFTER,
    SENDS_FORGOTTEN_AFTER,
    BadEmail,
    BadMobile,
    CodeExpired,
    Contact,
    Email,
    Kind,
    Mobile,
    Proof,
    Sends,
    WrongCode,
)
from services.kit.ids import new_id

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
SECRET, OTHER = b"digest of the code", b"digest of another"


def waiting(attempts: int = 5) -> Contact:
    """A mobile to which a code went."""
    contact = Contact(Kind.MOBILE).changed_to(Mobile("+79161234567"), until=NOW + CODE_LIFE)
    return contact.sent(Proof(SECRET, NOW + CODE_LIFE, attempts, new_id()), NOW, until=NOW + CODE_LIFE)


@pytest.mark.parametrize(
    ("typed", "known"),
    [
        ("reader@post.example.com", "reader@post.example.com"),
        ("  Reader@POST.example.com ", "Reader@post.example.com"),
        ("reader+school@post.example.com", "reader+school@post.example.com"),
        ("reader@почта.рф", "reader@почта.рф"),
    ],
)
def test_an_address_is_normal_where_that_changes_nobody(typed: str, known: str) -> None:
    assert Email.parse(typed).text == known


def test_capital_letters_make_no_other_address() -> None:
    assert Email.parse("Reader@post.example.com").folded == Email.parse("reader@post.example.com").folded


def test_mail_goes_to_a_russian_domain_by_its_ascii_form() -> None:
    assert Email.parse("reader@почта.рф").to == "reader@xn--80a1acny.xn--p1ai"


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "reader",
        "@post.example.com",
        "reader@",
        "reader@localhost",
        "reader@post.local",
        "reader@[192.0.2.1]",
        "reader@post.example.com\nBcc: all@post.example.com",
        "re ader@post.example.com",
        "читатель@post.example.com",
        "r" * 65 + "@post.example.com",
        "a@" + "b" * 4000 + ".com",
        "reader@post.example.com\x00",
    ],
)
def test_what_cannot_be_an_address_is_none(typed: str) -> None:
    with pytest.raises(BadEmail):
        Email.parse(typed)


@pytest.mark.parametrize(
    "typed",
    [
        "+7 916 123-45-67",
        "8 (916) 123 45 67",
        "9161234567",
        "79161234567",
        " +79161234567 ",
        "８９１６１２３４５６７",
    ],
)
def test_a_mobile_in_any_spelling_is_one_number(typed: str) -> None:
    assert Mobile.parse(typed).text == "+79161234567"


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "telephone",
        "+7 495 123-45-67",
        "8 800 555-35-35",
        "+7 701 234-56-78",
        "+380 50 123-45-67",
        "+7 916 123-45-6",
        "+7 916 123-45-678",
        "+7 916 123-45-67 доб. 2",
        "9" * 4000,
    ],
)
def test_what_is_no_russian_mobile_is_refused(typed: str) -> None:
    with pytest.raises(BadMobile):
        Mobile.parse(typed)


def test_printed_values_hide_what_they_are() -> None:
    """A33."""
    contact = waiting()
    for text in (f"{contact!r}", f"{contact}", f"{Email.parse('reader@post.example.com')}"):
        assert "9161234567" not in text
        assert "reader" not in text
        assert "digest" not in text


def test_the_right_code_puts_the_value_in_force() -> None:
    contact, refused = waiting().tried([OTHER, SECRET], NOW)

    assert refused is None
    assert (contact.value, contact.confirmed_at, contact.change) == (Mobile("+79161234567"), NOW, None)


def test_a_used_code_confirms_nothing_more() -> None:
    used, _ = waiting().tried([SECRET], NOW)

    again, refused = used.tried([SECRET], NOW)

    assert again == used
    assert isinstance(refused, CodeExpired)


def test_a_wrong_code_costs_an_attempt() -> None:
    contact, refused = waiting(attempts=2).tried([OTHER], NOW)
    assert isinstance(refused, WrongCode)
    assert refused.metadata == {"attempts_left": "1"}

    contact, refused = contact.tried([OTHER], NOW)
    assert refused is not None
    assert refused.metadata == {"attempts_left": "0"}

    _, refused = contact.tried([SECRET], NOW)
    assert isinstance(refused, CodeExpired)


def test_a_code_past_its_time_confirms_nothing() -> None:
    _, refused = waiting().tried([SECRET], NOW + CODE_LIFE)

    assert isinstance(refused, CodeExpired)


def test_another_value_makes_the_code_of_the_former_one_worthless() -> None:
    """A25."""
    contact = waiting().changed_to(Mobile("+79167654321"), until=NOW + CODE_LIFE)

    _, refused = contact.tried([SECRET], NOW)

    assert isinstance(refused, CodeExpired)


def test_a_change_leaves_the_value_in_force_until_it_is_confirmed() -> None:
    contact, _ = waiting().tried([SECRET], NOW)

    changed = contact.changed_to(Mobile("+79167654321"), until=NOW + CODE_LIFE)

    assert changed.value == Mobile("+79161234567")
    assert changed.cancelled() == replace(changed, change=None)


def test_the_same_value_hears_again_after_a_minute_and_another_one_at_once() -> None:
    sends = Sends().and_now(NOW)

    assert sends.wait(NOW + timedelta(seconds=20), same_value=True) == timedelta(seconds=40)
    assert sends.wait(NOW + SEND_AGAIN_AFTER, same_value=True) is None
    assert sends.wait(NOW, same_value=False) is None


def test_nobody_hears_more_than_ten_times_a_day() -> None:
    sends = Sends()
    for number in range(MOST_SENDS):
        assert sends.wait(NOW + number * SEND_AGAIN_AFTER, same_value=True) is None
        sends = sends.and_now(NOW + number * SEND_AGAIN_AFTER)

    later = NOW + timedelta(hours=1)
    assert sends.wait(later, same_value=False) == SENDS_FORGOTTEN_AFTER - timedelta(hours=1)
    assert sends.wait(NOW + SENDS_FORGOTTEN_AFTER, same_value=True) is None
    assert sends.and_now(NOW + SENDS_FORGOTTEN_AFTER).count == 1
