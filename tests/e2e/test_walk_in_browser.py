"""The region's main job in a real browser, on a phone and on a desk: enter, read, mark, be told."""

from __future__ import annotations

import asyncio
import re

import pytest
from playwright.async_api import Browser, Locator, Page, expect

from deploy.local.region import Region
from tests.e2e.window import DESKTOP, PHONE, Window, cast, credentials, showcase, window

pytestmark = pytest.mark.browser

SOON = 10_000
"""Milliseconds within which an event must have had its effect on an open page."""


def week_of_showcase(region: Region) -> str:
    there = showcase(region)
    return f"/pupils/{there['pupil_id']}/week?date={there['day']}"


def marks_of_lesson(page: Page, region: Region, subject: str) -> Locator:
    """The mark's cell of a subject on the showcase's day."""
    day = page.locator(f"#d-{showcase(region)['day']}")
    return day.locator("tr.line", has=page.get_by_text(subject, exact=True)).locator("td.marks")


async def journal_cell(teacher: Window) -> Locator:
    """The showcase pupil's cell in the journal of the showcase's lesson, which is opened."""
    there = showcase(teacher.region)
    await teacher.open(f"/lessons/{there['lesson_id']}")
    return teacher.page.locator(f"#m-{there['pupil_id']}")


def another_than(present: str) -> str:
    return "4" if present == "5" else "5"


@pytest.mark.parametrize(
    ("width", "role"), [(PHONE, "no_patronymic"), (DESKTOP, "two_zones")], ids=["phone", "desk"]
)
async def test_a_parent_is_bound_through_esia_and_reads_the_week(
    browser: Browser, region: Region, width: int, role: str
) -> None:
    """R21, R26: chosen region, Gosuslugi, "bound: who, which children", cabinet, the week.

    First entries: of persons who enter in no other test.
    """
    async with window(browser, region, width) as parent:
        await parent.open("/")
        await parent.expect_no_stumbles()
        await parent.page.locator(".regions-here a").first.click()
        await expect(parent.page.locator("h1")).to_have_text("Вход в дневник")

        await parent.through_esia(cast(region, role)["login"])

        assert parent.path == "/welcome"
        await parent.expect_no_stumbles()
        await expect(parent.page.locator("h1")).to_have_text("Профиль Госуслуг связан")
        await expect(parent.page.locator(".welcome-name")).to_have_text(cast(region, role)["name"])
        await expect(parent.page.locator(".welcome-children .class-title")).not_to_have_count(0)

        await parent.page.locator("main .button").click()
        await parent.page.wait_for_url("**/cabinet")
        await parent.expect_no_stumbles()
        children = await parent.page.locator(".child h3").all_inner_texts()
        assert children

        await parent.page.locator(".child .button").first.click()
        await expect(parent.page.locator(".day")).to_have_count(6)
        await parent.expect_no_stumbles()
        await expect(parent.page.locator("h1")).to_have_text(children[0])


@pytest.mark.parametrize("width", [PHONE, DESKTOP], ids=["phone", "desk"])
async def test_a_mark_appears_at_the_parents_while_the_page_is_open(
    browser: Browser, region: Region, width: int
) -> None:
    """R26, R36: set by keyboard in the journal; at once in the open week, announced and counted."""
    async with window(browser, region, width) as parent, window(browser, region, DESKTOP) as teacher:
        await parent.enter(cast(region, "second_parent")["login"])
        async with parent.page.expect_response("**/v1/me/notices:watch"):
            await parent.open(week_of_showcase(region))
        before = int(await parent.page.locator("#unread").get_attribute("data-count") or 0)

        await teacher.enter(cast(region, "teacher")["login"])
        cell = await journal_cell(teacher)
        await teacher.expect_no_stumbles()
        subject = await teacher.page.locator("h1 span, h1").first.inner_text()
        subject = subject.split("\n")[0].rsplit(" ", 1)[0].strip()
        mark = another_than(await cell.input_value())
        await cell.fill(mark)
        await cell.press("Enter")
        row = teacher.page.locator(f"#p-{showcase(region)['pupil_id']}")
        await expect(row.locator(".row-message")).to_have_text(re.compile("Сохранено"))

        await expect(marks_of_lesson(parent.page, region, subject)).to_contain_text(mark, timeout=SOON)
        await expect(parent.page.locator("#news")).to_contain_text(subject)
        await expect(parent.page.locator("#unread")).to_have_attribute("data-count", str(before + 1))

        await parent.open("/notices")
        await parent.expect_no_stumbles()
        await expect(parent.page.locator(".notice.is-unread").first).to_contain_text(subject)
        await parent.page.get_by_role("button", name="Отметить все прочитанными").click()
        await expect(parent.page.locator(".notice.is-unread")).to_have_count(0)
        await expect(parent.page.locator("#unread")).to_be_hidden()


async def test_a_removed_mark_can_be_put_back(browser: Browser, region: Region) -> None:
    async with window(browser, region, DESKTOP) as teacher:
        await teacher.enter(cast(region, "teacher")["login"])
        cell = await journal_cell(teacher)
        row = teacher.page.locator(f"#p-{showcase(region)['pupil_id']}")
        mark = another_than(await cell.input_value())
        await cell.fill(mark)
        await cell.press("Enter")
        await expect(row).to_have_attribute("data-mark", mark)

        await cell.fill("")
        await cell.press("Enter")
        await expect(row.locator(".row-message")).to_contain_text(f"Отметка {mark} убрана")
        await row.get_by_role("button", name=f"Вернуть {mark}").click()

        await expect(row).to_have_attribute("data-mark", mark)
        await expect(cell).to_have_value(mark)


async def test_a_colleague_who_was_faster_is_not_overwritten(browser: Browser, region: Region) -> None:
    """STALE_MARK: the present mark is shown, the refused one is named, and nothing is lost."""
    async with window(browser, region, DESKTOP) as one, window(browser, region, PHONE) as other:
        await one.enter(cast(region, "teacher")["login"])
        await other.enter(cast(region, "teacher")["login"])
        cell, late = await journal_cell(one), await journal_cell(other)
        present = await cell.input_value()
        first = another_than(present)
        await cell.fill(first)
        await cell.press("Enter")
        row = one.page.locator(f"#p-{showcase(region)['pupil_id']}")
        await expect(row).to_have_attribute("data-mark", first)

        await late.fill("3")
        await late.press("Enter")

        told = other.page.locator(f"#p-{showcase(region)['pupil_id']} .row-message")
        await expect(told).to_contain_text(f"Сейчас стоит {first}. Ваша 3 не записана.")
        await expect(late).to_have_value(first)
        # The conflict answers 409, which the browser writes to its console.
        other.complaints.clear()


async def test_a_mark_by_touch_goes_on_to_the_next_pupil(browser: Browser, region: Region) -> None:
    async with window(browser, region, PHONE) as teacher:
        await teacher.enter(cast(region, "teacher")["login"])
        cell = await journal_cell(teacher)
        mark = another_than(await cell.input_value())
        await cell.tap()
        await expect(teacher.page.locator("#pad")).to_be_visible()
        await teacher.expect_no_stumbles()

        await teacher.page.locator(f'#pad [data-mark="{mark}"]').tap()

        row = teacher.page.locator(f"#p-{showcase(region)['pupil_id']}")
        await expect(row).to_have_attribute("data-mark", mark)
        focused = await teacher.page.evaluate(
            "document.activeElement.closest('.row').previousElementSibling.id"
        )
        assert focused == f"p-{showcase(region)['pupil_id']}"


async def test_a_parent_without_snils_is_bound_by_the_schools_password(
    browser: Browser, region: Region
) -> None:
    """R22: told plainly, offered the password road, and through it; afterwards ESIA alone is enough (R24)."""
    role = "parent_b_without_snils"
    async with window(browser, region, PHONE) as parent:
        await parent.through_esia(cast(region, role)["login"])
        assert parent.path == "/sign-in/link"
        await parent.expect_no_stumbles()
        await expect(parent.page.locator("h1")).to_have_text("В вашем профиле Госуслуг нет СНИЛС")

        issued = credentials(region, role)
        await parent.page.get_by_role("textbox", name="Логин").fill(issued["login"])
        await parent.page.get_by_label("Пароль", exact=True).fill("not-the-password")
        await parent.page.get_by_role("button", name="Продолжить").click()
        await expect(parent.page.get_by_role("alert")).to_contain_text("Логин или пароль не подходит")
        await expect(parent.page.get_by_role("textbox", name="Логин")).to_have_value(issued["login"])
        await parent.expect_no_stumbles()

        await parent.page.get_by_label("Пароль", exact=True).fill(issued["password"])
        await parent.page.get_by_role("button", name="Продолжить").click()
        await expect(parent.page.locator("h1")).to_have_text("Это вы?")
        await expect(parent.page.locator(".welcome-name")).to_have_text(cast(region, role)["name"])
        await expect(parent.page.locator(".welcome-children")).to_contain_text("родитель")
        await parent.expect_no_stumbles()

        await parent.page.get_by_role("button", name="Да, это я").click()
        await parent.page.wait_for_url("**/welcome")
        await expect(parent.page.locator(".welcome-name")).to_have_text(cast(region, role)["name"])

    async with window(browser, region, DESKTOP) as again:
        await again.through_esia(cast(region, role)["login"])
        assert again.path == "/cabinet"


@pytest.mark.parametrize(
    ("role", "told"),
    [
        ("stranger", "Школы региона не знают вашего СНИЛС"),
        ("name_differs", "Имя в Госуслугах и в школе не совпадает"),
    ],
)
async def test_who_cannot_be_bound_is_told_exactly_why(
    browser: Browser, region: Region, role: str, told: str
) -> None:
    """R23, R25: never silently; the reason and a next step; no code of ESIA stays in the address."""
    async with window(browser, region, PHONE) as person:
        await person.through_esia(cast(region, role)["login"])

        assert person.path.startswith("/sign-in/refused?reason=")
        assert "code=" not in person.page.url
        await expect(person.page.locator("h1")).to_have_text(told)
        await expect(person.page.get_by_role("heading", name="Что делать")).to_be_visible()
        await person.expect_no_stumbles()

        await person.open("/cabinet")
        await expect(person.page.locator("h1")).to_have_text("Вход в дневник")


async def test_who_refuses_consent_comes_back_to_kind_words(browser: Browser, region: Region) -> None:
    """R20."""
    async with window(browser, region, PHONE) as person:
        await person.through_esia(cast(region, "stranger_without_snils")["login"], decision="refuse")

        await expect(person.page.locator("h1")).to_have_text("Вы не дали согласия на Госуслугах")
        await person.expect_no_stumbles()


async def test_a_stranger_does_not_open_a_foreign_diary(browser: Browser, region: Region) -> None:
    """R51, A34."""
    async with window(browser, region, PHONE) as other:
        await other.enter(cast(region, "namesake_one")["login"])

        answer = await other.open(week_of_showcase(region))

        assert answer
        assert answer.status == 403
        await expect(other.page.locator("h1")).to_have_text("Этот дневник вам недоступен")
        await other.expect_no_stumbles()
        await other.page.get_by_role("link", name="В кабинет", exact=True).click()
        await other.page.wait_for_url("**/cabinet")


async def test_after_signing_out_one_signs_in_and_comes_back_to_the_same_page(
    browser: Browser, region: Region
) -> None:
    issued = credentials(region, "teacher_parent")
    async with window(browser, region, PHONE) as person:
        await person.enter(cast(region, "teacher_parent")["login"])
        await person.expect_no_stumbles()
        await person.page.locator("main .taught, main .child a").first.wait_for()
        await person.open("/lessons")
        await person.expect_no_stumbles()

        await person.page.get_by_role("button", name="Выйти").click()
        await expect(person.page.get_by_role("status").first).to_have_text("Вы вышли из дневника.")

        await person.open("/lessons")
        assert person.path == "/sign-in?back=%2Flessons"
        await person.expect_no_stumbles()
        await person.page.get_by_role("textbox", name="Логин").fill(issued["login"])
        await person.page.get_by_label("Пароль", exact=True).fill(issued["password"])
        await person.page.get_by_role("button", name="Войти", exact=True).click()
        await person.page.wait_for_url("**/lessons")
        await expect(person.page.locator("h1")).to_have_text("Мои уроки")


async def test_the_language_is_switched_and_remembered(browser: Browser, region: Region) -> None:
    async with window(browser, region, PHONE, language="en-GB") as person:
        await person.open("/")
        await expect(person.page.locator("h1")).to_have_text("Choose your region")

        await person.page.get_by_role("link", name="Русский").click()
        await expect(person.page.locator("h1")).to_have_text("Выберите регион")

        await person.open("/sign-in")
        await expect(person.page.locator("html")).to_have_attribute("lang", "ru")


async def test_a_page_that_does_not_exist_leads_on(browser: Browser, region: Region) -> None:
    async with window(browser, region, PHONE) as person:
        answer = await person.open("/nowhere")

        assert answer
        assert answer.status == 404
        await expect(person.page.locator("h1")).to_have_text("Такой страницы нет")
        await person.expect_no_stumbles()


async def test_while_the_diary_is_silent_the_cabinet_still_opens(browser: Browser, region: Region) -> None:
    """R52: each page shows what answers, says what does not, and recovers by itself."""
    async with window(browser, region, PHONE) as parent:
        await parent.enter(cast(region, "second_parent")["login"])
        children = parent.page.locator(".child h3")
        names = await children.all_inner_texts()
        await region.stop("diary")
        try:
            await parent.open("/cabinet")
            assert await children.all_inner_texts() == names
            await expect(parent.page.get_by_text("Не всё сейчас отвечает")).to_be_visible()
            await parent.expect_no_stumbles()

            answer = await parent.open(week_of_showcase(region))
            assert answer
            assert answer.status == 503
            await expect(parent.page.get_by_role("heading", name="Что работает и сейчас")).to_be_visible()
            await parent.expect_no_stumbles()
        finally:
            await region.start("diary")

        again = parent.page.get_by_role("link", name="Попробовать ещё раз")
        days = parent.page.locator(".day")
        async with asyncio.timeout(SOON / 1000):
            while await days.count() == 0:
                await again.click()
