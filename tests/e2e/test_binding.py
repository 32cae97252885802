"""The password road with its confirmation, unbinding and relinking; a parent does it all without script."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import httpx2
import pytest
from playwright.async_api import Browser, expect

from deploy.local.browser import Browser as Client
from deploy.local.region import Region
from tests.e2e.test_activation import activate_plainly, sign_in
from tests.e2e.town import Office
from tests.e2e.window import DESKTOP, PHONE, Window, cast, press, window

pytestmark = pytest.mark.browser

ROLE = "stranger_without_snils"
PASSWORD = "сиреневый трамвай 48 мост"


@asynccontextmanager
async def become(region: Region, person: Mapping[str, Any]) -> AsyncIterator[None]:
    """Have the stranger's account at ESIA, which has no SNILS, be that of a registered person."""
    stand, name = region.esia_url, person["name"]
    changes = {
        "surname": name["surname"],
        "given_name": name["given_name"],
        "patronymic": name["patronymic"] or None,
        "birth_date": person["birth_date"],
    }
    async with httpx2.AsyncClient(trust_env=False) as http:
        found = (
            await http.get(f"{stand}/stand/people", params={"login": cast(region, ROLE)["login"]})
        ).json()
        url = f"{stand}/stand/people/{found['oid']}"
        answer = await http.patch(url, json=changes)
        assert answer.status_code == httpx2.codes.OK, answer.text
        try:
            yield
        finally:
            await http.patch(url, json={field: found[field] for field in changes})


async def give_password(parent: Window, login: str, password: str) -> None:
    """Through ESIA, which gives no SNILS, to the question for login and password, and the answer."""
    await parent.open(f"/sign-in?region={parent.region.place.code}")
    await parent.page.locator('form[action="/sign-in/esia"] button').click()
    known = parent.page.locator(f'button[name="person"][value="{cast(parent.region, ROLE)["login"]}"]')
    if await known.count():
        # The first time; later on ESIA has a session of its own, and asks for consent at once (R19).
        await known.click()
    await parent.page.locator('button[name="decision"][value="provide"]').click()
    await parent.page.wait_for_url("**/sign-in/link")
    await parent.page.get_by_role("textbox", name="Логин").fill(login)
    await parent.page.get_by_label("Пароль", exact=True).fill(password)
    await press(parent, "Продолжить")


async def bind(parent: Window, login: str, name: str) -> None:
    """The whole road: the page names the person, who confirms."""
    await give_password(parent, login, PASSWORD)
    await expect(parent.page.locator("h1")).to_have_text("Это вы?")
    await expect(parent.page.locator(".welcome-name")).to_have_text(name)
    await press(parent, "Да, это я — связать и войти")
    await parent.page.wait_for_url("**/welcome")


async def decline(parent: Window, login: str) -> None:
    """A8: who reads somebody else's name says so, and nothing is bound."""
    await give_password(parent, login, PASSWORD)
    await press(parent, "Нет, это не я")
    await expect(parent.page.locator("h1")).to_have_text("Профиль не связан")
    await parent.expect_no_stumbles()
    await parent.open("/account/binding")
    await expect(parent.page.get_by_role("heading", name="Профиль не связан")).to_be_visible()
    await parent.expect_no_stumbles()


async def unbind(parent: Window) -> None:
    """By the person: out at once, for that was the door they came in by."""
    await parent.open("/account/binding")
    await expect(parent.page.get_by_role("heading", name="Профиль связан")).to_be_visible()
    await press(parent, "Отвязать")
    await expect(parent.page.get_by_role("status").first).to_contain_text("Профиль Госуслуг отвязан")
    assert parent.path.startswith("/sign-in")


async def test_a_parent_confirms_unbinds_and_relinks_and_the_school_unbinds(
    browser: Browser, region: Region
) -> None:
    """R4, R22, A7, A8: activate, confirm who one is, unbind, relink by the same road; the registrar's way."""
    async with Client(region.url) as registrar:
        office = await Office.open(region, registrar)
        person_id = await office.parent_without_credentials()
        slip, person = await office.issue(person_id, "PARENT"), await office.person(person_id)
        name = " ".join(
            filter(None, (person["name"][part] for part in ("surname", "given_name", "patronymic")))
        )
        async with become(region, person), window(browser, region, PHONE, script=False) as parent:
            await give_password(parent, slip.login, slip.password)
            await expect(parent.page.locator("h1")).to_have_text("Сначала активируйте запись дневника")
            await parent.page.get_by_role("link", name="Войти и активировать").click()
            await activate_plainly(
                parent, slip, email="unbinding@example.org", mobile="+79160004848", password=PASSWORD
            )

            await decline(parent, slip.login)
            await bind(parent, slip.login, name)
            await unbind(parent)
            await sign_in(parent, slip.login, PASSWORD)
            await parent.open("/account/binding")
            await expect(parent.page.get_by_role("heading", name="Профиль не связан")).to_be_visible()
            await expect(parent.page.get_by_text("по желанию")).to_be_visible()
            await bind(parent, slip.login, name)

            async with window(browser, region, DESKTOP) as desk:
                await desk.enter(cast(region, "registrar")["login"])
                await desk.open(f"/school/{office.school_id}/people/{person_id}")
                await desk.page.get_by_role("link", name="Профиль Госуслуг").click()
                await desk.page.get_by_label("доступ к профилю потерян").check()
                await press(desk, "Отвязать")
                await expect(desk.page.get_by_role("status").first).to_have_text("Профиль Госуслуг отвязан.")
                await expect(desk.page.get_by_text("школой: доступ к профилю потерян")).to_be_visible()
                await desk.expect_no_stumbles()

            await parent.open("/cabinet")
            assert parent.path.startswith("/sign-in"), "whatever was open has ended"
