"""``dead-letters`` of a service, as an operator types it."""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC
from typing import Final
from uuid import UUID

from services.kit.database import Database
from services.kit.dead_letters import storage
from services.kit.dead_letters.mending import Mending, discard
from services.kit.dead_letters.storage import Count, Letter
from services.kit.messaging.effects import Effects, Outcome

_USUAL_PAGE: Final = 50
_LARGEST_PAGE: Final = 1_000
_LONGEST_WORDS: Final = 500
_NONE: Final = "none"
EffectsOf = Callable[[Database], Iterable[Effects]]


def parse(service: str, arguments: Sequence[str]) -> argparse.Namespace:
    """What was typed, and under ``work`` what is to be done.

    Ends the process with status 2 and the usage when it is nothing of the kind.
    """
    name = f"python -m services.{service} dead-letters"
    match arguments:
        case ["redrive", *rest]:
            return _redriving(f"{name} redrive").parse_args(rest)
        case ["discard", *rest]:
            return _discarding(f"{name} discard").parse_args(rest)
        case _:
            return _listing(name).parse_args(arguments)


def _listing(name: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=name,
        description="Events that could not be applied, oldest first. Exit status: 0 if none is open, else 1.",
        epilog="redrive --help and discard --help say what can be done about them.",
    )
    parser.set_defaults(work="list")
    parser.add_argument("--limit", type=_limit, default=_USUAL_PAGE, help=f"lines; {_USUAL_PAGE} by default")
    parser.add_argument("--after", type=_place, metavar="PLACE", help="go on there, as the page before says")
    parser.add_argument("--name", help="one kind of event alone, such as RelationEnded")
    parser.add_argument("--discarded", action="store_true", help="those that were discarded instead")
    return parser


def _redriving(name: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=name,
        description="Applies events again, each by itself. Exit status: 0 when each is applied, else 1.",
    )
    parser.set_defaults(work="redrive")
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument("--event", type=_id, metavar="ID", help="this one, also when it was discarded")
    which.add_argument("--name", help="every open one of a kind of event")
    which.add_argument("--all", action="store_true", help="every open one")
    return parser


def _discarding(name: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=name,
        description="Puts an event aside that can never be applied. redrive --event undoes it.",
    )
    parser.set_defaults(work="discard")
    parser.add_argument("--event", type=_id, metavar="ID", required=True)
    parser.add_argument("--by", type=_words, required=True, help="who decides it, for the audit")
    parser.add_argument("--why", type=_words, required=True, help="the reason, for the audit")
    return parser


async def show(database_url: str, wish: argparse.Namespace) -> int:
    """Print a page of the letters and how many there are of each kind; 1 when any is open, else 0.

    Raises:
        Unavailable: the database does not answer.
    """
    async with Database(database_url, pool_size=1) as database, database.read() as connection:
        counts = await storage.counts(connection)
        page = await storage.letters(
            connection, name=wish.name, discarded=wish.discarded, after=wish.after, most=wish.limit + 1
        )
    _print(_totals(counts))
    _print(_lines(page[: wish.limit]))
    if len(page) > wish.limit:
        last = page[wish.limit - 1]
        _print([f"more: --after {last.event_id}/{last.consumer}"])
    return 1 if any(one.open for one in counts) else 0


async def redrive(database_url: str, wish: argparse.Namespace, effects_of: EffectsOf) -> int:
    """Apply letters again and print what became of each; 0 when each is applied, else 1.

    Raises:
        NoLetter: nothing has this id or name.
        Unavailable: the database does not answer; what was printed is done.
    """
    # Two connections: one reads on while the other is at work.
    async with Database(database_url, pool_size=2) as database:
        mending = Mending(database, effects_of(database), lambda line: _print([line]))
        if wish.event is not None:
            outcomes = await mending.redrive_event(wish.event)
        else:
            outcomes = await mending.redrive_open(wish.name)
    _print([_summary(outcomes)])
    return 1 if outcomes[Outcome.FAILING] or outcomes[Outcome.WAITING] else 0


async def put_aside(database_url: str, wish: argparse.Namespace) -> int:
    """Discard a letter and print it; returns 0.

    Raises:
        NoLetter: nothing has this id.
        Unavailable: the database does not answer.
    """
    async with Database(database_url, pool_size=1) as database:
        _print([_summary(await discard(database, wish.event, by=wish.by, why=wish.why))])
    return 0


def _totals(counts: Sequence[Count]) -> list[str]:
    open_ones, discarded = sum(one.open for one in counts), sum(one.discarded for one in counts)
    if not open_ones and not discarded:
        return [_NONE]
    lines = [f"open {open_ones or _NONE}, discarded {discarded or _NONE}"]
    return lines + [f"  {one.type}  open {one.open}, discarded {one.discarded}" for one in counts]


def _lines(letters: Sequence[Letter]) -> list[str]:
    return [
        f"{letter.died_at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}  {letter.type}  {letter.event_id}"
        f"  {letter.consumer}  tried {letter.attempts}  {letter.reason}"
        for letter in letters
    ]


def _summary(outcomes: Mapping[Outcome, int] | Counter[str]) -> str:
    return ", ".join(f"{what} {count}" for what, count in sorted(outcomes.items())) or _NONE


def _print(lines: Iterable[str]) -> None:
    for line in lines:
        sys.stdout.write(line + "\n")
    # Whoever is killed in the middle has said what is done.
    sys.stdout.flush()


def _id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise argparse.ArgumentTypeError("an id is a UUID") from None


def _place(text: str) -> tuple[UUID, str]:
    event_id, _, consumer = text.partition("/")
    return _id(event_id), consumer


def _limit(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 0 < int(text) <= _LARGEST_PAGE:
        raise argparse.ArgumentTypeError(f"from 1 to {_LARGEST_PAGE}")
    return int(text)


def _words(text: str) -> str:
    words = " ".join(text.split())
    if not words or len(words) > _LONGEST_WORDS or not words.isprintable():
        raise argparse.ArgumentTypeError(f"some words, {_LONGEST_WORDS} characters at the most")
    return words
