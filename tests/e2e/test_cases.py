"""From a refusal at the door to the registrar's answer, in a real browser."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import Browser, expect

from deploy.local.region import Region
from services.identity.commands import grant_operator
from tests.e2e.window import DESKTOP, PHONE, Window, cast, press, window

pytestmark = pytest.mark.browser

CODE = re.compile(r"([A-Z2-7]{4}-){6}[A-Z2-7]{2}")
WHY = "В паспорте всё ещё Кравцова"


async def refused_at_the_door(person: Window) -> None:
    """Somebody whose surname changed at Gosuslugi and not at school."""
    await person.through_esia(cast(person.region, "name_differs")["login"])
    await expect(person.page.locator("h1")).to_contain_text("Имя")
    assert "reason=NAME_DIFFERS" in person.path


async def open_queue(registrar: Window) -> None:
    """From the cabinet to what ESIA and the register disagree in."""
    await registrar.enter(cast(registrar.region, "registrar")["login"])
    await registrar.page.get_by_role("link", name="Школа", exact=True).click()
    queue = registrar.page.locator(".queue", has_text="Расхождения")
    await expect(queue.locator(".queue-count")).not_to_have_text("0")
    await registrar.expect_no_stumbles()
    await queue.locator("a").click()
    await expect(registrar.page.locator("h1")).to_have_text("Расхождения с Госуслугами")


@pytest.mark.parametrize("width", [PHONE, DESKTOP])
@pytest.mark.parametrize("script", [True, False], ids=["with a script", "without a script"])
async def test_who_was_refused_has_the_school_compare(
    browser: Browser, region: Region, width: int, script: bool
) -> None:
    """One press, nothing typed; the registrar sees both sides, answers, and the code tells the answer."""
    async with window(browser, region, width, script=script) as person:
        await refused_at_the_door(person)
        await press(person, "Попросить школу сверить")
        await expect(person.page.locator("h1")).to_have_text("Школа сверит ваши данные")
        code = await person.page.locator(".tracking-code").inner_text()
        assert CODE.fullmatch(code)
        assert "Кравцова" not in await person.page.locator("main").inner_text()
        await person.expect_no_stumbles()

        async with window(browser, region, width, script=script) as registrar:
            await open_queue(registrar)
            case = registrar.page.locator(".case", has_text="Кравцова")
            await expect(case.locator(".differs")).to_have_count(1)
            await expect(case.locator(".differs")).to_contain_text("Новикова")
            await expect(case).to_contain_text("человек попросил сверить сегодня")
            await registrar.expect_no_stumbles()
            await case.locator("summary").click()
            await case.get_by_label("Почему").fill(WHY)
            await registrar.expect_no_stumbles()
            await case.get_by_role("button", name="Оставить с этой причиной").click()
            await expect(registrar.page.get_by_role("status")).to_contain_text("Данные оставлены")
            await expect(registrar.page.locator(".case", has_text="Кравцова")).to_have_count(0)

        await person.page.get_by_role("link", name="Узнать ответ по коду").click()
        await person.page.get_by_label("Код просьбы").fill(code.lower())
        await press(person, "Узнать")
        await expect(person.page.locator(".comment")).to_have_text(WHY)
        await person.expect_no_stumbles()
        assert person.path.endswith("/sign-in/asked/state"), "the code is in no address"


async def test_the_refusal_of_another_browser_offers_nothing(browser: Browser, region: Region) -> None:
    """The page may be linked to by anybody; only the browser that was refused can ask."""
    async with window(browser, region) as anybody:
        await anybody.open("/sign-in/refused?reason=NAME_DIFFERS&part=surname")
        await expect(anybody.page.locator("h1")).to_be_visible()
        await expect(anybody.page.get_by_role("button", name="Попросить школу сверить")).to_have_count(0)


@pytest.mark.parametrize("width", [PHONE, DESKTOP])
async def test_the_registrar_finds_a_person_and_reads_why_they_were_refused(
    browser: Browser, region: Region, width: int
) -> None:
    """By the beginnings of two words; no name gets into an address, and nothing of the number is whole."""
    async with window(browser, region) as person:
        await refused_at_the_door(person)
    async with window(browser, region, width, script=False) as registrar:
        await registrar.enter(cast(region, "registrar")["login"])
        page = registrar.page
        await page.get_by_role("link", name="Школа", exact=True).click()
        await page.get_by_role("link", name="Люди", exact=True).click()
        await registrar.expect_no_stumbles()

        await page.get_by_label("Начало имени").fill("я")
        await press(registrar, "Найти")
        await expect(page.get_by_role("alert")).to_contain_text("Напишите больше букв")
        await page.get_by_label("Начало имени").fill("юл КРАВ")
        await press(registrar, "Найти")
        assert registrar.path.endswith("/register/find")
        await expect(page.locator(".person-line")).to_have_count(1)
        await registrar.expect_no_stumbles()
        await page.locator(".person-line a").click()

        await expect(page.locator("h1")).to_contain_text("Кравцова")
        await expect(page.locator(".case").first).to_contain_text("Имя на Госуслугах другое")
        await expect(page.locator(".case").first).to_contain_text("«Расхождения»")
        assert not re.search(r"\d{3}-\d{3}-\d{3} \d{2}", await page.locator("main").inner_text())
        await registrar.expect_no_stumbles()
        await page.get_by_label("День").fill("01.09.2020")
        await press(registrar, "Показать")
        await expect(page.locator(".case")).to_have_count(0)
        await registrar.expect_no_stumbles()


async def test_the_pages_are_in_english_too(browser: Browser, region: Region) -> None:
    async with window(browser, region, language="en-GB") as registrar:
        await registrar.enter(cast(region, "registrar")["login"])
        await registrar.page.locator('nav a[href="/school"]').first.click()
        for section, title in (
            ("cases", "Disagreements with Gosuslugi"),
            ("register", "People in the diary"),
        ):
            await registrar.page.locator(f'.office-nav a[href$="/{section}"]').first.click()
            await expect(registrar.page.locator("h1")).to_have_text(title)
            await registrar.expect_no_stumbles()


@pytest.mark.parametrize("width", [PHONE, DESKTOP])
async def test_the_operator_sees_what_waits_in_the_region(
    browser: Browser, region: Region, width: int
) -> None:
    """The queue of all schools, the search, and how many came whom nobody knows."""
    await grant_operator(region.database_url("identity"), cast(region, "yo_differs")["person_id"])
    async with window(browser, region) as person:
        await refused_at_the_door(person)
    async with window(browser, region, width) as operator:
        await operator.enter(cast(region, "yo_differs")["login"])
        page = operator.page
        await operator.open("/region")
        await operator.expect_no_stumbles()
        await page.locator(".queue", has_text="Расхождения").locator("a").click()
        await expect(page.locator(".case", has_text="Кравцова")).to_have_count(1)
        await operator.expect_no_stumbles()

        await page.locator('.office-nav a[href="/region/register"]').click()
        await page.get_by_label("Начало имени").fill("кравцова юлия")
        await press(operator, "Найти")
        await expect(page.locator(".person-line").first).to_contain_text("Гимназия")
        await operator.expect_no_stumbles()
        await page.locator(".person-line a").first.click()
        await expect(page.locator(".case").first).to_contain_text("Имя на Госуслугах другое")
        await operator.expect_no_stumbles()
        await operator.open("/region/refusals")
        await expect(page.locator("h1")).to_have_text("Отказы тем, кого нет в дневнике")
        await operator.expect_no_stumbles()
