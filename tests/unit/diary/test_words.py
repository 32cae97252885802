"""What is kept of people's words."""

from __future__ import annotations

import pytest

from services.diary.words import EmptyText, TextTooLong, words, words_needed


def test_words_keep_line_breaks_and_lose_other_controls_and_margins() -> None:
    assert words(" № 5\x00\n\t№ 6\x07 ", field="text", most=20) == "№ 5\n\t№ 6"


def test_length_counts_what_is_kept() -> None:
    assert words("  " + "я" * 5, field="text", most=5) == "я" * 5
    with pytest.raises(TextTooLong) as refused:
        words("я" * 6, field="comment", most=5)
    assert refused.value.metadata == {"field": "comment", "limit": "5"}


@pytest.mark.parametrize("text", ["", "  \n", "\x00"])
def test_words_that_are_needed_may_not_be_empty(text: str) -> None:
    with pytest.raises(EmptyText):
        words_needed(text, field="text", most=5)
