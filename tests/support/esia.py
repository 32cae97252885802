"""A stand-in ESIA on loopback, a client system registered there, and a browser without JavaScript."""

from __future__ import annotations

import re
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from html import unescape
from pathlib import Path
from typing import Final, Literal
from urllib.parse import parse_qsl, urljoin, urlsplit
from uuid import UUID, uuid4

import httpx2

from deploy.local.esia.app import Running, serve
from deploy.local.esia.keys import Kind, ensure_pair
from deploy.local.esia.people import Contact, Kid, People, Person
from deploy.local.esia.stand import Stand
from deploy.local.esia.systems import Registry, StandSettings, System
from services.identity.esia import EsiaClient, EsiaProfile, EsiaSettings, base64url, connect, requests
from services.identity.esia.gost import arithmetic
from services.identity.esia.gost.keys import GostPrivateKey
from tests.support import signing_program

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

    http: httpx2.AsyncClient
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

    async def sign_in(
        self, address: str, person: Person, *, decision: str = "provide", back_to: str = RETURN_TO
    ) -> dict[str, str]:
        """All the way through; the parameters the browser brings back to the client system."""
        page = await self.open(address)
        if 'action="/login"' in page:
            page = await self.send(page, "/login", login=person.login, password=person.password)
        if 'action="/consent"' in page:
            page = await self.send(page, "/consent", decision=decision)
        return returned(page, back_to)

    async def _follow(self, response: httpx2.Response) -> str:
        while response.has_redirect_location:
            target = urljoin(str(response.url), response.headers["location"])
            if urlsplit(target).netloc != urlsplit(self.base).netloc:
                return target
            response = await self.http.get(target)
        self.pages.append(response.text)
        return response.text


@dataclass(frozen=True)
class Reply:
    """What the stand said to a system's own request: ESIA's code, the OAuth error, and how it was said."""

    code: str | None
    error: str | None
    status: int
    text: str


@dataclass(frozen=True)
class Raw:
    """A client system written by somebody else: it can get anything wrong."""

    http: httpx2.AsyncClient
    url: str
    key: GostPrivateKey
    hashed: str

    def parameters(self, kind: Literal["ac", "te"], **changes: str | None) -> dict[str, str]:
        """The right parameters with ``changes``; None leaves one out. The signature fits what is sent."""
        right = {
            "client_id": MNEMONIC,
            "scope": "openid fullname",
            "timestamp": requests.timestamp(datetime.now(UTC)),
            "state": str(uuid4()),
            "redirect_uri": RETURN_TO,
            "client_certificate_hash": self.hashed,
        }
        if kind == "ac":
            right |= {"response_type": "code", "access_type": "online"}
        else:
            right |= {"grant_type": "authorization_code", "token_type": "Bearer", "code": "invented"}
        sent = {name: value for name, value in {**right, **changes}.items() if value is not None}
        if "client_secret" not in changes:
            signed = ("client_id", "scope", "timestamp", "state", "redirect_uri")
            known = {name: sent.get(name, "") for name in signed}
            code = sent.get("code", "") if sent.get("grant_type") == "authorization_code" else ""
            sent["client_secret"] = self.secret(requests.signed_string(**known, code=code))
        return sent

    def secret(self, data: bytes) -> str:
        """The raw signature of ``data``, base64url."""
        return base64url.encode(arithmetic.sign(self.key.value, self.key.curve, data))

    async def authorize(self, parameters: Mapping[str, str], path: str = "/aas/oauth2/v2/ac") -> Reply:
        """Ask for authorisation; what is told in the redirect or on the page."""
        response = await self.http.get(f"{self.url}{path}?{requests.query(parameters)}")
        query = dict(parse_qsl(urlsplit(response.headers.get("location", "")).query))
        return _reply(response, query.get("error"), query.get("error_description") or response.text)

    async def token(self, parameters: Mapping[str, str], path: str = "/aas/oauth2/v3/te") -> Reply:
        """Ask for tokens."""
        response = await self.http.post(f"{self.url}{path}", data=dict(parameters))
        body = response.json()
        return _reply(response, body.get("error"), body.get("error_description", ""))


def _reply(response: httpx2.Response, error: str | None, described: str) -> Reply:
    found = re.search(r"ESIA-(\d{6})", described)
    return Reply(found.group(1) if found else None, error, response.status_code, response.text)


def returned(address: str, back_to: str = RETURN_TO) -> dict[str, str]:
    """The query of an address at the client system."""
    assert address.startswith(back_to), address[:400]
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
        async with httpx2.AsyncClient(follow_redirects=False, trust_env=False) as http:
            yield Browser(http, self.running.url)

    @asynccontextmanager
    async def raw(self) -> AsyncIterator[Raw]:
        """A client system that builds its requests by hand."""
        key = GostPrivateKey.of_file((self.settings.key_file or Path()).read_bytes())
        hashed = arithmetic.digest(self.settings.certificate_file.read_bytes()).hex().upper()
        async with httpx2.AsyncClient(follow_redirects=False, trust_env=False) as http:
            yield Raw(http, self.running.url, key, hashed)

    async def code(self, person: Person, state: UUID | None = None) -> str:
        """A code for ``person`` who provides everything."""
        state = state or uuid4()
        async with self.browser() as browser:
            answer = await browser.sign_in(await self.esia.authorization_url(state), person)
        return self.esia.code_of(answer, state=state)

    async def profile(self, person: Person) -> EsiaProfile:
        """The whole sign-in of ``person``."""
        return await self.esia.person(await self.esia.exchange(await self.code(person)))


def signing_command(esia: Bench, trouble: str = "") -> tuple[str, ...]:
    """An external program that signs with the client system's key; ``trouble`` is what goes wrong with it."""
    return (sys.executable, signing_program.__file__, str(esia.settings.key_file), trouble)


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
