"""Who goes by keyboard or listens to a page: where they are after something has happened."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator

import grpc
import pytest
from playwright.async_api import Browser, Page, expect

from school.identity.v1.issuing_pb2 import GetIssueJobResponse, IssueJob, IssueJobState
from services.kit.errors import DomainError
from tests.integration.gateway.office import JOB, ROOM, Office, refuse
from tests.integration.gateway.stage import Outside

pytestmark = pytest.mark.browser


class SearchTooWide(DomainError):
    status = grpc.StatusCode.INVALID_ARGUMENT
    reason = "SEARCH_TOO_WIDE"
    title = "Say more"


@pytest.fixture
async def page(browser: Browser, registrar: Office) -> AsyncIterator[Page]:
    """A window of the registrar's, before the gateway itself."""
    url = f"http://{registrar.gateway.running.address}"
    context = await browser.new_context(base_url=url, locale="en-GB")
    jar = registrar.cookies(registrar.session(roles=registrar.roles))["Cookie"]
    cookies = [pair.split("=", 1) for pair in jar.split("; ")]
    await context.add_cookies([{"name": name, "value": value, "url": url} for name, value in cookies])
    yield await context.new_page()
    await context.close()


async def test_a_part_that_is_exchanged_leaves_the_keyboard_where_it_was(
    gateway: Outside, page: Page
) -> None:
    """Progress comes by itself, and "Stop" can be reached and held all the same."""
    seen = 0

    def job(_: object) -> GetIssueJobResponse:
        nonlocal seen
        seen += 1
        running = IssueJob(
            job_id=JOB, state=IssueJobState.ISSUE_JOB_STATE_RUNNING, total_count=30, issued_count=seen
        )
        return GetIssueJobResponse(job=running)

    gateway.stage.on("GetIssueJob", job)
    await page.goto(f"{ROOM}/jobs/{JOB}")
    stop = page.get_by_role("button", name="Stop")
    await stop.focus()

    await expect(page.get_by_text(re.compile("Issued to ([2-9]|[1-9][0-9]) of 30"))).to_be_visible()

    await expect(stop).to_be_focused()


async def test_a_notice_has_a_place_to_be_announced_in_before_it_comes(page: Page) -> None:
    """Words that come into being together with their region are not read aloud."""
    await page.goto("/notices")

    assert await page.locator("#news").evaluate("(news) => getComputedStyle(news).display") == "block"
    await expect(page.locator("#news")).to_be_empty()


async def test_what_became_of_a_form_is_where_its_reader_goes_on(page: Page) -> None:
    """Not at the top again, with all the sections to go through."""
    await page.goto("/account/data?done=kept")

    await expect(page.get_by_role("status").filter(has_text="cancelled")).to_be_focused()


async def test_a_refused_field_refers_to_what_is_wrong_with_it(registrar: Office) -> None:
    """Beside its hint; and the page leads into it."""
    registrar.gateway.stage.on("FindPeople", refuse(SearchTooWide()))

    answer = await registrar.post(f"{ROOM}/find/people", surname="Королёва", given_name="Алёна")

    assert 'role="alert" id="told"' in answer.text
    assert 'aria-invalid="true" autofocus aria-describedby="told birth_date_hint"' in answer.text
