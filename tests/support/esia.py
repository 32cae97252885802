"""A stand-in ESIA on loopback, a client system registered there, and a browser without JavaScript."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from html import unescape
from pathlib import Path
from typing import Final
from urllib.parse import parse_qsl, urljoin, urlsplit
from uuid import UUID, uuid4

import httpx

from deploy.local.esia.app import Running, serve
from deploy.local.esia.keys import Kind, ensure_pair
from deploy.local.esia.people import Contact, Kid, People, Person
from deploy.local.esia.stand import Stand
from deploy.local.esia.systems import Registry, StandSettings, System
from services.identity.esia import EsiaClient, EsiaProfile, EsiaSettings, connect

MNEMONIC: Final = "DIARY77"
RETURN_TO: Final = "http://diary.test/esia/return"
ISSUER: Final = "http://esia-portal1.test.gosuslugi.ru/"
SCOPES: Final = (
    "openid",
    "fullname",
    "birthdate",
    "gender",
    "snils",
    "inn",
    "email",
    "mobile",
    "kid_fullname",
    "kid_birthdate",
    "kid_gender",
    "kid_snils",
)

_HIDDEN: Final = re.compile(r'<input type="hidden" name="([^"]+)" value="([^"]*)">')
_ACTION: Final = re.compile(r'<form method="post" action="([^"]+)"')

MOTHER: Final = Person(
    login="mother",
    password="secret-mother",
    oid=1000000001,
    surname="Королёва",
    given_name="Алёна",
    patronymic="Сергеевна",
    birth_date="1986-04-12",
    gender="F",
    snils="000-000-600 01",
    inn="770000000001",
    level="confirmed",
    contacts=(
        Contact(type="MBT", value="+7(900)0000001"),
        Contact(type="EML", value="mother@example.org", verified=False),
    ),
    kids=(Kid(id=7, surname="Королёв", given_name="Пётр", birth_date="2014-09-01", snils="00000060011"),),
    featured=True,
    note_ru="Мама",
)
FATHER: Final = Person(
    login="father", password="secret-father", oid=1000000002, surname="Петров-Водкин", given_name="Олег",
    level="simplified", featured=True,
)  # fmt: skip
PUPIL: Final = Person(
    login="pupil", password="secret-pupil", oid=1000000003, surname="Мамедов", given_name="Эльдар",
    patronymic="Рашид оглы", birth_date="2013-01-31", snils="00000060003", level="child",
)  # fmt: skip
TEENAGER: Final = Person(
    login="teenager", password="secret-teenager", oid=1000000004, surname="Ким", given_name="Ян",
    snils="00000060004", level="standard",
)  # fmt: skip
EVERYBODY: Final = (MOTHER, FATHER, PUPIL, TEENAGER)


@dataclass
class Browser:
    """Follows redirects and sends forms as a plain HTTP client; stops where an address leaves the stand."""

    http: httpx.AsyncClient
    base: str
    pages: list[str] = field(default_factory=list)

    async def open(self, address: str) -> str:
        """GET, and follow. The address where it left the stand, or the page's own text."""
        return await self._follow(await self.http.get(address))

    async def send(self, page: str, action: str, **values: str) -> str:
        """Send the form of ``page`` that goes to ``action``, with its hidden fields and ``values``."""
        assert action in _ACTION.findall(page), f"no form for {action}"
        hidden = {name: unescape(value) for name, value in _HIDDEN.findall(page)}
        return await self._follow(await self.http.post(urljoin(self.base, action), data={**hidden, **values}))

    async def sign_in(self, address: str, person: Person, *, decision: str = "provide") -> dict[str, str]:
        """All the way through; the parameters the browser brings back to the client system."""
        page = await self.open(address)
        if 'action="/login"' in page:
            page = await self.send(page, "/login", login=person.login, password=person.password)
        if 'action="/consent"' in page:
            page = await self.send(page, "/consent", decision=decision)
        return returned(page)

    async def _follow(self, response: httpx.Response) -> str:
        while response.has_redirect_location:
            target = urljoin(str(response.url), response.headers["location"])
            if urlsplit(target).netloc != urlsplit(self.base).netloc:
                return target
            response = await self.http.get(target)
        self.pages.append(response.text)
        return response.text


def returned(address: str) -> dict[str, str]:
    """The query of an address at the client system."""
    assert address.startswith(RETURN_TO), address[:400]
    return dict(parse_qsl(urlsplit(address).query))


@dataclass
class Bench:
    """One stand, one client system, one client of it."""

    running: Running
    settings: EsiaSettings
    esia: EsiaClient

    @property
    def stand(self) -> Stand:
        """The stand's memory and switches."""
        return self.running.stand

    @asynccontextmanager
    async def browser(self) -> AsyncIterator[Browser]:
        """A fresh browser."""
        async with httpx.AsyncClient(follow_redirects=False, trust_env=False) as http:
            yield Browser(http, self.running.url)

    async def code(self, person: Person, state: UUID | None = None) -> str:
        """A code for ``person`` who provides everything."""
        state = state or uuid4()
        async with self.browser() as browser:
            answer = await browser.sign_in(await self.esia.authorization_url(state), person)
        return self.esia.code_of(answer, state=state)

    async def profile(self, person: Person) -> EsiaProfile:
        """The whole sign-in of ``person``."""
        return await self.esia.person(await self.esia.exchange(await self.code(person)))


def system(folder: Path, kind: Kind = "GOST", **changes: object) -> System:
    """The client system as the stand has it on record; its pair of keys lies in ``folder``."""
    pair = ensure_pair(folder, MNEMONIC, kind, MNEMONIC)
    known: dict[str, object] = {
        "mnemonic": MNEMONIC,
        "name": "Школьный дневник",
        "certificates": (pair.certificate,),
        "redirect_uris": (RETURN_TO,),
        "scopes": SCOPES,
    }
    return System.model_validate({**known, **changes})


@asynccontextmanager
async def bench(
    folder: Path,
    *,
    kind: Kind = "GOST",
    people: Sequence[Person] = EVERYBODY,
    others: Sequence[System] = (),
    stand: Mapping[str, object] | None = None,
    client: Mapping[str, object] | None = None,
    **changes: object,
) -> AsyncIterator[Bench]:
    """A stand and its client; ``changes`` are to the system, ``client`` to the client's settings."""
    registered = system(folder, kind, **changes)
    keys = folder / "esia-keys"
    registry = Registry(
        stand=StandSettings.model_validate({"issuer": ISSUER, "keys": keys, **(stand or {})}),
        systems=(registered, *others),
    )
    async with AsyncExitStack() as open_things:
        running = await open_things.enter_async_context(serve(registry, People(people)))
        known: dict[str, object] = {
            "base_url": running.url,
            "client_id": MNEMONIC,
            "redirect_uri": RETURN_TO,
            "scopes": SCOPES,
            "issuer": ISSUER,
            "certificate_file": folder / f"{MNEMONIC}.cer",
            "key_file": folder / f"{MNEMONIC}.key",
            "signer": "gost" if kind == "GOST" else "rsa",
            "trusted_certificates": keys,
            "watch_every": 0,
        }
        settings = EsiaSettings.model_validate({**known, **(client or {})})
        esia = await open_things.enter_async_context(connect(settings))
        yield Bench(running, settings, esia)
