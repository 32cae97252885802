"""Identifiers grow with time."""

from __future__ import annotations

from uuid import UUID

from services.kit.ids import new_id


def test_ids_of_one_process_grow_strictly() -> None:
    ids = [new_id() for _ in range(10_000)]
    assert ids == sorted(set(ids))


def test_an_id_is_a_uuid_of_version_7_of_the_standard_library() -> None:
    made = new_id()
    assert type(made) is UUID
    assert made.version == 7
