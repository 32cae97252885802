"""Passwords that everybody tries first, and what people make of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cached_property

from services.identity.credentials.rules.names import disguised, latin, typed_elsewhere

# A listed password shorter than this is no part worth looking for: it would be found in anything.
LEAST_PIECE = 4
# Two listed ones with a year and a mark beside them are tried as readily as one; they must be half of it.
_MOST_PIECES = 2
_MOST_BESIDE = 5
# A longer password cannot be two pieces and a little.
_LONGEST = 64
# "a1a1a1a1a1": as weak as the little it repeats.
_LONGEST_PERIOD = 4


class CommonPasswords:
    """The block list.

    Args:
        listed: the passwords, folded, each of `LEAST_PIECE` characters or more; read when first asked for.
    """

    def __init__(self, listed: Iterable[str]) -> None:
        self._source = listed

    @cached_property
    def _listed(self) -> frozenset[str]:
        return frozenset(self._source)

    @cached_property
    def _longest(self) -> int:
        return max(map(len, self._listed), default=0)

    def __len__(self) -> int:
        return len(self._listed)

    def hold(self, text: str) -> bool:
        """Whether a folded password is a listed one, a repetition, or made of listed ones and a little more.

        Also when it is typed on the other keyboard layout, transliterated, or has digits for letters.
        """
        if _repeats(text):
            return True
        return len(text) <= _LONGEST and any(self._made_of_listed(variant) for variant in _variants(text))

    def _made_of_listed(self, text: str) -> bool:
        # The most characters covered so far by 0, 1, 2 pieces, for each beginning of the text.
        covered = [[0] * (_MOST_PIECES + 1)]
        for end in range(1, len(text) + 1):
            best = list(covered[-1])
            for length in range(LEAST_PIECE, min(end, self._longest) + 1):
                if text[end - length : end] in self._listed:
                    before = covered[end - length]
                    for pieces in range(1, _MOST_PIECES + 1):
                        best[pieces] = max(best[pieces], before[pieces - 1] + length)
            covered.append(best)
        most = covered[-1][-1]
        return len(text) - most <= min(_MOST_BESIDE, most)


def _variants(text: str) -> Iterator[str]:
    seen: set[str] = set()
    for typed in (text, *typed_elsewhere(text)):
        for written in (typed, disguised(typed)):
            for variant in (written, latin(written)):
                if variant not in seen:
                    seen.add(variant)
                    yield variant


def _repeats(text: str) -> bool:
    period = (text + text).find(text, 1)
    return 0 < period <= min(_LONGEST_PERIOD, len(text) // 2)
