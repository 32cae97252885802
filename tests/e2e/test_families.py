"""A family in a real browser: a child added, its name, who sees the diary, and what the school says to it."""

from __future__ import annotations

import re
from http import HTTPStatus
from urllib.parse import unquote

import pytest
from playwright.async_api import Browser, expect

from deploy.local.browser import Browser as Client
from deploy.local.region import Region
from tests.e2e.town import Office, Slip
from tests.e2e.window import DESKTOP, PHONE, Window, cast, press, window
from tests.support.waiting import eventually

pytestmark = pytest.mark.browser

GUARDIAN = "Королёва Валентина"
DECISION = "Решение суда № 2-118/2026"


async def add_child(parent: Window, login: str, password: str, label: str) -> None:
    """From the family's page to the form, and back."""
    page = parent.page
    await parent.open("/family/add")
    await page.get_by_label("Логин ребёнка").fill(login)
    await page.get_by_label("Пароль ребёнка").fill(password)
    await page.get_by_label("Имя учётной записи").fill(label)
    await press(parent, "Добавить")


async def open_family(registrar: Window, school_id: str, pupil_id: str) -> None:
    """From a pupil to the pupil's family."""
    await registrar.open(f"/school/{school_id}/people/{pupil_id}")
    await registrar.page.get_by_role("link", name="Семья ученика").click()
    await expect(registrar.page.locator("h1")).to_contain_text("Семья ученика")
    await registrar.expect_no_stumbles()


async def add_and_name(parent: Window, slip: Slip) -> None:
    """A wrong password first, whose form keeps the login alone; then the right one, and another name."""
    page = parent.page
    await add_child(parent, slip.login, "not the password", "Vnuk")
    await expect(page.get_by_role("alert")).to_be_visible()
    await expect(page.get_by_label("Логин ребёнка")).to_have_value(slip.login)
    await expect(page.get_by_label("Пароль ребёнка")).to_have_value("")
    await parent.expect_no_stumbles()
    await add_child(parent, slip.login, slip.password, "Vnuk")
    await expect(page.get_by_role("status").first).to_contain_text("Ребёнок добавлен")
    child = page.locator(".family-child", has_text="Vnuk")
    await expect(child).to_contain_text("Добавлен по логину и паролю ребёнка")
    await child.locator("summary").click()
    await child.get_by_label("Имя учётной записи").fill("Vnuchok-2")
    await parent.expect_no_stumbles()
    await child.get_by_role("button", name="Сохранить имя").click()
    await expect(page.locator(".family-child", has_text="Vnuchok-2")).to_be_visible()
    await expect(page.locator(".family-child")).to_have_count(2)


async def limit_access(registrar: Window) -> None:
    """A court's decision, entered beside the guardian."""
    case = registrar.page.locator(".case", has_text=GUARDIAN)
    await expect(case).to_contain_text("по логину и паролю")
    await case.get_by_text("Ограничение по решению суда").click()
    await case.get_by_label("Совсем нет доступа").check()
    await case.get_by_label("Решение суда").fill(DECISION)
    await registrar.expect_no_stumbles()
    await case.get_by_role("button", name="Записать ограничение").click()
    await expect(registrar.page.get_by_role("status")).to_contain_text("уже действует")
    await registrar.expect_no_stumbles()


async def lift_and_end(registrar: Window) -> None:
    """The decision is revoked; then the relation ends for another reason, which stays to be read."""
    status = registrar.page.get_by_role("status")
    limit = registrar.page.locator(".case", has_text=DECISION)
    await limit.get_by_text("Снять ограничение").click()
    await limit.get_by_label("Причина").fill("Решение отменено")
    await limit.get_by_role("button", name="Снять", exact=True).click()
    await expect(status).to_contain_text("Ограничение снято")
    case = registrar.page.locator(".case", has_text=GUARDIAN)
    await case.get_by_text("Прекратить доступ").click()
    form = case.locator('form[action$="/end"]')
    await form.get_by_label("Причина").fill("Ошибочно")
    await form.get_by_role("button").click()
    await expect(status).to_contain_text("Доступ прекращён")
    await expect(registrar.page.locator(".people").last).to_contain_text("Ошибочно")


async def expect_closed_within_5_s(parent: Window, pupil_id: str) -> None:
    async def diary_is_closed() -> bool:
        answer = await parent.open(f"/pupils/{pupil_id}/week")
        return answer is not None and answer.status == HTTPStatus.FORBIDDEN

    await eventually(diary_is_closed, within=5)
    await parent.open("/family")
    await expect(parent.page.locator(".family-child")).to_have_count(1)


@pytest.mark.parametrize(("width", "script"), [(PHONE, True), (DESKTOP, False)])
async def test_a_child_is_added_named_limited_and_given_back(
    browser: Browser, region: Region, width: int, script: bool
) -> None:
    """R33, A30: by the slip; a limit closes the diary within 5 s, and no way leads round it."""
    async with Client(region.url) as http:
        office = await Office.open(region, http)
        pupil_id = await office.pupil_without_credentials()
        slip = await office.issue(pupil_id, "YOUNG_PUPIL")
    async with (
        window(browser, region, width, script=script) as parent,
        window(browser, region, width, script=script) as registrar,
    ):
        await parent.enter(cast(region, "grandmother")["login"])
        await parent.open("/family")
        await expect(parent.page.get_by_role("heading", name="Королёв Тимофей")).to_be_visible()
        await parent.expect_no_stumbles()
        await add_and_name(parent, slip)
        await registrar.enter(cast(region, "registrar")["login"])
        await open_family(registrar, office.school_id, pupil_id)
        await limit_access(registrar)

        await expect_closed_within_5_s(parent, pupil_id)
        refusal = parent.page.get_by_role("alert")
        await add_child(parent, slip.login, slip.password, "Vnuk")
        await expect(refusal).to_contain_text("Суд ограничил доступ")
        await lift_and_end(registrar)
        await add_child(parent, slip.login, slip.password, "Vnuk")
        await expect(refusal).to_contain_text("только школа")


async def test_a_registrar_registers_a_representative_on_a_document(browser: Browser, region: Region) -> None:
    """R30, R32: found as anybody is, refused without a document, and the term is kept below 18 years."""
    async with Client(region.url) as http:
        office = await Office.open(region, http)
        pupil_id = await office.pupil_without_credentials()
        guardian_id = await office.parent_without_credentials()
        name = (await office.person(guardian_id))["name"]
    async with window(browser, region, PHONE) as registrar:
        page = registrar.page
        await registrar.enter(cast(region, "registrar")["login"])
        await registrar.open(f"/school/{office.school_id}/people/{guardian_id}")
        heading = await page.locator("h1").inner_text()
        born = re.findall(r"\d\d\.\d\d\.\d{4}", await page.locator(".person-facts").inner_text())[0]
        await open_family(registrar, office.school_id, pupil_id)
        await page.get_by_role("link", name="Добавить представителя").click()
        await page.get_by_label("Фамилия").fill(name["surname"])
        await page.get_by_label("Имя", exact=True).fill(name["given_name"])
        await page.get_by_label("Отчество").fill(name.get("patronymic", ""))
        await page.get_by_label("Дата рождения", exact=True).fill(born)
        await press(registrar, "Найти")
        await page.get_by_label("Законный представитель").check()
        await press(registrar, "Записать")
        await expect(page.get_by_role("alert")).to_contain_text("Не указан документ")
        await page.get_by_label("Документ", exact=True).fill("Постановление опеки № 17")
        await press(registrar, "Записать")
        await expect(page.get_by_role("status")).to_contain_text("Законный представитель записан")
        case = page.locator(".case", has_text=heading)
        await expect(case).to_contain_text("Постановление опеки № 17")
        await registrar.expect_no_stumbles()


async def test_gosuslugi_is_asked_for_children_and_tells_what_became_of_them(
    browser: Browser, region: Region
) -> None:
    """On the person's press; whom the school has registered already stays as they are."""
    async with window(browser, region, PHONE) as parent:
        page = parent.page
        await parent.enter(cast(region, "second_parent")["login"])
        await parent.open("/family")
        await press(parent, "Найти детей через Госуслуги")
        await page.locator('button[name="decision"][value="provide"]').click()
        await page.wait_for_url(f"{region.url}/family?esia=*")
        await expect(page.get_by_role("status").first).to_contain_text("уже в вашей семье")
        assert "Журавл" not in unquote(page.url)
        await parent.expect_no_stumbles()


async def test_a_registrar_looks_at_a_queue_that_is_empty(browser: Browser, region: Region) -> None:
    async with window(browser, region, PHONE) as registrar:
        await registrar.enter(cast(region, "registrar")["login"])
        await registrar.page.get_by_role("link", name="Школа", exact=True).click()
        await registrar.page.get_by_role("link", name="Семьи", exact=True).click()
        await expect(registrar.page.locator("h1")).to_have_text("Дети из Госуслуг")
        await expect(registrar.page.get_by_role("heading", name="Никто не ждёт")).to_be_visible()
        await registrar.expect_no_stumbles()
