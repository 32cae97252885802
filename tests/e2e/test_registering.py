"""A new person in a real browser, registered by the school; somebody shut out and let in by the operator."""

from __future__ import annotations

from typing import Final

import pytest
from playwright.async_api import Browser, Page, expect

from deploy.local.region import Region
from services.identity.commands import grant_operator
from tests.e2e.window import DESKTOP, PHONE, Window, cast, press, window

pytestmark = pytest.mark.browser

SURNAME: Final = {PHONE: "Абдурахманова-Оболенская", DESKTOP: "Константинопольская"}


async def fill(page: Page, surname: str, born: str) -> None:
    await page.get_by_label("Фамилия").fill(surname)
    await page.get_by_label("Имя", exact=True).fill("Гюльшан")
    await page.get_by_label("Отчество").fill("Вагиф кызы")
    await page.get_by_label("Дата рождения").fill(born)
    await page.get_by_label("родитель").check()


@pytest.mark.parametrize("width", [PHONE, DESKTOP])
async def test_a_registrar_registers_somebody_whom_the_search_did_not_find(
    browser: Browser, region: Region, width: int
) -> None:
    """Without a script; a mistake keeps what was typed, and nobody is registered a second time unasked."""
    async with window(browser, region, width, script=False) as registrar:
        await registrar.enter(cast(region, "registrar")["login"])
        page = registrar.page
        await page.get_by_role("link", name="Школа", exact=True).click()
        await page.get_by_role("link", name="Люди", exact=True).click()
        await page.get_by_label("Начало имени").fill(SURNAME[width])
        await press(registrar, "Найти")
        await page.get_by_role("link", name="Записать нового человека").click()
        await expect(page.locator("h1")).to_have_text("Записать человека")

        await fill(page, SURNAME[width], "31.02.1986")
        await press(registrar, "Записать")
        await expect(page.get_by_label("Дата рождения")).to_have_attribute("aria-invalid", "true")
        await expect(page.get_by_label("Фамилия")).to_have_value(SURNAME[width])
        await page.get_by_label("Дата рождения").fill("28.02.1986")
        await press(registrar, "Записать")
        await expect(page.locator("h1")).to_have_text(f"{SURNAME[width]} Гюльшан Вагиф кызы")
        await expect(page.get_by_role("status").first).to_contain_text("Человек записан")
        await registrar.expect_no_stumbles()

        await registrar.open(f"{registrar.path.partition('/people/')[0]}/new-person")
        await fill(page, SURNAME[width], "28.02.1986")
        await press(registrar, "Записать")
        await expect(page.get_by_role("heading", name="Уже записан 1 человек")).to_be_visible()
        await registrar.expect_no_stumbles()
        await page.locator(".person-line a").click()
        await expect(page.locator("h1")).to_contain_text(SURNAME[width])


async def test_an_operator_shuts_an_account_and_opens_it(browser: Browser, region: Region) -> None:
    """R51: with a reason, from the register of the region."""
    await grant_operator(region.database_url("identity"), cast(region, "yo_differs")["person_id"])
    async with window(browser, region, PHONE) as operator:
        await operator.enter(cast(region, "yo_differs")["login"])
        page = operator.page
        await operator.open("/region/register")
        await page.get_by_label("Начало имени").fill("мельник раиса")
        await press(operator, "Найти")
        await page.locator(".person-line a").first.click()

        await shut_or_open(operator, "Заблокировать вход", "Заблокировать")
        await expect(page.get_by_role("status").first).to_have_text("Вход заблокирован.")
        await expect(page.locator(".state-blocked")).to_be_visible()
        await shut_or_open(operator, None, "Открыть вход")
        await expect(page.get_by_role("status").first).to_have_text("Вход снова открыт.")
        await expect(page.locator(".state-blocked")).to_have_count(0)
        await operator.expect_no_stumbles()


async def shut_or_open(operator: Window, summary: str | None, button: str) -> None:
    if summary:
        await operator.page.get_by_text(summary, exact=True).click()
    await operator.page.get_by_label("Почему", exact=True).fill("Пароль украден")
    await press(operator, button)
