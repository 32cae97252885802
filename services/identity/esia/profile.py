"""The person as ESIA describes them, read tolerantly where ESIA leaves out and strictly where it says."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Final

from services.identity.esia.errors import EsiaAnswerMalformed

_SNILS: Final = re.compile(r"\d{3}-\d{3}-\d{3}[ -]\d{2}|\d{11}")
_DATE: Final = re.compile(r"\d{2}\.\d{2}\.\d{4}")
_NAME_LENGTH: Final = 256

Answer = Mapping[str, object]


class Level(StrEnum):
    """How far ESIA vouches for an account, as far as a client system can see it (R5, R6)."""

    SIMPLIFIED = "simplified"
    STANDARD = "standard"
    CONFIRMED = "confirmed"
    CHILD = "child"


@dataclass(frozen=True, slots=True, repr=False)
class EsiaProfile:
    """One person of ESIA, under their oid; what was not granted or is empty is None.

    A name that ESIA does not have is "". Printing a profile shows nothing of the person (A33).
    """

    oid: int
    surname: str
    given_name: str
    patronymic: str | None
    birth_date: date | None
    gender: str | None
    snils: str | None
    """11 digits; ESIA has verified it. The check digits are not looked at: test persons' fail them."""
    inn: str | None
    citizenship: str | None
    trusted: bool
    level: Level
    level_seen: str | None
    """``urn:esia:sbj:lvl`` of the id token as it came (``PR``, ``KD``, ``P``, or nothing)."""
    status: str | None
    """``REGISTERED`` for an account in use."""


@dataclass(frozen=True, slots=True, repr=False)
class EsiaContact:
    """A contact: ``kind`` is MBT (mobile), PHN, EML (e-mail), CEM (e-mail at work) or another of ESIA's."""

    kind: str
    value: str
    verified: bool


@dataclass(frozen=True, slots=True, repr=False)
class EsiaKid:
    """A child in a person's ESIA account; fields that were not granted are None."""

    id: str
    surname: str | None
    given_name: str | None
    patronymic: str | None
    birth_date: date | None
    gender: str | None
    snils: str | None


def assurance_level(*, trusted: bool, level_seen: str | None, snils: str | None) -> Level:
    """What ESIA lets a client system tell apart.

    Confirmed is ``trusted``, a child's account is ``KD``. ESIA does not separate simplified from standard:
    a SNILS, which ESIA has verified, counts as standard, its absence as simplified.
    """
    if level_seen == "KD":
        return Level.CHILD
    if trusted:
        return Level.CONFIRMED
    return Level.STANDARD if snils is not None else Level.SIMPLIFIED


def read_profile(answer: Answer, *, oid: int, level_seen: str | None) -> EsiaProfile:
    """Read ``/rs/prns/{oid}``. Raises `EsiaAnswerMalformed` naming the field, never its value."""
    snils = _snils(answer)
    trusted = _flag(answer, "trusted")
    surname, given_name = _text(answer, "lastName"), _text(answer, "firstName")
    return EsiaProfile(
        oid=oid,
        surname=surname or "",
        given_name=given_name or "",
        patronymic=_text(answer, "middleName"),
        birth_date=_date(answer),
        gender=_text(answer, "gender"),
        snils=snils,
        inn=_text(answer, "inn"),
        citizenship=_text(answer, "citizenship"),
        trusted=trusted,
        level=assurance_level(trusted=trusted, level_seen=level_seen, snils=snils),
        level_seen=level_seen,
        status=_text(answer, "status"),
    )


def read_contact(answer: Answer) -> EsiaContact | None:
    """Read one element of ``…/ctts``; None for one without a value."""
    kind, value = _text(answer, "type"), _text(answer, "value")
    if kind is None or value is None:
        return None
    return EsiaContact(kind, value, verified=_text(answer, "vrfStu") == "VERIFIED")


def read_kid(answer: Answer) -> EsiaKid:
    """Read one element of ``…/kids``. Raises `EsiaAnswerMalformed`."""
    identifier = answer.get("id")
    if isinstance(identifier, bool) or not isinstance(identifier, int | str) or identifier == "":
        raise EsiaAnswerMalformed(field="id")
    return EsiaKid(
        id=str(identifier),
        surname=_text(answer, "lastName"),
        given_name=_text(answer, "firstName"),
        patronymic=_text(answer, "middleName"),
        birth_date=_date(answer),
        gender=_text(answer, "gender"),
        snils=_snils(answer),
    )


def _text(answer: Answer, name: str) -> str | None:
    value = answer.get(name)
    if value is None:
        return None
    if not isinstance(value, str) or len(value) > _NAME_LENGTH:
        raise EsiaAnswerMalformed(field=name)
    return value.strip() or None


def _flag(answer: Answer, name: str) -> bool:
    value = answer.get(name, False)
    if not isinstance(value, bool):
        raise EsiaAnswerMalformed(field=name)
    return value


def _date(answer: Answer) -> date | None:
    text = _text(answer, "birthDate")
    if text is None:
        return None
    if not (_DATE.fullmatch(text) and text.isascii()):
        raise EsiaAnswerMalformed(field="birthDate")
    try:
        return datetime.strptime(text, "%d.%m.%Y").date()  # noqa: DTZ007 - a calendar day has no zone
    except ValueError as broken:
        raise EsiaAnswerMalformed(field="birthDate") from broken


def _snils(answer: Answer) -> str | None:
    text = _text(answer, "snils")
    if text is None:
        return None
    if not (_SNILS.fullmatch(text) and text.isascii()):
        raise EsiaAnswerMalformed(field="snils")
    return text.replace("-", "").replace(" ", "")
