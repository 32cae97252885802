"""A parent whose school does not keep the diary yet waits for it, and is told once it does (R28)."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import Browser, expect

from deploy.local.region import Region
from services.diary.schools.connecting import set_connection
from tests.e2e.town import Post
from tests.e2e.window import DESKTOP, PHONE, press, window
from tests.support.newcomer import an_email

pytestmark = pytest.mark.browser

SCHOOL = "Школа-интернат № 2"


async def test_a_parent_waits_for_the_school_and_is_told_once(region: Region, browser: Browser) -> None:
    email, post = an_email(), Post(region)
    async with window(browser, region, PHONE) as parent:
        await parent.open(f"/sign-in?region={region.place.code}")
        await parent.page.get_by_role("link", name="Подключена ли моя школа?").click()
        await parent.page.get_by_label("Название или номер школы").fill("интернат")
        await press(parent, "Найти")
        await parent.page.get_by_role("link", name=SCHOOL).click()
        await expect(parent.page.locator("h1")).to_have_text(SCHOOL)
        school_id = parent.path.rpartition("/")[2]

        await parent.page.get_by_label("Электронная почта").fill(email)
        await press(parent, "Сообщить, когда подключится")
        await expect(parent.page.get_by_role("status")).to_contain_text("Проверьте почту")

    link = await post.link(email, "/schools/told/")
    async with window(browser, region, DESKTOP) as elsewhere:
        await elsewhere.open(re.sub(r"^https?://[^/]+", "", link))
        await press(elsewhere, "Да, сообщить мне")
        await expect(elsewhere.page.get_by_role("status")).to_contain_text("Адрес подтверждён")

    before = await post.newest()
    await set_connection(region.database_url("diary"), f"{school_id} CONNECTED")
    try:
        assert (await post.link(email, "/sign", after=before)).endswith("/sign-in")
    finally:
        await set_connection(region.database_url("diary"), f"{school_id} NOT_CONNECTED")
