"""What a password may be.

The sources ask for letters and digits, at least six, no birth date (R14); NIST SP 800-63B-4 and ASVS 5.0
(6.2.5, 6.2.11, 6.2.12) for length and a block list instead of composition. Both hold: a region may ask for
more, never for less.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Final

from services.identity.credentials.rules.common import CommonPasswords
from services.identity.credentials.rules.dates import holds_date
from services.identity.credentials.rules.names import disguised, holds_name
from services.identity.people.rules import FullName

LEAST_LENGTH: Final = 10
"""In characters; a region may ask for more."""
LONGEST: Final = 1024
"""In characters; more is refused before it costs anything (A35)."""
# The part of a login worth looking for; a login has five characters or more.
_LEAST_LOGIN = 4


class Rule(StrEnum):
    """A rule that a password can break: the names of the contract's `PasswordRule` without their prefix."""

    LENGTH = "LENGTH"
    TOO_LONG = "TOO_LONG"
    LETTERS_AND_DIGITS = "LETTERS_AND_DIGITS"
    BIRTH_DATE = "BIRTH_DATE"
    LOGIN = "LOGIN"
    NAME = "NAME"
    COMMON = "COMMON"
    TEMPORARY = "TEMPORARY"
    SAME = "SAME"


@dataclass(frozen=True, slots=True)
class Known:
    """What everybody who knows a person would try; printed, it shows nothing."""

    login: str = field(repr=False)
    """Empty when there is none."""
    name: FullName
    birth_date: date = field(repr=False)


@dataclass(frozen=True, slots=True)
class Policy:
    """What a region asks of passwords."""

    common: CommonPasswords = field(repr=False)
    least_length: int = LEAST_LENGTH


def judge(password: str, known: Known, policy: Policy) -> list[Rule]:
    """The rules that a password breaks, in the contract's order.

    `Rule.TEMPORARY` and `Rule.SAME` are judged against hashes, elsewhere.
    """
    if len(password) > LONGEST:
        return [Rule.TOO_LONG]
    folded = fold(password)
    name = known.name
    broken = {
        Rule.LENGTH: len(normal(password)) < policy.least_length,
        Rule.LETTERS_AND_DIGITS: not (any(map(str.isalpha, folded)) and any(map(str.isdecimal, folded))),
        Rule.BIRTH_DATE: holds_date(folded, known.birth_date),
        Rule.LOGIN: _holds_login(folded, known.login),
        Rule.NAME: any(
            holds_name(folded, part) for part in (name.surname, name.given_name, name.patronymic) if part
        ),
        Rule.COMMON: policy.common.hold(folded),
    }
    return [rule for rule, is_broken in broken.items() if is_broken]


def normal(password: str) -> str:
    """A password as it is hashed and measured: the same characters, whatever keyboard they come from."""
    # NIST SP 800-63B-4, 3.1.1.2.
    return unicodedata.normalize("NFKC", password)


def fold(password: str) -> str:
    """A password as it is judged: without case, ё as е, digits of all scripts as ours."""
    folded = unicodedata.normalize("NFKC", normal(password).casefold()).replace("ё", "е")
    return "".join(str(unicodedata.decimal(letter, letter)) for letter in folded)


def _holds_login(folded: str, login: str) -> bool:
    wanted = _bare(fold(login))
    if len(wanted) < _LEAST_LOGIN:
        return False
    return any(
        form in said
        for form in (wanted, disguised(wanted))
        for said in (_bare(folded), _bare(folded)[::-1], _bare(disguised(folded)))
    )


def _bare(text: str) -> str:
    return "".join(filter(str.isalnum, text))
