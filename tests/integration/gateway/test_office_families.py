"""A pupil's family at the registrar's desk."""

from __future__ import annotations

import base64
from urllib.parse import quote

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
from services.gateway.pages.answers import DRAFT_COOKIE
from services.kit.errors import StepUpNeeded
from tests.integration.gateway.office import NAME, PERSON, ROOM, SOMEBODY, Office, refuse

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


@pytest.mark.parametrize("left", [False, True])
async def test_the_way_back_leads_to_a_page_that_there_is(desk: Office, left: bool) -> None:
    """Who has left is found at no desk of the school any more, but among those who were something there."""
    desk.gateway.stage.on("GetPupilFamily", lambda _: family(pupil_left=left))

    page = (await desk.get(FAMILY)).text

    assert f'href="{ROOM}/people/{PERSON}{"/roles" if left else ""}"' in page


# --- on the way to a proof ---

WHY, DOCUMENT = "Опека продлена", "Распоряжение № 7"


async def back_from_a_proof(desk: Office, form: str, **fields: str) -> str:
    """What the page of a form shows to who was sent away to show who they are."""
    away = await desk.post(f"{FAMILY}/{form}", **fields)
    assert away.headers["location"] == f"/step-up?back={quote(FAMILY, safe='')}"
    desk.kept[DRAFT_COOKIE] = away.cookies[DRAFT_COOKIE]
    back = await desk.get(FAMILY)
    assert f'{DRAFT_COOKIE}=""' in back.headers["set-cookie"], "it stands in the form: the browser forgets it"
    return back.text


async def test_who_lengthens_a_relation_finds_the_form_as_it_was(desk: Office) -> None:
    desk.gateway.stage.on("ChangeRelation", refuse(StepUpNeeded()))

    page = await back_from_a_proof(
        desk, "change", relation_id="r-1", until="01.09.2029", document=DOCUMENT, why=WHY
    )

    opened = page[page.index('<details class="refuse" open>') :].partition("</details>")[0]
    assert [f'value="{each}"' in opened for each in ("r-1", "01.09.2029", DOCUMENT, WHY)] == [True] * 4


async def test_who_lifts_a_limit_finds_the_form_as_it_was(desk: Office) -> None:
    page = await back_from_a_proof(desk, "lift", limit_id="l-1", why=WHY)

    opened = page[page.index('<details class="refuse" open>') :].partition("</details>")[0]
    assert [f'value="{each}"' in opened for each in ("l-1", WHY)] == [True] * 2


async def test_who_lets_somebody_in_finds_whom_they_had_found(desk: Office) -> None:
    """Nobody is looked for a second time."""
    page = await back_from_a_proof(
        desk,
        "register",
        person_id=PERSON,
        page="add",
        kind="representative",
        document=DOCUMENT,
        until="01.09.2029",
    )

    assert f'action="{FAMILY}/register"' in page
    assert 'value="representative" checked' in page
    assert [f'value="{each}"' in page for each in (PERSON, DOCUMENT, "01.09.2029")] == [True] * 3


async def test_nothing_by_which_somebody_is_looked_for_is_kept(desk: Office) -> None:
    away = await desk.post(f"{FAMILY}/lift", limit_id="l-1", why=WHY, snils="112-233-445 95", birth_date="1")

    kept = base64.urlsafe_b64decode(away.cookies[DRAFT_COOKIE]).decode()
    assert WHY in kept
    assert "112-233-445 95" not in kept
    assert "birth_date" not in kept
