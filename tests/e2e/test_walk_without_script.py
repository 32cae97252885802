"""The main road with JavaScript switched off: slower to the eye, and complete (R53)."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from playwright.async_api import Browser, expect

from deploy.local.region import Region
from tests.e2e.window import DESKTOP, PHONE, cast, showcase, window

pytestmark = pytest.mark.browser


async def test_a_parent_enters_and_reads_the_week(browser: Browser, region: Region) -> None:
    async with window(browser, region, PHONE, script=False) as parent:
        await parent.enter(cast(region, "second_parent")["login"])
        await parent.page.locator(".child .button").first.click()
        await expect(parent.page.locator(".day")).to_have_count(6)
        await expect(parent.page.locator("[data-print]")).to_be_hidden()

        first = await parent.page.locator(".day").first.get_attribute("id")
        await parent.page.locator('.turn [rel="prev"]').click()
        await expect(parent.page.locator(".day").first).not_to_have_attribute("id", first or "")

        # Whatever day it is: then there are no lessons yet, and the page leads back to the last.
        ahead = date.fromisoformat(showcase(region)["day"]) + timedelta(weeks=60)
        await parent.open(f"/pupils/{showcase(region)['pupil_id']}/week?date={ahead}")
        await parent.expect_no_stumbles()
        await parent.page.get_by_role("link", name="К последним урокам").click()
        lesson = parent.page.locator(".subject details").first
        await lesson.locator("summary").click()
        await expect(lesson.locator("dl")).to_be_visible()


async def test_a_teacher_marks_removes_and_puts_back(browser: Browser, region: Region) -> None:
    there = showcase(region)
    async with window(browser, region, DESKTOP, script=False) as teacher:
        await teacher.enter(cast(region, "teacher")["login"])
        await teacher.open(f"/lessons/{there['lesson_id']}")
        row = teacher.page.locator(f"#p-{there['pupil_id']}")
        cell = row.locator(".cell-input")
        mark = "4" if await cell.input_value() == "5" else "5"

        await cell.fill(mark)
        await row.get_by_role("button", name="Сохранить").click()
        await expect(row.locator(".row-message")).to_have_text("Сохранено")
        await expect(cell).to_have_value(mark)

        await row.locator("summary").click()
        await row.get_by_role("button", name=f"Убрать отметку {mark}").click()
        await expect(row.locator(".row-message")).to_have_text(f"Отметка {mark} убрана.")
        await row.get_by_role("button", name=f"Вернуть {mark}").click()
        await expect(cell).to_have_value(mark)

        await cell.fill("6")
        await row.get_by_role("button", name="Сохранить").click()
        await expect(row.get_by_role("alert")).to_contain_text("Такой отметки в школе нет")
        await expect(cell).to_have_value("6")


async def test_a_page_left_open_does_not_overwrite_a_newer_mark(browser: Browser, region: Region) -> None:
    """The plain form carries the version it was made from."""
    there = showcase(region)
    async with (
        window(browser, region, DESKTOP, script=False) as one,
        window(browser, region, PHONE, script=False) as other,
    ):
        for teacher in (one, other):
            await teacher.enter(cast(region, "teacher")["login"])
            await teacher.open(f"/lessons/{there['lesson_id']}")
        row, late = (teacher.page.locator(f"#p-{there['pupil_id']}") for teacher in (one, other))
        mark = "4" if await row.locator(".cell-input").input_value() == "5" else "5"
        await row.locator(".cell-input").fill(mark)
        await row.get_by_role("button", name="Сохранить").click()
        await expect(row.locator(".row-message")).to_have_text("Сохранено")

        await late.locator(".cell-input").fill("2")
        await late.get_by_role("button", name="Сохранить").click()

        await expect(late.get_by_role("alert")).to_contain_text(f"Сейчас стоит {mark}. Ваша 2 не записана.")
        await expect(late.locator(".cell-input")).to_have_value(mark)
        await other.expect_no_stumbles()


async def test_homework_and_a_remark_reach_the_family(browser: Browser, region: Region) -> None:
    """R36: written in plain forms, read in the week."""
    there = showcase(region)
    homework, remark = "§ 12, упр. 118 (устно)", "Помог товарищу разобрать задачу"
    async with (
        window(browser, region, PHONE, script=False) as teacher,
        window(browser, region, PHONE, script=False) as parent,
    ):
        await teacher.enter(cast(region, "teacher")["login"])
        await teacher.open(f"/lessons/{there['lesson_id']}")
        await teacher.page.locator("#homework-text").fill(homework)
        await teacher.page.get_by_role("button", name="Сохранить задание").click()
        await expect(teacher.page.get_by_role("status").first).to_have_text("Сохранено")
        row = teacher.page.locator(f"#p-{there['pupil_id']}")
        await row.locator("summary").click()
        await teacher.expect_no_stumbles()
        await row.get_by_label("Замечание семье").fill(remark)
        await row.get_by_role("button", name="Записать замечание").click()
        await expect(row.locator(".row-message")).to_have_text("Сохранено")

        await parent.enter(cast(region, "second_parent")["login"])
        await parent.open(f"/pupils/{there['pupil_id']}/week?date={there['day']}")
        day = parent.page.locator(f"#d-{there['day']}")
        await expect(day).to_contain_text(homework)
        await expect(day).to_contain_text(remark)
