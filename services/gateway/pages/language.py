"""The two languages of the pages: which one a person gets, and how it says things.

Texts live in `catalogues/<language>/*.po` under symbolic keys ("week.previous"), read once at start; no
compiled files are needed. The Russian catalogue is the first one: it is what a browser without a wish gets.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from io import BytesIO
from pathlib import Path
from zoneinfo import ZoneInfo

from babel.core import Locale
from babel.dates import format_date, format_time
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import Translations
from markupsafe import Markup

from services.gateway.edge.languages import LANGUAGES

CATALOGUES = Path(__file__).parent / "catalogues"


def read_catalogue(language: str) -> Catalog:
    """Read the committed catalogue of a language, all its files as one.

    Raises `ValueError` when two files have the same key: one text would silently hide the other.
    """
    whole = Catalog(locale=language)
    for path in sorted((CATALOGUES / language).glob("*.po")):
        with path.open("rb") as file:
            part = read_po(file, locale=language, abort_invalid=True)
        for message in part:
            if not message.id:
                continue
            if message.id in whole:
                raise ValueError(f"{path} says {message.id} again")
            whole[message.id] = message
    return whole


@dataclass(frozen=True, slots=True)
class ReasonWords:
    """What a person reads about a machine reason."""

    title: Markup
    meaning: Markup
    step: Markup


class Speech:
    """One language: its catalogue, and its way to write dates and times.

    Every method is pure; one instance serves all requests.
    """

    def __init__(self, language: str) -> None:
        self.language = language
        catalogue = read_catalogue(language)
        self.keys = frozenset(
            message.id if isinstance(message.id, str) else message.id[0]
            for message in catalogue
            if message.id
        )
        compiled = BytesIO()
        write_mo(compiled, catalogue)
        compiled.seek(0)
        self._translations = Translations(compiled)
        self._locale = Locale.parse(language)
        self._said: dict[str, Markup] = {}

    def say(self, key: str, **values: object) -> Markup:
        """The text of a key with its values filled in, escaped; ``n`` chooses the plural form."""
        if not values:
            # Most of a page; looking a text up anew costs more than writing it.
            return self._said.get(key) or self._said.setdefault(key, self._filled(key, values))
        return self._filled(key, values)

    def _filled(self, key: str, values: Mapping[str, object]) -> Markup:
        n = values.get("n")
        if isinstance(n, int):
            text = self._translations.ungettext(key, key, n)
        else:
            text = self._translations.ugettext(key)
        return Markup(text) % values  # noqa: S704 - catalogues are ours; Markup escapes the values

    def knows(self, key: str) -> bool:
        """Whether the catalogue has a text for the key."""
        return key in self.keys

    def reason(self, reason: str) -> ReasonWords:
        """What happened, what it means and the next step; general words where a reason has none."""
        title, meaning, step = (
            self.say(f"reason.{reason if self.knows(f'reason.{reason}.{part}') else 'OTHER'}.{part}")
            for part in ("title", "meaning", "step")
        )
        return ReasonWords(title, meaning, step)

    def day_month(self, day: date) -> str:
        """Such as "17 ноября"."""
        return format_date(day, "d MMMM", locale=self._locale)

    def weekday(self, day: date) -> str:
        """Such as "Понедельник", as it begins a line."""
        name = format_date(day, "EEEE", locale=self._locale)
        return name[:1].upper() + name[1:]

    def weekday_short(self, day: date) -> str:
        """Such as "Пн"."""
        name = format_date(day, "ccc", locale=self._locale)
        return name[:1].upper() + name[1:]

    def full_day(self, day: date) -> str:
        """Such as "понедельник, 17 ноября"."""
        return format_date(day, "EEEE, d MMMM", locale=self._locale)

    def span(self, first: date, last: date) -> str:
        """Such as "17–22 ноября 2025" or "29 сентября – 4 октября 2025"; both years when they differ."""
        if first == last:
            return f"{self.day_month(first)} {first.year}"
        if first.year != last.year:
            return f"{self.day_month(first)} {first.year} – {self.day_month(last)} {last.year}"
        if first.month != last.month:
            return f"{self.day_month(first)} – {self.day_month(last)} {last.year}"
        return f"{first.day}–{self.day_month(last)} {last.year}"

    def clock(self, moment: time | datetime) -> str:
        """Such as "8:30", in the zone the moment is in."""
        return format_time(moment, "H:mm", locale=self._locale)

    def nearby(self, day: date, today: date) -> str:
        """Such as "сегодня", "вчера", "завтра", else "17 ноября", with the year when it is another."""
        keys = {0: "day.today", -1: "day.yesterday", 1: "day.tomorrow"}
        key = keys.get((day - today).days)
        if key:
            return str(self.say(key))
        return self.day_month(day) if day.year == today.year else f"{self.day_month(day)} {day.year}"


def speeches() -> dict[str, Speech]:
    """Every language, read from the catalogues."""
    return {language: Speech(language) for language in LANGUAGES}


def zone_of(name: str) -> ZoneInfo:
    """A school's zone; Moscow time, the country's official one, when none is said."""
    return ZoneInfo(name or "Europe/Moscow")
