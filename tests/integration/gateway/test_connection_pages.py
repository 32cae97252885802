"""`/schools`: nobody signs in, all works by forms, and opening the link of a letter changes nothing."""

from __future__ import annotations

import re
from uuid import UUID

import grpc
import httpx2
import pytest

from school.identity.v1.school_watches_pb2 import ConfirmSchoolWatchResponse, WatchSchoolResponse
from school.identity.v1.schools_pb2 import (
    GetSchoolResponse,
    ListedConnection,
    SchoolListing,
    SearchSchoolsResponse,
)
from services.gateway.sessions import FORM_FIELD
from services.kit.errors import DomainError
from tests.integration.gateway.stage import PUBLIC, Answer, Outside

SCHOOL = str(UUID(int=1))
PAGE = f"/schools/{SCHOOL}"
LINK = "/schools/told/a-token"


class BadEmail(DomainError):
    status = grpc.StatusCode.INVALID_ARGUMENT
    reason = "BAD_EMAIL"
    title = "This is no e-mail address"


class LinkUnknown(DomainError):
    status = grpc.StatusCode.NOT_FOUND
    reason = "LINK_UNKNOWN"
    title = "This link no longer holds"


def listing(state: ListedConnection.ValueType, on: str = "") -> SchoolListing:
    return SchoolListing(
        school_id=SCHOOL, title="Школа № 5", zone="Europe/Moscow", connection=state, connects_on=on
    )


def school(state: ListedConnection.ValueType, on: str = "") -> Answer:
    return lambda _: GetSchoolResponse(school=listing(state, on))


def refusing(error: type[DomainError]) -> Answer:
    def refuse(_: object) -> WatchSchoolResponse:
        raise error

    return refuse


async def read(gateway: Outside, path: str, language: str = "ru") -> httpx2.Response:
    return await gateway.client.get(path, headers={"Accept": "text/html", "Accept-Language": language})


async def press(gateway: Outside, form_page: str, path: str, **fields: str) -> httpx2.Response:
    """Press a button of a page, as a browser that keeps the page's cookie."""
    shown = await read(gateway, form_page)
    [token] = set(re.findall(rf'name="{FORM_FIELD}" value="([^"]+)"', shown.text))
    cookies = "; ".join(one.split(";")[0] for one in shown.headers.get_list("set-cookie"))
    headers = {"Cookie": cookies, "Origin": PUBLIC, "Accept": "text/html", "Accept-Language": "ru"}
    return await gateway.client.post(path, data={FORM_FIELD: token, **fields}, headers=headers)


async def test_the_search_says_how_it_stands_with_each_school(gateway: Outside) -> None:
    planned = listing(ListedConnection.LISTED_CONNECTION_PLANNED)
    gateway.stage.on("SearchSchools", lambda _: SearchSchoolsResponse(schools=[planned], more=True))
    page = await read(gateway, "/schools?q=5")
    assert "Школа № 5" in page.text
    assert "Подключение запланировано" in page.text
    assert gateway.stage.called("SearchSchools")[0].request.title == "5"


async def test_a_search_that_finds_nothing_says_what_to_do(gateway: Outside) -> None:
    page = await read(gateway, "/schools?q=zzz")
    assert "спросите в её канцелярии" in page.text


@pytest.mark.parametrize(
    ("state", "on", "said"),
    [
        (ListedConnection.LISTED_CONNECTION_CONNECTED, "", "/account-request"),
        (ListedConnection.LISTED_CONNECTION_UNSPECIFIED, "", "/account-request"),
        (ListedConnection.LISTED_CONNECTION_PLANNED, "2027-01-11", "11.01.2027"),
        (ListedConnection.LISTED_CONNECTION_PLANNED, "", "День ещё не назначен"),
        (ListedConnection.LISTED_CONNECTION_NOT_CONNECTED, "", "канцелярии школы"),
        (ListedConnection.LISTED_CONNECTION_LEFT, "", "больше не ведёт"),
    ],
)
async def test_a_school_is_shown_with_the_next_step(
    gateway: Outside, state: ListedConnection.ValueType, on: str, said: str
) -> None:
    gateway.stage.on("GetSchool", school(state, on))
    page = await read(gateway, PAGE)
    assert page.status_code == httpx2.codes.OK
    assert said in page.text


async def test_the_pages_speak_english(gateway: Outside) -> None:
    gateway.stage.on("GetSchool", school(ListedConnection.LISTED_CONNECTION_PLANNED))
    assert "Tell me when it joins" in (await read(gateway, PAGE, "en")).text


async def test_an_address_is_given_by_a_form_and_kept_out_of_addresses(gateway: Outside) -> None:
    gateway.stage.on("GetSchool", school(ListedConnection.LISTED_CONNECTION_PLANNED))
    answer = await press(gateway, PAGE, f"{PAGE}/tell", email="parent@example.ru")
    assert answer.status_code == httpx2.codes.SEE_OTHER
    assert answer.headers["location"] == f"{PAGE}?asked"
    [call] = gateway.stage.called("WatchSchool")
    assert (call.request.school_id, call.request.email) == (SCHOOL, "parent@example.ru")
    assert "мы отправили ссылку" in (await read(gateway, f"{PAGE}?asked")).text


async def test_a_wrong_address_is_told_beside_the_form_and_kept_in_it(gateway: Outside) -> None:
    gateway.stage.on("GetSchool", school(ListedConnection.LISTED_CONNECTION_PLANNED))
    gateway.stage.on("WatchSchool", refusing(BadEmail))
    answer = await press(gateway, PAGE, f"{PAGE}/tell", email="at home")
    assert answer.status_code == httpx2.codes.BAD_REQUEST
    assert 'value="at home"' in answer.text
    assert 'aria-invalid="true"' in answer.text


@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_opening_the_link_of_a_letter_changes_nothing(gateway: Outside, method: str) -> None:
    """A25: mail servers open links."""
    for path in (LINK, f"{LINK}/confirm", f"{LINK}/stop"):
        await gateway.client.request(method, path, headers={"Accept": "text/html"})
    assert gateway.stage.calls == []


async def test_the_buttons_behind_the_link_confirm_and_forget(gateway: Outside) -> None:
    gateway.stage.on("ConfirmSchoolWatch", lambda _: ConfirmSchoolWatchResponse(school_title="Школа № 5"))
    confirmed = await press(gateway, LINK, f"{LINK}/confirm")
    assert "Адрес подтверждён" in confirmed.text
    assert "Школа № 5" in confirmed.text
    assert gateway.stage.called("ConfirmSchoolWatch")[0].request.token == "a-token"

    stopped = await press(gateway, LINK, f"{LINK}/stop")
    assert "адрес забыт" in stopped.text
    assert gateway.stage.called("EndSchoolWatch")[0].request.token == "a-token"


async def test_a_link_that_no_longer_holds_says_so(gateway: Outside) -> None:
    gateway.stage.on("ConfirmSchoolWatch", refusing(LinkUnknown))
    answer = await press(gateway, LINK, f"{LINK}/confirm")
    assert answer.status_code == httpx2.codes.NOT_FOUND
    assert "Ссылка больше не действует" in answer.text


async def test_an_id_that_is_none_is_no_page(gateway: Outside) -> None:
    assert (await read(gateway, "/schools/12")).status_code == httpx2.codes.NOT_FOUND
