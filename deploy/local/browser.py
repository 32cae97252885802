"""A browser without a screen: follows redirects, keeps cookies, fills forms that pages really contain."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from html.parser import HTMLParser
from types import TracebackType
from typing import Any, Self
from urllib.parse import urljoin, urlsplit

import httpx2

_MOST_REDIRECTS = 10
_FORM_TOKEN = "csrf_token"  # noqa: S105 - the name of a field
_AGENT = "Mozilla/5.0 (a walk through the region)"


class Lost(Exception):
    """The page is not what was expected there; the text says what was seen."""


@dataclass(slots=True)
class Form:
    """A form of a page: where it goes, and the values of its hidden fields."""

    action: str
    method: str
    fields: dict[str, str] = field(default_factory=dict)


class _Forms(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self._open = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.forms.append(Form(given.get("action", ""), given.get("method", "get").lower()))
            self._open = True
        elif tag == "input" and self._open and given.get("type") == "hidden" and "name" in given:
            self.forms[-1].fields[given["name"]] = given.get("value", "")

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._open = False


@dataclass(frozen=True, slots=True)
class Page:
    """What the browser shows after all redirects."""

    url: str
    status: int
    text: str
    forms: tuple[Form, ...]

    def form(self, action: str) -> Form:
        """The form that goes to the path ``action``. Raises `Lost` when the page has none."""
        for form in self.forms:
            if urlsplit(form.action).path == action:
                return form
        raise Lost(f"{self.where} (status {self.status}) has no form for {action}")

    def has_form(self, action: str) -> bool:
        """Whether the page has a form that goes to the path ``action``."""
        return any(urlsplit(form.action).path == action for form in self.forms)

    @property
    def where(self) -> str:
        """The address without its query, which may hold codes."""
        return self.url.partition("?")[0]


class Browser:
    """One person's browser at one region; an async context manager."""

    def __init__(self, home: str, transport: httpx2.AsyncBaseTransport | None = None) -> None:
        """``transport`` leads elsewhere than over the network: to an application in this process."""
        self._home = home
        self._http = httpx2.AsyncClient(
            headers={"User-Agent": _AGENT, "Accept-Language": "ru"},
            timeout=15.0,
            trust_env=False,
            transport=transport,
        )
        self._form_token = ""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._http.aclose()

    async def open(self, address: str) -> Page:
        """Go to an address, or a path of the region."""
        return await self._shown(self._http.build_request("GET", urljoin(self._home, address)))

    async def submit(self, page: Page, form: Form, **fields: str) -> Page:
        """Send a form of ``page`` with its hidden fields and ``fields``."""
        parts = urlsplit(page.url)
        request = self._http.build_request(
            "POST",
            urljoin(page.url, form.action),
            data=form.fields | fields,
            headers={"Origin": f"{parts.scheme}://{parts.netloc}", "Sec-Fetch-Site": "same-origin"},
        )
        return await self._shown(request)

    async def read(self, path: str, **query: str) -> tuple[int, Any]:
        """GET of the JSON API as a script of the region's pages does it: status and body."""
        answer = await self._http.get(
            urljoin(self._home, path), params=query, headers={"Accept": "application/json"}
        )
        return answer.status_code, _json(answer)

    async def write(self, path: str, body: Mapping[str, object], *, key: str = "") -> tuple[int, Any]:
        """POST to the JSON API with the session's form token; ``key`` makes repeating safe."""
        answer = await self._http.post(
            urljoin(self._home, path),
            json=body,
            headers={
                "Origin": self._home,
                "Sec-Fetch-Site": "same-origin",
                "X-CSRF-Token": self._form_token,
                **({"Idempotency-Key": key} if key else {}),
            },
        )
        return answer.status_code, _json(answer)

    @asynccontextmanager
    async def follow(self, path: str) -> AsyncIterator[asyncio.Queue[Any]]:
        """Server-sent events from now on: their data, decoded, as they come. Raises `Lost`."""
        arrived: asyncio.Queue[Any] = asyncio.Queue()
        headers = {"Accept": "text/event-stream"}
        request = self._http.build_request(
            "GET", urljoin(self._home, path), headers=headers, timeout=httpx2.Timeout(15.0, read=None)
        )
        answer = await self._http.send(request, stream=True)
        if answer.status_code != httpx2.codes.OK:
            await answer.aclose()
            raise Lost(f"{path} answers {answer.status_code}")

        async def read() -> None:
            async for line in answer.aiter_lines():
                if line.startswith("data:"):
                    arrived.put_nowait(json.loads(line.removeprefix("data:")))

        reading = asyncio.create_task(read())
        try:
            yield arrived
        finally:
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)
            await answer.aclose()

    async def _shown(self, request: httpx2.Request) -> Page:
        answer = await self._http.send(request)
        for _ in range(_MOST_REDIRECTS):
            if answer.next_request is None:
                break
            # A browser says where it comes from with what it sends, not with what it is led to.
            answer = await self._http.send(self._http.build_request("GET", answer.next_request.url))
        parser = _Forms()
        parser.feed(answer.text)
        for form in parser.forms:
            self._form_token = form.fields.get(_FORM_TOKEN, self._form_token)
        return Page(str(answer.url), answer.status_code, answer.text, tuple(parser.forms))


def _json(answer: httpx2.Response) -> Any:
    try:
        return answer.json()
    except ValueError:
        return {}
