"""One's own account: everything under `/account`, as a parent on a phone looks after it."""

from __future__ import annotations

import json

import pytest
from playwright.async_api import Browser, expect

from deploy.local.region import Region
from tests.e2e.town import Post
from tests.e2e.window import DESKTOP, PHONE, Window, cast, press, window

pytestmark = pytest.mark.browser

ROOMS = (
    "registered",
    "login",
    "password",
    "second-factor",
    "binding",
    "contacts",
    "contacts/email",
    "contacts/mobile",
    "sessions",
    "history",
    "messages",
    "consents",
    "data",
    "data/read",
    "data/erase",
)


async def give_email(parent: Window, email: str) -> None:
    """A new address holds once the link that went there was followed; before, it can be taken back."""
    page, post = parent.page, Post(parent.region)
    for takes_back in (True, False):
        await parent.open("/account/contacts/email")
        await page.get_by_label("Электронная почта").fill(email)
        await press(parent, "Отправить ссылку")
        waits = page.get_by_text(f"Ждёт подтверждения: {email}")
        await expect(waits).to_be_visible()
        if takes_back:
            await press(parent, "Отменить смену")
            await expect(waits).to_have_count(0)
            # A message to the same address may be asked for once a minute; another one need not wait.
            email = f"still.{email}"
    await page.goto(await post.link(email, "/confirm-email/"))
    await press(parent, "Да, это моя почта")
    await parent.open("/account/contacts")
    await expect(page.locator("#email .contact-value")).to_have_text(email)


async def agree_and_withdraw(parent: Window) -> None:
    """A consent is given, found among all consents, and withdrawn after its consequence was read (R35)."""
    page = parent.page
    await parent.open("/account/consents")
    await page.locator("section", has_text="Сообщения на почту").get_by_role("link", name="Прочитать").click()
    await expect(page.locator(".wording")).to_be_visible()
    await parent.expect_no_stumbles()
    await parent.open("/account/consents")
    section = page.locator("section", has_text="Сообщения на почту").first
    await section.get_by_role("button", name="Согласиться").click()
    await expect(page.get_by_role("status").first).to_have_text("Согласие записано.")
    await section.get_by_role("link", name="Отозвать").click()
    await expect(page.locator("h1")).to_have_text("Отозвать согласие?")
    await press(parent, "Отозвать")
    await expect(page.get_by_role("status").first).to_have_text("Согласие отозвано.")


async def take_data_and_think_twice(parent: Window) -> None:
    """The copy as a file; an erasure asked for and taken back."""
    page, person = parent.page, cast(parent.region, "second_parent")
    await parent.open("/account/data")
    async with page.expect_download() as download:
        await press(parent, "Скачать файлом")
    file = await (await download.value).path()
    assert person["person_id"] in json.dumps(json.loads(file.read_text("utf-8")))

    await page.get_by_role("link", name="Что будет удалено").click()
    await press(parent, "Удалить через три дня")
    await expect(page.get_by_role("status").first).to_contain_text("Данные будут удалены")
    await press(parent, "Отменить удаление")
    await expect(page.get_by_role("status").first).to_contain_text("Удаление отменено")


@pytest.mark.parametrize("width", [PHONE, DESKTOP])
async def test_every_room_of_the_account_can_be_used_on_a_phone_and_on_a_desk(
    browser: Browser, region: Region, width: int
) -> None:
    async with window(browser, region, width) as parent:
        await parent.enter(cast(region, "second_parent")["login"])
        await parent.page.get_by_role("link", name="Профиль").click()
        await expect(parent.page.locator("h1")).to_have_text("Учётная запись")
        await parent.expect_no_stumbles()
        for room in ROOMS:
            answer = await parent.open(f"/account/{room}")
            assert answer
            assert answer.status == 200
            assert parent.path == f"/account/{room}", "a proof a moment ago is recent enough"
            await parent.expect_no_stumbles()


async def test_a_parent_looks_after_the_account_on_a_phone(browser: Browser, region: Region) -> None:
    """R12, R35: contacts confirmed, other devices signed out, consents, one's own data; the history tells."""
    login = cast(region, "second_parent")["login"]
    async with window(browser, region, DESKTOP) as elsewhere, window(browser, region, PHONE) as parent:
        await elsewhere.enter(login)
        await parent.enter(login)
        await parent.open("/account/sessions")
        await expect(parent.page.locator(".device").nth(1)).to_be_visible()
        await press(parent, "Выйти на всех остальных")
        await expect(parent.page.locator(".device")).to_have_count(1)
        await elsewhere.open("/cabinet")
        assert elsewhere.path.startswith("/sign-in"), "signed out there as well"
        # Its live stream was closed and asks in vain: that is what the browser complains of.
        elsewhere.complaints[:] = [told for told in elsewhere.complaints if "401" not in told]

        await give_email(parent, "andrei@example.org")
        await agree_and_withdraw(parent)
        await take_data_and_think_twice(parent)

        await parent.open("/account/history")
        history = parent.page.locator(".account-title")
        for deed in ("Контакт подтверждён", "Отозвано согласие", "Удаление данных отменено"):
            await expect(history.filter(has_text=deed).first).to_be_visible()
        await parent.open("/account/messages")
        await expect(parent.page.get_by_text("Ссылка для подтверждения почты").first).to_be_visible()
