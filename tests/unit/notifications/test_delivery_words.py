"""Every message has its words, in each language and for each channel."""

from __future__ import annotations

import string
from collections.abc import Mapping
from zoneinfo import ZoneInfo

import pytest

from school.identity.v1.events_pb2 import MessageKind
from services.identity.telling.usecases import NEEDED
from services.kit.ids import new_id
from services.notifications.delivery.messages import kind_name
from services.notifications.delivery.rules import Message, NotSent
from services.notifications.delivery.words import LANGUAGES, Letter, Words, read_catalogue

WORDS = Words(ZoneInfo("Europe/Moscow"))
KINDS = [kind for kind in MessageKind.values() if kind != MessageKind.MESSAGE_KIND_UNSPECIFIED]
LINK = "https://77.diary.test/confirm?token=iZ3gQJ0nT2mVt1cR9kY4yA&x=1"
VALUES = {
    "link": LINK,
    "code": "482917",
    "what": "enrolled",
    "device": "Firefox, Windows <10>",
    "at": "2025-10-15T09:05:00Z",
    "field": "birth_date",
    "reason": "В паспорте & в свидетельстве разные даты",
    "tracking_code": "7KQ2-M9XF-3HTR",
    "due": "2025-10-25",
    "school": "Школа № 1",
    "child": "Маша",
}
every_kind = pytest.mark.parametrize("kind", KINDS, ids=kind_name)
every_language = pytest.mark.parametrize("language", LANGUAGES)


def _message(
    kind: MessageKind.ValueType, language: str = "ru", values: Mapping[str, str] | None = None
) -> Message:
    if values is None:
        values = {name: VALUES[name] for name in NEEDED.get(kind, frozenset())}
        if kind == MessageKind.MESSAGE_KIND_CONTACT_CHANGING:
            values["what"] = "mobile"
    return Message(new_id(), kind_name(kind), language, "x@example.ru", values)


def _letter(kind: MessageKind.ValueType, language: str = "ru", **values: str) -> Letter:
    return WORDS.letter(_message(kind, language, values or None))


@every_language
@every_kind
def test_a_kind_has_a_letter_that_shows_its_values(kind: MessageKind.ValueType, language: str) -> None:
    letter = _letter(kind, language)
    assert letter.subject
    assert letter.language == language
    assert "%(" not in letter.subject + letter.text + letter.html
    shown = {"child", "code", "device", "reason", "tracking_code", "school", "link"}
    for name in NEEDED.get(kind, frozenset()) & shown:
        assert VALUES[name] in letter.text


@every_language
@every_kind
def test_a_kind_has_a_short_message(kind: MessageKind.ValueType, language: str) -> None:
    text = WORDS.sms(_message(kind, language))
    assert text
    assert "\n" not in text
    needed = NEEDED.get(kind, frozenset())
    secret = needed & {"code", "tracking_code"} or needed & {"link"}
    for name in secret:
        assert VALUES[name] in text


@every_kind
def test_a_short_message_in_russian_is_one_part(kind: MessageKind.ValueType) -> None:
    """70 characters of UCS-2 are one part, and are paid once; a link may make it longer."""
    text = WORDS.sms(_message(kind)).replace(LINK, "")
    assert len(text) <= 70


@every_kind
def test_a_short_message_says_no_more_than_that_there_is_something(kind: MessageKind.ValueType) -> None:
    """Telephones lie about: free texts, schools and devices are for letters."""
    text = WORDS.sms(_message(kind))
    for name in ("reason", "school", "device"):
        assert VALUES[name] not in text


@every_kind
def test_a_subject_shows_no_value(kind: MessageKind.ValueType) -> None:
    """Subjects show on locked screens."""
    subject = _letter(kind).subject
    assert not [name for name in NEEDED.get(kind, frozenset()) if VALUES[name] in subject]


def test_the_catalogues_have_the_same_keys_and_values() -> None:
    def values_of(text: str) -> set[str]:
        return {part.partition(")")[0] for part in text.split("%(")[1:]}

    russian, english = (read_catalogue(language) for language in LANGUAGES)
    assert russian.keys() == english.keys()
    assert all(russian.values())
    assert all(english.values())
    for key, text in russian.items():
        assert values_of(text) == values_of(english[key]), key


def test_english_words_are_english() -> None:
    cyrillic = {chr(number) for number in range(ord("а"), ord("я") + 1)}
    assert not [key for key, text in read_catalogue("en").items() if cyrillic & set(text.lower())]
    assert set(string.ascii_letters) & set(read_catalogue("en")["ERASED.sms"])


def test_another_language_gets_the_russian_words() -> None:
    assert _letter(MessageKind.MESSAGE_KIND_ERASED, "tt") == _letter(MessageKind.MESSAGE_KIND_ERASED, "ru")


def test_values_are_escaped_in_html_and_plain_in_text() -> None:
    letter = _letter(MessageKind.MESSAGE_KIND_NEW_DEVICE)
    assert "Firefox, Windows <10>" in letter.text
    assert "Firefox, Windows &lt;10&gt;" in letter.html
    assert "<10>" not in letter.html


def test_a_link_can_be_followed_and_read() -> None:
    letter = _letter(MessageKind.MESSAGE_KIND_CONFIRM_EMAIL)
    escaped = LINK.replace("&", "&amp;")
    assert f'href="{escaped}"' in letter.html
    assert f"Подтвердить адрес:\n{LINK}\n" in letter.text


def test_html_loads_nothing_and_follows_nobody() -> None:
    letter = _letter(MessageKind.MESSAGE_KIND_CONFIRM_EMAIL)
    for word in ("<img", "<script", "<link", "src=", "url("):
        assert word not in letter.html


def test_times_are_written_as_people_write_them() -> None:
    written = _letter(MessageKind.MESSAGE_KIND_NEW_DEVICE).text.replace("\N{NARROW NO-BREAK SPACE}", " ")
    assert "15 октября 2025 г., 12:05 (UTC+3)" in written
    assert "25 октября 2025" in _letter(MessageKind.MESSAGE_KIND_ACCOUNT_REQUEST_SUBMITTED).text
    assert "October 25, 2025" in _letter(MessageKind.MESSAGE_KIND_ACCOUNT_REQUEST_SUBMITTED, "en").text


@pytest.mark.parametrize(
    ("at", "shown"),
    [("2025-11-14", "14 ноября 2025"), ("2025-10-15T12:05:00+03:00", "12:05 (UTC+3)"), ("скоро", "скоро")],
)
def test_what_is_no_time_of_the_contract_is_shown_as_it_came(at: str, shown: str) -> None:
    assert shown in _letter(MessageKind.MESSAGE_KIND_ERASURE_COMING, at=at).text


def test_words_of_the_contract_are_told_in_words_of_people() -> None:
    assert "дата рождения" in _letter(MessageKind.MESSAGE_KIND_CORRECTION_ACCEPTED).text
    assert "номер мобильного телефона" in _letter(MessageKind.MESSAGE_KIND_CONTACT_CHANGING).text
    assert "отключено" in WORDS.sms(
        _message(MessageKind.MESSAGE_KIND_SECOND_FACTOR_CHANGED, values={"what": "removed"})
    )


def test_a_message_without_its_values_is_not_sent() -> None:
    with pytest.raises(NotSent, match="NO_WORDS"):
        WORDS.sms(_message(MessageKind.MESSAGE_KIND_CONFIRM_MOBILE, values={"link": LINK}))
