"""The stand's pages. They work without JavaScript, and every form carries all it needs in hidden fields."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from jinja2 import Environment, FileSystemLoader
from starlette.responses import HTMLResponse

from deploy.local.esia.people import Person
from deploy.local.esia.refusals import Refusal
from deploy.local.esia.stand import Request

# What a person reads about each scope on the consent page.
SCOPE_TITLES: Final = {
    "openid": "Подтверждение входа через Госуслуги",
    "fullname": "Фамилия, имя и отчество",
    "birthdate": "Дата рождения",
    "gender": "Пол",
    "snils": "СНИЛС",
    "inn": "ИНН",
    "email": "Адрес электронной почты",
    "mobile": "Номер мобильного телефона",
    "contacts": "Контактные данные",
    "addresses": "Адреса",
    "id_doc": "Документ, удостоверяющий личность",
    "kid_fullname": "Фамилии, имена и отчества детей",
    "kid_birthdate": "Даты рождения детей",
    "kid_gender": "Пол детей",
    "kid_snils": "СНИЛС детей",
}
LEVEL_TITLES: Final = {
    "simplified": "упрощённая",
    "standard": "стандартная",
    "confirmed": "подтверждённая",
    "child": "детская",
}

_HERE: Final = Path(__file__).parent
STATIC: Final = _HERE / "static"
_TEMPLATES: Final = Environment(
    loader=FileSystemLoader(_HERE / "templates"), autoescape=True, trim_blocks=True, lstrip_blocks=True
)


def sign_in(key: str, request: Request, featured: Sequence[Person], *, failed: bool) -> HTMLResponse:
    """The sign-in form; in a demo region with persons to choose from."""
    return _page(
        "sign_in.html",
        status=401 if failed else 200,
        request_key=key,
        system=request.system,
        featured=featured,
        levels=LEVEL_TITLES,
        failed=failed,
    )


def consent(key: str, request: Request, person: Person) -> HTMLResponse:
    """What is asked for, "Provide" and "Refuse"."""
    return _page(
        "consent.html",
        request_key=key,
        system=request.system,
        person=person,
        wanted=[SCOPE_TITLES.get(scope, scope) for scope in request.scopes],
        leads_to=request.redirect_uri,
    )


def refusal(refused: Refusal) -> HTMLResponse:
    """A refusal that could not be sent back to the system."""
    return _message("Вход невозможен", f"{refused.error}: {refused.description}", status=400)


def too_late() -> HTMLResponse:
    """The request is unknown: too old, or already answered."""
    return _message("Время вышло", "Начните вход заново на сайте, откуда вы пришли.", status=410)


def blocked() -> HTMLResponse:
    """The account is blocked."""
    return _message("Учётная запись заблокирована", "Войти под ней сейчас нельзя.", status=403)


def signed_out() -> HTMLResponse:
    """After logout, when there is nowhere to go back to."""
    return _message("Вы вышли", "Сеанс на учебных Госуслугах закончен.")


def maintenance(status: int) -> HTMLResponse:
    """What ESIA shows in place of an answer when it is being worked on."""
    return _message("Технические работы", "Госуслуги временно недоступны.", status=status)


def front(title: str, facts: Sequence[tuple[str, str]]) -> HTMLResponse:
    """The stand's own front page."""
    return _page("front.html", title=title, facts=facts)


def _message(title: str, text: str, *, status: int = 200) -> HTMLResponse:
    return _page("message.html", status=status, title=title, text=text)


def _page(template: str, *, status: int = 200, leads_to: str = "", **values: object) -> HTMLResponse:
    html = _TEMPLATES.get_template(template).render(values)
    # Browsers apply form-action to the redirect after a form as well, so the system's own site is named.
    site = urlsplit(leads_to)
    target = f" {site.scheme}://{site.netloc}" if leads_to else ""
    policy = (
        f"default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'{target};"
        " frame-ancestors 'none'; base-uri 'none'"
    )
    headers = {
        "Content-Security-Policy": policy,
        "Cache-Control": "no-store",
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
    }
    return HTMLResponse(html, status_code=status, headers=headers)
