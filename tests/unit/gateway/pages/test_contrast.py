"""Colours can be read: WCAG 2.2, success criteria 1.4.3 and 1.4.11, by daylight and by lamplight."""

from __future__ import annotations

import re

import pytest

from services.gateway.pages.assets import HERE

TOKENS = (HERE / "styles" / "tokens.css").read_text()
DAYLIGHT, _, LAMPLIGHT = TOKENS.partition("@media")
COLOUR = re.compile(r"--([\w-]+):\s*(#[0-9a-f]{6})")

LIGHT = dict(COLOUR.findall(DAYLIGHT))
DARK = LIGHT | dict(COLOUR.findall(LAMPLIGHT))

TEXT = [
    *(
        (ink, ground)
        for ink in ("ink", "ink-soft", "accent", "pen")
        for ground in ("paper", "desk", "paper-shade")
    ),
    *(("ink", wash) for wash in ("note-wash", "good-wash", "bad-wash", "accent-wash")),
    ("pen", "pen-wash"),
    ("pen", "field"),
    ("ink", "field"),
    *(("bad", ground) for ground in ("paper", "desk", "bad-wash", "note-wash")),
    ("on-bad", "bad"),
    ("good", "paper"),
    ("good", "good-wash"),
    ("accent-deep", "accent-wash"),
    ("accent-deep", "paper"),
    ("on-accent", "accent"),
    ("on-accent", "accent-deep"),
    ("on-state", "state"),
    ("on-pen", "pen"),
]
OPERATED = [("control-edge", "paper"), ("control-edge", "desk"), ("focus", "paper"), ("focus", "desk")]


def luminance(colour: str) -> float:
    channels = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("scheme", [LIGHT, DARK], ids=["daylight", "lamplight"])
@pytest.mark.parametrize(("ink", "ground"), TEXT, ids="-on-".join)
def test_text_stands_out(scheme: dict[str, str], ink: str, ground: str) -> None:
    assert contrast(scheme[ink], scheme[ground]) >= 4.5


@pytest.mark.parametrize("scheme", [LIGHT, DARK], ids=["daylight", "lamplight"])
@pytest.mark.parametrize(("edge", "ground"), OPERATED, ids="-on-".join)
def test_what_one_operates_stands_out(scheme: dict[str, str], edge: str, ground: str) -> None:
    assert contrast(scheme[edge], scheme[ground]) >= 3


def test_both_schemes_name_the_same_colours() -> None:
    """Lamplight changes every colour that daylight has, so none shines through by accident."""
    constant = {"on-state", "on-pen"}

    assert set(LIGHT) - set(dict(COLOUR.findall(LAMPLIGHT))) - constant == set()
