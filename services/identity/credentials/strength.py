"""How hard a password is to guess: zxcvbn's estimate, made fit for people who type Russian."""

from __future__ import annotations

from typing import Final

from services.identity.credentials.rules.names import latin, typed_elsewhere
from services.identity.credentials.rules.policy import Known, Rule, fold

# The estimate takes milliseconds for 20 characters and seconds for 1 000; what comes later adds nothing.
_LONGEST: Final = 40
# "Солнышко" is in no English dictionary: a password that breaks one of these is never called strong.
_TELLING: Final = frozenset({Rule.COMMON, Rule.BIRTH_DATE, Rule.LOGIN, Rule.NAME})


def strength(password: str, known: Known, broken: list[Rule]) -> int:
    """From 0 (at once) to 4 (not in this life); some milliseconds of one processor, so never on the loop."""
    # Its dictionaries weigh 13 MiB: a replica that judges no password goes without them.
    from zxcvbn import zxcvbn  # noqa: PLC0415

    text = fold(password[:_LONGEST])[:_LONGEST]
    if not text:
        return 0
    birth, name = known.birth_date, known.name
    theirs = [fold(part) for part in (known.login, name.surname, name.given_name, name.patronymic) if part]
    theirs += [latin(part) for part in theirs] + [str(birth.year)]
    # The weakest reading is the one that a guesser finds.
    readings = dict.fromkeys((password[:_LONGEST], latin(text), typed_elsewhere(text)[0]))
    score = min(int(zxcvbn(reading, user_inputs=theirs)["score"]) for reading in readings)
    return min(score, 1) if _TELLING.intersection(broken) else score
