"""Persons and collections at ``/rs``: forms, scopes, and what a token may not open."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx2
import pytest

from deploy.local.esia.people import Address, Document, Person
from services.identity.esia import (
    EsiaAccessEnded,
    EsiaCodeRejected,
    EsiaScopeNotGranted,
    EsiaTokens,
    connect,
)
from services.identity.esia.client import belongs_below
from tests.support.esia import FATHER, MOTHER, Bench, bench


async def _get(esia: Bench, path: str, tokens: EsiaTokens) -> httpx2.Response:
    async with httpx2.AsyncClient(trust_env=False) as http:
        headers = {"Authorization": f"Bearer {tokens.access.text}"}
        return await http.get(esia.running.url + path, headers=headers)


@pytest.fixture
async def tokens(esia: Bench) -> EsiaTokens:
    return await esia.esia.exchange(await esia.code(MOTHER))


async def test_a_collection_comes_as_addresses_or_as_objects(esia: Bench, tokens: EsiaTokens) -> None:
    path = f"/rs/prns/{MOTHER.oid}/ctts"
    listed: dict[str, Any] = (await _get(esia, path, tokens)).json()
    embedded: dict[str, Any] = (await _get(esia, path + "?embed=(elements)", tokens)).json()

    assert listed["elements"] == [f"{esia.running.url}{path}/{number}" for number in (1, 2)]
    assert listed["size"] == embedded["size"] == 2
    one = (await _get(esia, f"{path}/1", tokens)).json()
    assert embedded["elements"][0] == one
    assert one["vrfStu"] == "VERIFIED"


@pytest.mark.parametrize("path", ["/rs/prns/{}/", "//rs//prns/{}", "/rs/prns/{}//kids", "/rs/prns/{}/kids/"])
async def test_slashes_too_many_are_forgiven(esia: Bench, tokens: EsiaTokens, path: str) -> None:
    assert (await _get(esia, path.format(MOTHER.oid), tokens)).status_code == 200


async def test_collections_can_be_embedded_in_the_person(esia: Bench, tokens: EsiaTokens) -> None:
    path = f"/rs/prns/{MOTHER.oid}?embed=(contacts.elements,kids.elements-1)"
    body: dict[str, Any] = (await _get(esia, path, tokens)).json()
    assert [contact["type"] for contact in body["contacts"]["elements"]] == ["MBT", "EML"]
    assert body["kids"]["elements"][0]["lastName"] == "Королёв"


async def test_the_person_has_no_oid_and_nothing_empty(esia: Bench) -> None:
    tokens = await esia.esia.exchange(await esia.code(FATHER))
    body: dict[str, Any] = (await _get(esia, f"/rs/prns/{FATHER.oid}", tokens)).json()

    assert body["lastName"] == "Петров-Водкин"
    assert body["trusted"] is False
    assert body.keys().isdisjoint({"oid", "middleName", "birthDate", "snils", "inn"})
    assert None not in body.values()


async def test_the_client_reads_both_forms_of_a_collection_alike(tmp_path: Path) -> None:
    async with bench(tmp_path) as esia:
        tokens = await esia.esia.exchange(await esia.code(MOTHER))
        embedded = (await esia.esia.contacts(tokens), await esia.esia.kids(tokens))
        esia.stand.switches.no_embedding = True
        assert (await esia.esia.contacts(tokens), await esia.esia.kids(tokens)) == embedded
        assert len(embedded[0]) == 2


@pytest.mark.parametrize(
    "address",
    [
        "http://elsewhere.test/rs/prns/1/ctts/1",
        "http://esia.test.elsewhere.test/rs/prns/1/ctts/1",
        "http://esia.test@elsewhere.test/rs/prns/1/ctts/1",
        "https://esia.test/rs/prns/1/ctts/1",
        "//elsewhere.test/rs/prns/1/ctts/1",
        "http://esia.test/rs/prns/2/ctts/1",
        "http://esia.test/rs/prns/1/ctts",
        "/rs/prns/1/ctts/1",
    ],
)
def test_an_element_elsewhere_is_not_fetched(address: str) -> None:
    """The access token would go along."""
    assert not belongs_below(address, "http://esia.test", "/rs/prns/1/ctts")
    assert belongs_below("http://esia.test/rs/prns/1/ctts/1", "http://esia.test/", "/rs/prns/1/ctts")


async def test_documents_and_addresses_come_with_their_scopes(tmp_path: Path) -> None:
    scopes = ("openid", "fullname", "id_doc", "addresses")
    person = Person(
        login="papers",
        password="secret-papers",
        oid=5,
        surname="Документов",
        documents=(Document(type="RF_PASSPORT", series="4500", number="000001", issued="2016-05-04"),),
        addresses=(Address(type="PLV", text="г. Москва, ул. Учебная, д. 1", zip_code="101000"),),
    )
    async with bench(tmp_path, people=[person], scopes=scopes, client={"scopes": scopes}) as esia:
        tokens = await esia.esia.exchange(await esia.code(person))
        [document] = await esia.esia.collection(tokens, "docs")
        [address] = await esia.esia.collection(tokens, "addrs")
    assert (document["type"], document["issueDate"]) == ("RF_PASSPORT", "04.05.2016")
    assert (address["type"], address["zipCode"]) == ("PLV", "101000")


async def test_a_token_opens_its_own_person_alone(esia: Bench, tokens: EsiaTokens) -> None:
    """A3: another oid under the same token."""
    response = await _get(esia, f"/rs/prns/{FATHER.oid}", tokens)
    assert (response.status_code, response.json()["code"]) == (403, "ESIA-005029")


async def test_a03_what_is_said_of_one_person_answers_no_question_about_another(tmp_path: Path) -> None:
    """Before ESIA stands something that says each answer twice, and no answer names its person."""
    async with bench(tmp_path) as esia, _stuttering(esia.running.url) as address:
        tokens = [await esia.esia.exchange(await esia.code(person)) for person in (MOTHER, FATHER)]
        async with connect(esia.settings.model_copy(update={"base_url": address})) as client:
            found = [(await client.person(one)).given_name for one in tokens]

    assert found == [MOTHER.given_name, FATHER.given_name]


@asynccontextmanager
async def _stuttering(url: str) -> AsyncIterator[str]:
    """Something between a client and ``url`` that passes on questions as they are, and answers twice."""
    there = urlsplit(url)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        theirs, ours = await asyncio.open_connection(there.hostname, there.port)
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                ours.write(await reader.readuntil(b"\r\n\r\n"))
                head = await theirs.readuntil(b"\r\n\r\n")
                length = next(
                    int(line.partition(b":")[2])
                    for line in head.lower().splitlines()
                    if line.startswith(b"content-length:")
                )
                writer.write(2 * (head + await theirs.readexactly(length)))
        ours.close()
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


async def test_a_scope_that_was_not_granted_is_403(tmp_path: Path) -> None:
    scopes = ("openid", "fullname")
    async with bench(tmp_path, scopes=scopes, client={"scopes": scopes}) as esia:
        tokens = await esia.esia.exchange(await esia.code(MOTHER))
        assert (await esia.esia.person(tokens)).snils is None
        with pytest.raises(EsiaScopeNotGranted) as refused:
            await esia.esia.kids(tokens)
    assert refused.value.facts == {"names": "kids"}


async def test_an_expired_or_invented_token_is_401(tmp_path: Path) -> None:
    async with bench(tmp_path) as esia:
        tokens = await esia.esia.exchange(await esia.code(MOTHER))
        esia.stand.switches.clock_ahead = 3601
        assert (await _get(esia, f"/rs/prns/{MOTHER.oid}", tokens)).json()["code"] == "ESIA-005013"
        with pytest.raises(EsiaAccessEnded):
            await esia.esia.person(tokens)
        esia.stand.switches.clock_ahead = 0
        esia.stand.switches.blocked = frozenset({MOTHER.oid})
        with pytest.raises(EsiaAccessEnded):
            await esia.esia.person(tokens)


async def test_a_refresh_token_gives_fresh_tokens_and_works_once(tmp_path: Path) -> None:
    async with bench(tmp_path, client={"offline": True}) as esia:
        first = await esia.esia.exchange(await esia.code(MOTHER))
        esia.stand.switches.clock_ahead = 30  # within one second a token would be the same text
        second = await esia.esia.refresh(first)
        assert second.oid == first.oid
        assert second.access.text != first.access.text
        assert (await esia.esia.person(second)).surname == "Королёва"
        with pytest.raises(EsiaCodeRejected):
            await esia.esia.refresh(first)


async def test_a_system_may_ask_for_itself(tmp_path: Path) -> None:
    async with bench(tmp_path, own_scopes=("kid_snils",)) as esia, esia.raw() as raw:
        sent = raw.parameters("te", grant_type="client_credentials", scope="kid_snils", code=None)
        reply = await raw.token(sent)
    assert reply.status == 200
    assert "id_token" not in reply.text
