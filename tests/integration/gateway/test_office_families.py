"""A pupil's family at the registrar's desk."""

from __future__ import annotations

import pytest

from school.identity.v1.families_pb2 import (
    CourtLimit,
    CourtLimitKind,
    FamilyLimit,
    FamilyRelation,
    GetPupilFamilyResponse,
    Relation,
    RelationKind,
)
from school.identity.v1.people_pb2 import FullName
from tests.integration.gateway.office import NAME, PERSON, ROOM, SOMEBODY, Office

FAMILY = f"{ROOM}/families/{PERSON}"


def family(*, pupil_left: bool = False) -> GetPupilFamilyResponse:
    """A mother who stands for the pupil, and a father whom a court forbids it."""
    relation = Relation(
        relation_id="r-1",
        guardian_id=SOMEBODY,
        pupil_id=PERSON,
        kind=RelationKind.RELATION_KIND_PARENT,
        valid_from="2026-09-01",
        valid_until="2030-01-01",
    )
    limit = CourtLimit(
        limit_id="l-1",
        guardian_id="f-1",
        pupil_id=PERSON,
        kind=CourtLimitKind.COURT_LIMIT_KIND_NO_ACCESS,
        document="Решение суда",
        valid_from="2026-09-01",
    )
    return GetPupilFamilyResponse(
        pupil_id=PERSON,
        pupil_name=FullName(surname="Королёв", given_name="Пётр"),
        birth_date="2012-01-02",
        last_day_of_childhood="2030-01-01",
        relations=[FamilyRelation(relation=relation, guardian_name=NAME, holds=True)],
        limits=[FamilyLimit(limit=limit, guardian_name=NAME)],
        pupil_left=pupil_left,
    )


@pytest.fixture
def desk(registrar: Office) -> Office:
    """The registrar, with a family to look at."""
    registrar.gateway.stage.on("GetPupilFamily", lambda _: family())
    return registrar


@pytest.mark.parametrize("left", [False, True])
async def test_of_who_has_left_the_page_offers_what_takes_away_alone(desk: Office, left: bool) -> None:
    desk.gateway.stage.on("GetPupilFamily", lambda _: family(pupil_left=left))

    page = (await desk.get(FAMILY)).text

    offered = [f"{FAMILY}/{deed}" in page for deed in ("end", "limit", "change", "add", "lift")]
    assert offered == [True, True, True, not left, not left]
    assert ("В другую школу он пока не принят" in page) == left
