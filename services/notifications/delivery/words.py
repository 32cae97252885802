"""What a message says: catalogues under symbolic keys ("CONFIRM_EMAIL.subject"), a frame for letters.

Each kind has a subject, a text and an SMS; a text may go on after the link, under ``after``. An SMS has no
surname and no mark, and in Russian no more than the 70 characters of one part where no link is in it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Final, Protocol
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_datetime
from babel.messages.pofile import read_po
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from services.notifications.delivery.rules import Message, NotSent

LANGUAGES: Final = ("ru", "en")
"""The first one is for whoever wished another."""
_HERE: Final = Path(__file__).parent
# Values that are words of a contract, and what people call them.
_NAMED: Final = ("what", "field")


class _Say(Protocol):
    """One text of a message's kind, values filled in; ``otherwise`` where a kind may lack it."""

    def __call__(self, part: str, otherwise: str | None = None) -> str: ...


@dataclass(frozen=True, slots=True)
class Letter:
    """A letter's words; printed, it shows none that were meant for one person."""

    language: str
    subject: str
    text: str = field(repr=False)
    html: str = field(repr=False)


class Words:
    """All templates, read once. Every method is pure."""

    def __init__(self, zone: ZoneInfo) -> None:
        """``zone``: whose time is written where an instant is told.

        Raises `ValueError` when a catalogue cannot be read.
        """
        self._zone = zone
        self._catalogues = {language: read_catalogue(language) for language in LANGUAGES}
        self._environment = Environment(
            loader=FileSystemLoader(_HERE / "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
        )

    def letter(self, message: Message) -> Letter:
        """A message as a letter. Raises `NotSent` when it lacks a value or is of a kind without words."""
        language, say = self._speech(message)
        link = message.values.get("link", "")
        text = [*_paragraphs(say("text"))]
        after = [*_paragraphs(say("after", ""))]
        button = say("button") if link else ""
        name, footer = self._catalogues[language]["letter.name"], self._catalogues[language]["letter.footer"]
        html = self._environment.get_template("letter.html").render(
            language=language,
            name=name,
            subject=say("subject"),
            text=text,
            link=link,
            button=button,
            after=after,
            footer=footer,
        )
        called = [f"{button}:\n{link}"] if link else []
        plain = "\n\n".join([*text, *called, *after, f"-- \n{name}\n{footer}"])
        return Letter(language, say("subject"), plain + "\n", html)

    def sms(self, message: Message) -> str:
        """A message as an SMS. Raises `NotSent` as `letter` does."""
        _, say = self._speech(message)
        return say("sms")

    def _speech(self, message: Message) -> tuple[str, _Say]:
        language = message.language if message.language in LANGUAGES else LANGUAGES[0]
        catalogue = self._catalogues[language]
        values = {name: self._told(name, value, language) for name, value in message.values.items()}

        def say(part: str, otherwise: str | None = None) -> str:
            key = f"{message.kind}.{part}"
            if otherwise is not None and key not in catalogue:
                return otherwise
            try:
                return catalogue[key] % values
            except KeyError:
                # Of a newer identity, or of one that broke the contract: an update may mend it.
                raise NotSent("NO_WORDS") from None

        return language, say

    def _told(self, name: str, value: str, language: str) -> str:
        """A value as people write it; what is not as the contract says is shown as it came."""
        if name in _NAMED:
            return self._catalogues[language].get(f"{name}.{value}", value)
        if name == "due":
            return _day(value, language)
        if name == "at":
            return self._instant(value, language) or _day(value, language)
        return value

    def _instant(self, value: str, language: str) -> str:
        """Such as "15 октября 2025 г., 12:00 (UTC+3)"; empty when it is no instant."""
        try:
            moment = datetime.fromisoformat(value)
        except ValueError:
            return ""
        if "T" not in value:
            return ""
        local = moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(self._zone)
        offset = local.strftime("%z")
        hours = f"{offset[0]}{int(offset[1:3])}" + (f":{offset[3:]}" if offset[3:] != "00" else "")
        written = format_datetime(local, "HH:mm", tzinfo=self._zone, locale=language)
        return f"{format_date(local, 'long', locale=language)}, {written} (UTC{hours})"


def read_catalogue(language: str) -> Mapping[str, str]:
    """Every text of a language by its key. Raises `ValueError` when a file cannot be read."""
    with (_HERE / "catalogues" / f"{language}.po").open("rb") as file:
        catalogue = read_po(file, locale=language, abort_invalid=True)
    return {str(message.id): str(message.string) for message in catalogue if message.id}


def _paragraphs(text: str) -> list[str]:
    return [part for part in text.split("\n\n") if part]


def _day(value: str, language: str) -> str:
    try:
        return format_date(date.fromisoformat(value), "long", locale=language)
    except ValueError:
        return value
