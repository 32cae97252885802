"""From the school's slip to an account of one's own, as people do it: with paper, telephone and mailbox."""

from __future__ import annotations

import httpx2
import pyotp
import pytest
from playwright.async_api import Browser, expect

from deploy.local.browser import Browser as Client
from deploy.local.region import Region
from tests.e2e.town import Office, Post, Slip
from tests.e2e.window import DESKTOP, PHONE, Window, cast, credentials, press, window

pytestmark = pytest.mark.browser

STEP = ".progress p"
SOON = 10_000
"""Milliseconds within which a page notices what was done in another window."""


async def sign_in(person: Window, login: str, password: str) -> None:
    """By the password door, wherever that leads."""
    await person.open(f"/sign-in?region={person.region.place.code}")
    await person.page.get_by_role("textbox", name="Логин").fill(login)
    await person.page.get_by_label("Пароль", exact=True).fill(password)
    await person.page.get_by_role("button", name="Войти", exact=True).click()


async def expect_step(person: Window, number: int, title: str) -> None:
    """The person is told where they are."""
    await expect(person.page.locator("h1")).to_have_text(title)
    await expect(person.page.locator(STEP)).to_have_text(f"Шаг {number} из 5")


async def give_contacts(person: Window, email: str, mobile: str) -> None:
    await person.page.get_by_label("Электронная почта").fill(email)
    await person.page.get_by_label("Мобильный телефон").fill(mobile)
    await press(person, "Дальше")


async def correct_and_give_contacts(parent: Window, mobile: str) -> None:
    """Step 1 with a mistake of the school's, step 2 with one of the person's own."""
    await expect_step(parent, 1, "Проверьте свои данные")
    await parent.open("/cabinet")
    assert parent.path.startswith("/activation"), "nothing else is open yet"
    await expect(parent.page.locator(".data-rows")).to_contain_text("Наталья")
    await parent.page.get_by_role("link", name="Неверно: Фамилия").click()
    await parent.page.get_by_label("Как правильно: Фамилия").fill("Соболева-Ким")
    await press(parent, "Отправить в школу")
    await expect(parent.page.locator(".corrections")).to_contain_text("Школа ответит до")
    await press(parent, "Всё верно, дальше")

    await expect_step(parent, 2, "Почта и телефон")
    await give_contacts(parent, "natalia@nowhere", mobile)
    await expect(parent.page.get_by_role("alert")).to_contain_text("Адрес почты записан с ошибкой")
    await expect(parent.page.get_by_label("Электронная почта")).to_be_focused()
    await expect(parent.page.get_by_label("Мобильный телефон")).to_have_value(mobile)


async def choose_password(parent: Window, password: str) -> None:
    """Step 3: a password is judged while it is typed, can be looked at, and is refused when it is bad."""
    await expect_step(parent, 3, "Придумайте пароль")
    field = parent.page.get_by_label("Новый пароль")
    await field.fill("soboleva1")
    await expect(parent.page.locator(".rules .is-broken")).to_contain_text(["Не короче 10", "Без имени"])
    await press(parent, "Показать")
    await expect(field).to_have_attribute("type", "text")
    await press(parent, "Сохранить пароль")
    await expect(parent.page.locator(".rules .is-broken").first).to_be_visible()
    await field.fill(password)
    await expect(parent.page.get_by_text("Такой пароль подходит.")).to_be_visible()
    await press(parent, "Сохранить пароль")
    await expect_step(parent, 4, "Подтвердите почту и телефон")


async def scan(link: str) -> None:
    """What a mail server does that looks for malice behind links: open them, and press nothing."""
    async with httpx2.AsyncClient(trust_env=False) as scanner:
        for method in ("GET", "HEAD", "GET"):
            assert (await scanner.request(method, link)).status_code == 200


async def follow_link(elsewhere: Window, link: str) -> None:
    """In another browser, twice: the second time it says that it was used."""
    for told in ("Почта подтверждена", "Ссылка больше не действует"):
        await elsewhere.page.goto(link)
        await press(elsewhere, "Да, это моя почта")
        await expect(elsewhere.page.locator("h1")).to_have_text(told)


async def confirm_contacts(parent: Window, link: str, code: str, email: str) -> None:
    """Step 4: by the code of the SMS, and by the link of the letter in another browser."""
    page = parent.page
    await expect_step(parent, 4, "Подтвердите почту и телефон")
    await expect(page.get_by_role("button", name="Отправить ещё раз можно через")).to_be_disabled()
    await scan(link)
    await page.reload()
    await expect(page.locator("[data-watch]")).to_contain_text("Откройте ссылку")

    await page.get_by_label("Код из СМС").fill("000000")
    await press(parent, "Подтвердить телефон")
    await expect(page.get_by_role("alert")).to_contain_text("Осталось 4 попытки")
    await page.get_by_label("Код из СМС").fill(code)
    assert page.context.browser
    async with window(page.context.browser, parent.region, DESKTOP) as elsewhere:
        await follow_link(elsewhere, link)
    await expect(page.locator("[data-watch] .done")).to_contain_text(email, timeout=SOON)
    await expect(page.get_by_label("Код из СМС")).to_have_value(code)
    await press(parent, "Подтвердить телефон")


async def test_a_parent_activates_on_a_phone_leaving_in_the_middle_and_coming_back(
    browser: Browser, region: Region
) -> None:
    """R7–R17, A17, A25: five steps; nothing is skipped, nothing is lost, no machine confirms for anybody."""
    slip, post = Slip(**credentials(region, "newcomer")), Post(region)
    email, mobile = "natalia.aleksandrovna.soboleva-kim@example.org", "+79123450011"
    password = "лиловый паровоз 71 окно"
    async with window(browser, region, PHONE) as parent:
        await sign_in(parent, slip.login, slip.password)
        await correct_and_give_contacts(parent, mobile)
        await press(parent, "Выйти")

    async with window(browser, region, PHONE) as parent:
        await sign_in(parent, slip.login, slip.password)
        await expect_step(parent, 2, "Почта и телефон")
        await give_contacts(parent, email, "8 (912) 345-00-11")
        await choose_password(parent, password)

    async with window(browser, region, PHONE) as parent:
        await sign_in(parent, slip.login, slip.password)
        await expect(parent.page.get_by_role("alert")).to_contain_text("Логин или пароль не подходит")
        await sign_in(parent, slip.login, password)
        link, code = await post.link(email, "/confirm-email/"), await post.code(mobile)
        await confirm_contacts(parent, link, code, email)

        await expect_step(parent, 5, "Всё готово")
        await press(parent, "Открыть дневник")
        await expect(parent.page.locator("h1")).to_have_text("Учётная запись ваша")
        await parent.expect_no_stumbles()
        await parent.page.get_by_role("link", name="В кабинет").click()
        await expect(parent.page.locator(".child h3")).to_contain_text("Матвей")
        await press(parent, "Выйти")
        await sign_in(parent, slip.login, password)
        await parent.page.wait_for_url("**/cabinet")


async def activate_plainly(person: Window, slip: Slip, *, email: str, mobile: str, password: str) -> None:
    """All five steps where no script helps: the password is typed twice, the page looked at again by hand."""
    page, post = person.page, Post(person.region)
    await sign_in(person, slip.login, slip.password)
    await press(person, "Всё верно, дальше")
    await give_contacts(person, email, mobile)
    for repeated in (f"{password} ", password):
        await page.get_by_label("Новый пароль").fill(password)
        await page.get_by_label("Ещё раз, чтобы не ошибиться").fill(repeated)
        await press(person, "Сохранить пароль")
        if repeated != password:
            await expect(page.get_by_role("alert")).to_contain_text("Второй раз набрано по-другому")

    await press(person, "Отправить ещё раз")
    await expect(page.get_by_role("alert")).to_contain_text("Отправить ещё раз можно через")
    await page.get_by_label("Код из СМС").fill(await post.code(mobile))
    await press(person, "Подтвердить телефон")
    await page.goto(await post.link(email, "/confirm-email/"))
    await press(person, "Да, это моя почта")
    await page.get_by_role("link", name="Продолжить активацию на этом устройстве").click()
    await expect_step(person, 5, "Всё готово")
    await press(person, "Открыть дневник")


async def enrol(person: Window) -> list[str]:
    """The second factor, with one mistyped code; the recovery codes."""
    page = person.page
    await expect(page.locator("h1")).to_have_text("Настройте второй фактор")
    await person.open("/cabinet")
    assert person.path.startswith("/second-factor"), "nothing else is open yet"
    await press(person, "Показать картинку")
    await page.locator("summary").click()
    secret = (await page.locator(".secret-text").inner_text()).replace(" ", "")
    await page.get_by_label("Код, который показало приложение").fill("000000")
    await press(person, "Включить")
    await expect(page.get_by_role("alert")).to_contain_text("Код не подходит")
    await expect(page.locator(".qr")).to_be_visible()
    await page.get_by_label("Код, который показало приложение").fill(pyotp.TOTP(secret).now())
    await press(person, "Включить")
    await expect(page.locator("h1")).to_have_text("Сохраните резервные коды")
    await person.expect_no_stumbles()
    return await page.locator(".codes code").all_inner_texts()


async def show_recovery_code(person: Window, code: str) -> None:
    """At the second factor's page, for want of the phone."""
    await expect(person.page.locator("h1")).to_have_text("Код из приложения")
    await person.page.locator("summary").click()
    await person.page.get_by_label("Резервный код").fill(code)
    await person.page.locator("details button").click()


async def test_an_employee_activates_without_script_and_enrols_the_second_factor(
    browser: Browser, region: Region
) -> None:
    """Complete without JavaScript (R53); whose role demands it, owes a second factor after activation."""
    password = "мел доска глобус 1905"
    async with Client(region.url) as registrar:
        office = await Office.open(region, registrar)
        slip = await office.issue(cast(region, "director")["person_id"], "EMPLOYEE")
    async with window(browser, region, DESKTOP, script=False) as employee:
        page = employee.page
        await activate_plainly(
            employee, slip, email="director@example.org", mobile="+79123450022", password=password
        )
        codes = await enrol(employee)
        assert len(codes) == 10
        await page.get_by_role("link", name="Коды сохранены, дальше").click()
        await page.wait_for_url("**/cabinet")

        await page.locator(".acting summary").click()
        await press(employee, "учитель")
        await expect(page.locator(".acting strong")).to_have_text("учитель")
        await press(employee, "Выйти")

        await sign_in(employee, slip.login, password)
        await show_recovery_code(employee, codes[0].upper())
        await page.wait_for_url("**/cabinet")
        await press(employee, "Выйти")
        await sign_in(employee, slip.login, password)
        await show_recovery_code(employee, codes[0])
        await expect(page.get_by_role("alert")).to_contain_text("Код не подходит")


async def test_a_forgotten_password_comes_back_by_letter_and_by_telephone(
    browser: Browser, region: Region
) -> None:
    """The same words for a login that nobody has; the link works once; then who one is, once more."""
    post, email, mobile = Post(region), "forgetful@example.org", "+79123450033"
    async with Client(region.url) as registrar:
        office = await Office.open(region, registrar)
        slip = await office.issue(await office.parent_without_credentials(), "PARENT")
    async with window(browser, region, PHONE, script=False) as parent:
        await activate_plainly(parent, slip, email=email, mobile=mobile, password="тёплый хлеб 48 сосна")
        await press(parent, "Выйти")

    async with window(browser, region, PHONE) as parent:
        page, before = parent.page, await post.newest()
        said = []
        for login in ("nobody.1234", slip.login):
            await parent.open("/sign-in")
            await page.get_by_role("link", name="Забыли пароль?").click()
            await page.get_by_role("textbox", name="Логин").fill(login)
            await press(parent, "Отправить")
            said.append(await page.locator("main").inner_text())
        assert said[0] == said[1]
        link = await post.link(email, "/recover/", after=before)
        await scan(link)
        await page.goto(link)
        await page.get_by_label("Новый пароль").fill("коротко1")
        await press(parent, "Сохранить пароль")
        await expect(page.locator(".rules .is-broken")).to_contain_text(["Не короче 10"])
        await page.get_by_label("Новый пароль").fill("ранний поезд 63 берег")
        await press(parent, "Сохранить пароль")
        await expect(page.get_by_role("status").first).to_contain_text("Пароль изменён")
        await page.goto(link)
        await page.get_by_label("Новый пароль").fill("чужой поезд 63 берег")
        await press(parent, "Сохранить пароль")
        await expect(page.get_by_role("alert")).to_contain_text("Восстановить пароль так не получится")

        before = await post.newest()
        await page.get_by_role("link", name="Начать заново").click()
        await page.get_by_role("textbox", name="Логин").fill(slip.login)
        await page.get_by_label("Код по СМС").check()
        await press(parent, "Отправить")
        await page.get_by_label("Код из СМС").fill(await post.code(mobile, after=before))
        await page.get_by_label("Новый пароль").fill("поздний поезд 64 берег")
        await press(parent, "Сохранить пароль")
        await sign_in(parent, slip.login, "поздний поезд 64 берег")
        await page.wait_for_url("**/cabinet")

        await parent.open("/step-up?back=%2Fnotices")
        for typed in ("ранний поезд 63 берег", "поздний поезд 64 берег"):
            await page.get_by_label("Пароль", exact=True).fill(typed)
            await press(parent, "Подтвердить")
        await page.wait_for_url("**/notices")
