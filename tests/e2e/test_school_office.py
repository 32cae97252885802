"""A school's office in a real browser: slips on paper, a whole class, corrections, requests from home."""

from __future__ import annotations

import re
from typing import Final

import pytest
from playwright.async_api import Browser, Dialog, expect

from deploy.local.region import Region
from services.identity.commands import grant_operator
from tests.e2e.town import Post
from tests.e2e.window import DESKTOP, PHONE, Window, cast, window

pytestmark = pytest.mark.browser

SOON: Final = 30_000
"""Milliseconds within which a class is issued to: each password is hashed as slowly as any."""
NOBODY: Final = "логина нет"
PATRONYMIC: Final = re.compile("вич|вна")
"""In a name of three words: of others the office could not tell where one part ends."""
PASSWORD: Final = re.compile(r"[a-z0-9A-Z-]{12,}")


async def enter_office(person: Window, role: str) -> None:
    """Sign in and open the office."""
    await person.enter(cast(person.region, role)["login"])
    await person.page.get_by_role("link", name="Школа", exact=True).click()
    await expect(person.page.locator("h1")).to_have_text("Школа")
    await person.expect_no_stumbles()


async def open_class(person: Window, title: str) -> None:
    """From the overview to a class."""
    line = person.page.locator(".class-line", has=person.page.get_by_text(title, exact=True))
    await line.click()
    await expect(person.page.locator("h1")).to_contain_text(title)
    await person.expect_no_stumbles()


async def fill_person(person: Window, name: str, born: str) -> None:
    surname, given_name, *patronymic = name.split(" ", 2)
    await person.page.get_by_label("Фамилия").fill(surname)
    await person.page.get_by_label("Имя", exact=True).fill(given_name)
    await person.page.get_by_label("Отчество").fill(" ".join(patronymic))
    await person.page.get_by_label("Дата рождения", exact=True).fill(born)


async def somebody_without_login(registrar: Window, title: str) -> tuple[str, str]:
    """Name and birth date of a guardian of a class who has nothing to enter with."""
    await open_class(registrar, title)
    without = registrar.page.locator(".guardians .person-line", has_text=NOBODY).filter(has_text=PATRONYMIC)
    await without.locator("a").first.click()
    name = await registrar.page.locator("h1").inner_text()
    facts = await registrar.page.locator(".person-facts").inner_text()
    return name, facts[:10]


async def tick_documents(registrar: Window) -> None:
    for box in await registrar.page.locator('input[name="document"]').all():
        await box.check()


async def test_a_registrar_finds_a_person_issues_a_slip_and_prints_it(
    browser: Browser, region: Region
) -> None:
    """R7, R30: by name and birth date, with all documents; the slip is shown once and stays on one sheet."""
    async with window(browser, region, DESKTOP) as registrar:
        await enter_office(registrar, "registrar")
        page = registrar.page
        name, born = await somebody_without_login(registrar, "8А")

        await page.get_by_role("link", name="Найти человека").click()
        await fill_person(registrar, name, born)
        await page.get_by_role("button", name="Найти").click()
        await expect(page.get_by_role("heading", name="Нашёлся 1 человек")).to_be_focused()
        assert registrar.path.endswith("/find/people"), "nothing that was searched for is in the address"
        await registrar.expect_no_stumbles()
        await page.get_by_role("link", name=name).click()

        await page.get_by_label("Паспорт").check()
        await page.get_by_role("button", name="Выдать логин и пароль").click()
        await expect(page.get_by_role("alert")).to_contain_text("Не хватает документов")
        await expect(page.get_by_label("Паспорт")).to_be_checked()
        await expect(page.locator(".is-missing")).to_have_count(3)
        await registrar.expect_no_stumbles()
        await tick_documents(registrar)
        await page.get_by_role("button", name="Выдать логин и пароль").click()

        await expect(page.locator(".slip-name")).to_have_text(name)
        await expect(page.locator(".slip-secrets dd").nth(1)).to_have_text(PASSWORD)
        await registrar.expect_no_stumbles()
        await leaving_is_warned_of(registrar)
        assert len(await sheets(registrar, "A5")) == 1
        assert len(await sheets(registrar, "A4")) == 1

        await page.reload()
        await expect(page.locator("h1")).to_have_text("Листок уже показан")
        await page.get_by_role("link", name="Готово, вернуться к человеку").click()
        await expect(page.locator(".person-facts")).to_contain_text("логин выдан, пароль до")
        await expect(page.get_by_label("Почему выдаём ещё раз")).to_be_visible()


async def sheets(registrar: Window, size: str) -> list[bytes]:
    """The sheets that a printer would take."""
    printed = await registrar.page.pdf(format=size, prefer_css_page_size=True)
    return re.findall(rb"/Type\s*/Page\b", printed)


async def leaving_is_warned_of(registrar: Window) -> None:
    """As long as nothing was printed."""
    asked: list[str] = []

    async def stay(dialog: Dialog) -> None:
        asked.append(dialog.type)
        await dialog.dismiss()

    registrar.page.on("dialog", stay)
    async with registrar.page.expect_event("dialog"):
        await registrar.page.get_by_role("link", name="Готово").click(no_wait_after=True)
    await expect(registrar.page.locator(".slip")).to_be_visible()
    assert asked == ["beforeunload"]
    registrar.page.remove_listener("dialog", stay)


@pytest.mark.parametrize(
    ("title", "script"), [("3А", True), ("5А", False)], ids=["with a script", "without a script"]
)
async def test_a_whole_class_is_issued_to_and_its_slips_are_taken_once(
    browser: Browser, region: Region, title: str, script: bool
) -> None:
    """R29: pupils and guardians who have nothing yet; progress by itself; one sheet for each."""
    async with window(browser, region, DESKTOP, script=script) as registrar:
        await enter_office(registrar, "registrar")
        page = registrar.page
        await open_class(registrar, title)
        waiting = await page.locator(".person-line", has_text=NOBODY).count()
        assert waiting > 5
        await page.get_by_role("button", name="Начать выдачу").click()
        await expect(page.get_by_role("alert")).to_contain_text("Не хватает документов")

        await page.get_by_label("Документы каждого у меня есть").check()
        await page.get_by_role("button", name="Начать выдачу").click()
        await expect(page.locator("h1")).to_have_text(f"Выдача классу {title}")
        take = page.get_by_role("button", name=re.compile(r"Показать \d+ лист"))
        await expect(take).to_be_visible(timeout=SOON)
        await registrar.expect_no_stumbles()
        issued = int(re.findall(r"\d+", await take.inner_text())[0])
        assert 5 < issued <= waiting
        await expect(page.get_by_text(f"Выдано {issued} из")).to_be_visible()

        await registrar.open("/school")
        await expect(page.locator(".jobs")).to_contain_text(f"Класс {title}: Готово, листки ждут")
        await page.locator(".jobs").get_by_role("link", name="Забрать листки").first.click()
        await take.click()
        await expect(page.locator(".slip")).to_have_count(issued)
        passwords = await page.locator(".slip-secrets div:nth-child(2) dd").all_inner_texts()
        assert len(set(passwords)) == issued
        if script:
            assert len(await sheets(registrar, "A4")) == issued

        await page.get_by_role("link", name="Готово, вернуться к выдаче").click()
        await expect(page.locator(".job-state")).to_have_text("Листки забраны")
        await expect(take).to_be_hidden()
        await registrar.expect_no_stumbles()


async def ask_for_correction(person: Window, field: str, right: str) -> None:
    """As the person's own pages do."""
    status = await person.page.evaluate(
        """async ([field, right]) => (await fetch("/v1/me/corrections", {
          method: "POST",
          headers: {
            "Content-Type": "application/json",
            "X-CSRF-Token": document.querySelector("meta[name=csrf-token]").content,
          },
          body: JSON.stringify({
            request_id: crypto.randomUUID(), field, right_value: right, comment: "Так в паспорте",
          }),
        })).status""",
        [f"CORRECTABLE_FIELD_{field}", right],
    )
    assert status == 200


async def test_a_correction_is_accepted_and_another_refused(browser: Browser, region: Region) -> None:
    """R10: what is registered against what is right; refusing takes a reason."""
    async with window(browser, region, PHONE) as parent, window(browser, region, DESKTOP) as registrar:
        await parent.enter(cast(region, "namesake_two")["login"])
        await ask_for_correction(parent, "PATRONYMIC", "Алексеевна")
        await ask_for_correction(parent, "GIVEN_NAME", "Алёна")

        await enter_office(registrar, "registrar")
        page = registrar.page
        await page.locator(".queue", has_text="Исправления").get_by_role("link").click()
        await registrar.expect_no_stumbles()
        mine = page.locator(".case", has_text="Кузнецова Елена")
        await expect(mine).to_have_count(2)
        patronymic = mine.filter(has_text="Отчество")
        await expect(patronymic.locator(".compare")).to_contain_text("Александровна")
        await expect(patronymic.locator(".compare-right")).to_contain_text("Алексеевна")
        await patronymic.get_by_role("button", name="Принять и исправить").click()

        await expect(page.get_by_role("status").first).to_have_text("Исправлено. Человек получит сообщение.")
        await expect(mine).to_have_count(1)
        await mine.get_by_text("Отказать", exact=True).click()
        await registrar.expect_no_stumbles()
        await mine.get_by_label("Почему").fill("В свидетельстве другое имя: принесите паспорт.")
        await mine.get_by_role("button", name="Отказать с этой причиной").click()
        await expect(mine).to_have_count(0)

        await parent.open("/cabinet")
        await expect(parent.page.locator("h1")).to_contain_text("Елена Алексеевна")


async def test_a_homeroom_teacher_issues_to_the_own_class_alone(browser: Browser, region: Region) -> None:
    """R29, on a phone: the own class is there at once, nobody else can be found or opened."""
    async with window(browser, region, PHONE) as teacher, window(browser, region, DESKTOP) as registrar:
        await enter_office(teacher, "teacher_parent")
        page = teacher.page
        await expect(page.locator(".class-line")).to_have_count(1)
        title = await page.locator(".class-name").inner_text()
        await open_class(teacher, title)
        await page.locator(".class-people .person-line", has_text=NOBODY).locator("a").first.click()
        await teacher.expect_no_stumbles()
        name = await page.locator("h1").inner_text()
        await tick_documents(teacher)
        await page.get_by_role("button", name="Выдать логин и пароль").click()
        await expect(page.locator(".slip-name")).to_contain_text(name)
        await teacher.expect_no_stumbles()

        await enter_office(registrar, "registrar")
        other, born = await somebody_without_login(registrar, "9А")
        address = registrar.path
        answer = await teacher.open(address)
        assert answer
        assert answer.status == 403
        await expect(page.locator("h1")).to_have_text("Это не ваш класс")

        await teacher.open("/school")
        await page.get_by_role("link", name="Найти человека").click()
        await fill_person(teacher, other, born)
        await page.get_by_role("button", name="Найти").click()
        await expect(page.get_by_role("heading", name="Никто не нашёлся")).to_be_focused()
        await teacher.expect_no_stumbles()


async def test_a_request_from_home_ends_with_a_slip(browser: Browser, region: Region) -> None:
    """R31: written without signing in, tracked by its code, accepted, answered with credentials."""
    async with window(browser, region, DESKTOP) as registrar, window(browser, region, PHONE) as parent:
        await enter_office(registrar, "registrar")
        name, born = await somebody_without_login(registrar, "10А")

        await parent.open("/sign-in")
        await parent.page.get_by_role("link", name="Ещё нет логина?").click()
        await parent.page.get_by_label("Название или номер школы").fill("гимназия 4")
        await parent.page.get_by_role("button", name="Найти").click()
        await parent.expect_no_stumbles()
        await parent.page.locator("a.region").click()
        await fill_person(parent, name, born)
        await parent.page.get_by_label("Мне — я родитель ученика").check()
        await parent.page.get_by_label("Имя и класс ученика").fill("Ученик 10А")
        await parent.page.get_by_label("Электронная почта").fill("nobody@")
        await parent.page.get_by_label("Даю согласие").check()
        await parent.page.get_by_role("button", name="Отправить заявление").click()
        await expect(parent.page.get_by_role("alert")).to_contain_text("Адрес почты записан с ошибкой")
        await expect(parent.page.get_by_label("Фамилия")).to_have_value(name.split(" ")[0])
        await parent.expect_no_stumbles()
        email = "request-10a@mail.example"
        await parent.page.get_by_label("Электронная почта").fill(email)
        await parent.page.get_by_label("Даю согласие").check()
        await parent.page.get_by_role("button", name="Отправить заявление").click()
        code = await parent.page.locator(".tracking-code").inner_text()
        await parent.expect_no_stumbles()

        await registrar.open("/school")
        await registrar.page.locator(".queue", has_text="Заявления").first.get_by_role("link").click()
        await registrar.expect_no_stumbles()
        case = registrar.page.locator(".case", has_text=email)
        await case.get_by_role("button", name="Принять").click()
        await expect(case).to_contain_text("принято, ждём с документами")

        await parent.open("/account-request/track")
        await parent.page.get_by_label("Код заявления").fill(code.lower())
        await parent.page.get_by_role("button", name="Показать").click()
        await expect(parent.page.get_by_role("heading", name="Заявление принято")).to_be_focused()
        assert code not in parent.page.url
        await parent.expect_no_stumbles()
        assert await Post(region).link(email, "/account-request")

        await case.get_by_role("link", name="Выдать логин и пароль").click()
        await expect(registrar.page.get_by_label("Электронное, от")).to_be_checked()
        await tick_documents(registrar)
        await registrar.page.get_by_role("button", name="Выдать логин и пароль").click()
        await expect(registrar.page.locator(".slip-name")).to_have_text(name)

        await parent.page.get_by_label("Код заявления").fill(code)
        await parent.page.get_by_role("button", name="Показать").click()
        await expect(parent.page.get_by_role("heading", name="Логин и пароль выданы")).to_be_visible()


async def test_an_administrator_gives_a_role_and_takes_it_back(browser: Browser, region: Region) -> None:
    async with window(browser, region, DESKTOP) as director:
        await enter_office(director, "director")
        page = director.page
        await page.get_by_role("link", name="Сотрудники").click()
        await director.expect_no_stumbles()
        known = {member["name"] for member in region.demo.facts["cast"].values()} if region.demo else set()
        names = await page.locator(".staff-list a").all_inner_texts()
        await page.get_by_role("link", name=next(name for name in names if name not in known)).click()
        await director.expect_no_stumbles()

        await page.get_by_label("ответственный за дневник").check()
        await page.get_by_role("button", name="Назначить").click()
        await expect(page.get_by_role("status").first).to_have_text("Роль назначена.")
        post = page.locator(".post", has_text="ответственный за дневник")
        await post.get_by_text("Снять роль").first.click()
        await director.expect_no_stumbles()
        await post.get_by_label("Почему").fill("Назначили по ошибке")
        await post.get_by_role("button", name="Снять роль").click()

        await expect(page.get_by_role("status").first).to_contain_text("Роль снята")
        await expect(post).to_have_count(0)
        await expect(page.get_by_label("ответственный за дневник")).to_be_visible()


async def test_an_operator_looks_after_staff_deliveries_and_the_audit(
    browser: Browser, region: Region
) -> None:
    await grant_operator(region.database_url("identity"), cast(region, "yo_differs")["person_id"])
    async with window(browser, region, PHONE) as operator:
        await enter_office(operator, "yo_differs")
        page = operator.page
        await page.get_by_role("link", name="Открыть").click()
        await page.get_by_label("Название или номер школы").fill("17")
        await page.get_by_role("button", name="Найти").click()
        await operator.expect_no_stumbles()
        await page.locator(".people a").first.click()
        await expect(page.locator("h1")).to_have_text("Сотрудники школы")
        await expect(page.locator(".staff-list")).to_contain_text("Мельник Раиса")

        await operator.open("/region/staff")
        await expect(page.locator(".staff-list")).to_contain_text("оператор региона")
        await operator.expect_no_stumbles()
        await operator.open("/region/deliveries?state=sent")
        await expect(page.locator("h1")).to_have_text("Доставка сообщений")
        await operator.expect_no_stumbles()

        await page.get_by_role("link", name="Журнал действий").click()
        await page.get_by_role("button", name="Проверить журнал").click()
        await expect(page.get_by_role("heading", name="Журнал цел")).to_be_visible()
        assert len(re.sub(r"\s", "", await page.locator(".digest").inner_text())) == 64
        await operator.expect_no_stumbles()
