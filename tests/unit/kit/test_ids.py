"""Identifiers grow with time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from services.kit.ids import created_at, new_id


def test_ids_of_one_process_grow_strictly() -> None:
    ids = [new_id() for _ in range(10_000)]
    assert ids == sorted(set(ids))


def test_an_id_is_a_uuid_of_version_7_of_the_standard_library() -> None:
    made = new_id()
    assert type(made) is UUID
    assert made.version == 7


def test_an_id_knows_when_it_was_made() -> None:
    assert abs(datetime.now(UTC) - created_at(new_id())) < timedelta(seconds=5)


def test_a_random_id_does_not() -> None:
    with pytest.raises(ValueError, match="UUIDv7"):
        created_at(uuid4())
