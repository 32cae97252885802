"""R34: a mother lets somebody see part of one child's diary, sees when they looked, and takes it back."""

from __future__ import annotations

import time
from urllib.parse import urlsplit

import pytest
from playwright.async_api import Browser, expect

from deploy.local.region import Region
from tests.e2e.town import Post
from tests.e2e.window import DESKTOP, PHONE, Window, cast, press, window
from tests.support.waiting import eventually

pytestmark = pytest.mark.browser

ADDRESS = "trusted.{}@example.ru"


async def invite(mother: Window, address: str) -> None:
    """The way from the cabinet to a sent invitation, with one mistake on it."""
    page = mother.page
    await mother.open("/cabinet")
    await page.locator(".child").first.get_by_role("link", name="Доверенные лица").click()
    await mother.expect_no_stumbles()
    await page.get_by_role("link", name="Пригласить доверенное лицо").click()
    await page.get_by_label("Электронная почта или логин").fill(address)
    for box in await page.locator('input[name="scope"]').all():
        await box.uncheck()
    await press(mother, "Отправить приглашение")
    await expect(page.get_by_role("alert")).to_contain_text("Не выбрано, что показывать")
    await expect(page.get_by_label("Электронная почта или логин")).to_have_value(address)
    await page.get_by_label("оценки").check()
    await press(mother, "Отправить приглашение")
    await expect(page.get_by_role("status").first).to_contain_text("Приглашение отправлено")
    await expect(page.locator("main")).to_contain_text(address)
    await mother.expect_no_stumbles()


async def accept(friend: Window, link: str) -> None:
    """From the link of the letter to the child's diary; before signing in nothing of the child is told."""
    page = friend.page
    await friend.open(link)
    await friend.expect_no_stumbles()
    await expect(page.locator("main")).to_contain_text("Если учётной записи нет")
    await page.get_by_role("link", name="Войти и посмотреть").click()
    await page.locator('form[action="/sign-in/esia"] button').click()
    await page.locator(f'button[name="person"][value="{cast(friend.region, "hyphens")["login"]}"]').click()
    await page.locator('button[name="decision"][value="provide"]').click()
    await page.wait_for_url(friend.region.url + "/**")
    if friend.path == "/welcome":
        await page.locator("main .button").click()
    await page.wait_for_url(friend.region.url + link)
    await expect(page.locator("main")).to_contain_text("оценки")
    await press(friend, "Принять")
    await expect(page.get_by_role("status").first).to_contain_text("Приглашение принято")
    await friend.expect_no_stumbles()


@pytest.mark.parametrize("width", [PHONE, DESKTOP], ids=["phone", "desk"])
async def test_a_trusted_person_sees_what_they_were_let_see_until_it_is_taken_back(
    browser: Browser, region: Region, width: int
) -> None:
    """A30: from the page of one to the page of the other within five seconds."""
    address = ADDRESS.format(width)
    async with window(browser, region, width) as mother, window(browser, region, width) as friend:
        after = await Post(region).newest()
        await mother.enter(cast(region, "parent_a")["login"])
        await invite(mother, address)
        link = urlsplit(await Post(region).link(address, "/trusted/invitation/", after=after)).path
        await accept(friend, link)

        child = friend.page.locator("section[aria-labelledby=trusted] .child")

        async def is_in_the_cabinet() -> bool:
            await friend.open("/cabinet")
            return await child.count() == 1

        await eventually(is_in_the_cabinet)
        await friend.expect_no_stumbles()
        await expect(child).to_contain_text("Вам доверено")
        await child.get_by_role("link", name="Открыть дневник").click()
        await expect(friend.page.locator(".message-title")).to_contain_text("оценки")
        await expect(friend.page.locator("td.homework").get_by_text("№")).to_have_count(0)
        await friend.expect_no_stumbles()
        week = friend.path

        await mother.page.reload()
        await mother.page.get_by_role("link", name="Кто смотрел").click()
        await expect(mother.page.locator(".account-line").first).to_contain_text(
            cast(region, "hyphens")["name"]
        )
        await mother.expect_no_stumbles()
        await mother.page.go_back()
        withdrawn = time.monotonic()
        await press(mother, "Отозвать доступ")
        await expect(mother.page.get_by_role("status").first).to_contain_text("Доступ закрыт")
        while True:
            answer = await friend.open(week)
            if answer is not None and answer.status == 403:
                break
            assert time.monotonic() - withdrawn < 5
        await expect(friend.page.locator("h1")).to_have_text("Этот дневник вам недоступен")


async def test_a_link_that_was_used_says_so_and_a_stranger_sees_no_list(
    browser: Browser, region: Region
) -> None:
    async with window(browser, region) as stranger:
        await stranger.enter(cast(region, "hyphens")["login"])
        await stranger.open("/trusted/invitation/AAAAAAAAAAAAAAAAAAAAAA")
        await expect(stranger.page.get_by_role("alert")).to_contain_text("Приглашение не действует")
        await stranger.expect_no_stumbles()
        child = cast(region, "pupil_under_14")["person_id"]
        for page in ("trusted", "trusted/invite", "trusted/views"):
            answer = await stranger.open(f"/pupils/{child}/{page}")
            assert answer is not None
            assert answer.status == 403
        await stranger.open("/trusted")
        await stranger.expect_no_stumbles()
