"""``/rs/prns/{oid}`` and its collections, as far as a system's scopes open them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from starlette.requests import Request as HttpRequest
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from deploy.local.esia import records
from deploy.local.esia.people import Person
from deploy.local.esia.stand import Access, Stand, shelf_key

_EMBED: Final = re.compile(r"\b(?:(contacts|documents|addresses|kids)\.)?elements(?:-\d+)?\b")

# Collection in the path → its name inside a person, and how its records are made.
_COLLECTIONS: Final[Mapping[str, tuple[str, Callable[[Person, Sequence[str]], list[records.Record]]]]] = {
    "ctts": ("contacts", records.contacts),
    "docs": ("documents", records.documents),
    "addrs": ("addresses", records.addresses),
    "kids": ("kids", records.kids),
}


class _Denied(Exception):
    def __init__(self, status: int, code: str, message: str) -> None:
        self.response = JSONResponse({"code": f"ESIA-{code}", "message": message}, status_code=status)
        super().__init__(message)


class Persons:
    """The data's side of the stand."""

    def __init__(self, stand: Stand) -> None:
        self._stand = stand

    def routes(self) -> list[Route]:
        """Its paths."""
        return [
            Route("/rs/prns/{oid:int}", self.person),
            Route("/rs/prns/{oid:int}/{collection}", self.collection),
            Route("/rs/prns/{oid:int}/{collection}/{element:int}", self.element),
        ]

    async def person(self, http: HttpRequest) -> Response:
        """The person; with ``?embed=(contacts.elements,…)`` the collections named, inside."""
        try:
            person, access = self._open(http)
            _require(bool(set(access.scopes) - {"openid"}))
            record = records.person(person, access.scopes)
            wanted = {name for name in _EMBED.findall(http.query_params.get("embed", "")) if name}
            for path, (name, make) in _COLLECTIONS.items():
                if name in wanted and records.opens(path, access.scopes):
                    record[name] = _listed(http, path, make(person, access.scopes), embedded=True)
        except _Denied as denied:
            return denied.response
        return JSONResponse(record)

    async def collection(self, http: HttpRequest) -> Response:
        """A collection: its elements' addresses, or with ``?embed=(elements)`` the elements."""
        try:
            found = self._records(http)
        except _Denied as denied:
            return denied.response
        asked = _EMBED.search(http.query_params.get("embed", ""))
        embedded = asked is not None and not self._stand.switches.no_embedding
        return JSONResponse(_listed(http, http.path_params["collection"], found, embedded=embedded))

    async def element(self, http: HttpRequest) -> Response:
        """One element of a collection."""
        try:
            found = self._records(http)
        except _Denied as denied:
            return denied.response
        for record in found:
            if record["id"] == http.path_params["element"]:
                return JSONResponse(record)
        return _not_found()

    def _records(self, http: HttpRequest) -> list[records.Record]:
        person, access = self._open(http)
        path = http.path_params["collection"]
        if path not in _COLLECTIONS:
            raise _Denied(404, "005007", "SecurityErrorEnum.resourceNotFound")
        _require(records.opens(path, access.scopes))
        return _COLLECTIONS[path][1](person, access.scopes)

    def _open(self, http: HttpRequest) -> tuple[Person, Access]:
        scheme, _, token = http.headers.get("authorization", "").partition(" ")
        access = self._stand.accesses.get(shelf_key(token.strip())) if scheme.lower() == "bearer" else None
        if access is None:
            raise _Denied(401, "005011", "SecurityErrorEnum.invalidToken")
        if access.until <= self._stand.now():
            raise _Denied(401, "005013", "SecurityErrorEnum.expiredToken")
        _require(access.oid == http.path_params["oid"])
        person = self._stand.person(http.path_params["oid"])
        if person is None:
            raise _Denied(401, "005011", "SecurityErrorEnum.invalidToken")
        return person, access


def _require(allowed: bool) -> None:
    if not allowed:
        raise _Denied(403, "005029", "SecurityErrorEnum.scopeNotAllowed")


def _listed(
    http: HttpRequest, path: str, found: Sequence[records.Record], *, embedded: bool
) -> records.Record:
    base = f"{str(http.base_url).rstrip('/')}/rs/prns/{http.path_params['oid']}/{path}"
    elements: list[object] = [record if embedded else f"{base}/{record['id']}" for record in found]
    return {"stateFacts": ["hasSize"], "size": len(elements), "elements": elements}


def _not_found() -> Response:
    body = {"code": "ESIA-005007", "message": "SecurityErrorEnum.resourceNotFound"}
    return JSONResponse(body, status_code=404)
