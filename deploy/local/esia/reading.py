"""Files that people write by hand: what is wrong in one is told in a line, by its place."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import orjson
from pydantic import ValidationError

_MOST = 5  # places in one line; who mends these sees the next


def places_of(wrong: ValidationError, *, inside: str = "") -> str:
    """``people.0.oid: Field required; …``: where and why, never what was written there."""
    told = [
        f"{'.'.join(filter(None, (inside, *map(str, each['loc']))))}: {each['msg']}"
        for each in wrong.errors(include_url=False, include_input=False, include_context=False)
    ]
    return "; ".join([*told[:_MOST], *(["…"] if len(told) > _MOST else [])])


@contextmanager
def reading(file: Path, *, inside: str = "") -> Iterator[None]:
    """Name ``file`` and the place in it, in one line. Raises `ValueError`, `OSError`."""
    try:
        yield
    except ValidationError as wrong:
        raise ValueError(f"{file}: {places_of(wrong, inside=inside)}") from None
    except (tomllib.TOMLDecodeError, orjson.JSONDecodeError, UnicodeDecodeError) as wrong:
        raise ValueError(f"{file}: {wrong}") from None
