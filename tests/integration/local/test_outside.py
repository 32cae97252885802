"""The stand-ins for mail and SMS, over their real protocols."""

from __future__ import annotations

import asyncio
import smtplib
from collections.abc import AsyncIterator
from email.message import EmailMessage

import httpx2
import pytest

from deploy.local.outside.app import Outside, run
from deploy.local.outside.post import PostOffice
from tests.support.waiting import eventually

_KEY = "an-sms-key"


@pytest.fixture
async def outside() -> AsyncIterator[Outside]:
    async with run(smtp_port=0, http_port=0, sms_key=_KEY) as running:
        yield running


@pytest.fixture
async def http(outside: Outside) -> AsyncIterator[httpx2.AsyncClient]:
    async with httpx2.AsyncClient(base_url=f"http://127.0.0.1:{outside.http_port}") as client:
        yield client


def _letter(to: str) -> EmailMessage:
    letter = EmailMessage()
    letter["From"], letter["To"], letter["Subject"] = "diary@example.ru", to, "Новая отметка"
    letter.set_content("В дневнике новая запись.")
    return letter


def _send(port: int, letter: EmailMessage) -> None:
    with smtplib.SMTP("127.0.0.1", port) as server:
        server.send_message(letter)


async def _sms(
    http: httpx2.AsyncClient,
    *,
    to: str = "+79001234567",
    text: str = "Код 1234",
    key: str = _KEY,
    reference: str | None = None,
) -> httpx2.Response:
    headers = {"Authorization": f"Bearer {key}"}
    if reference is not None:
        headers["Idempotency-Key"] = reference
    return await http.post("/sms/messages", json={"to": to, "text": text}, headers=headers)


async def test_a_letter_can_be_read_as_it_was_written(outside: Outside, http: httpx2.AsyncClient) -> None:
    await asyncio.to_thread(_send, outside.smtp_port, _letter("anna@example.ru"))

    (message,) = (await http.get("/messages", params={"to": "anna@example.ru"})).json()["messages"]
    assert (message["kind"], message["subject"]) == ("mail", "Новая отметка")
    assert message["text"] == "В дневнике новая запись."


async def test_a_mailbox_that_does_not_exist_is_refused(outside: Outside) -> None:
    with pytest.raises(smtplib.SMTPRecipientsRefused):
        await asyncio.to_thread(_send, outside.smtp_port, _letter("nobody@post.invalid"))


async def test_an_sms_is_accepted_and_shown(http: httpx2.AsyncClient) -> None:
    answer = await _sms(http)

    assert answer.status_code == 202
    (message,) = (await http.get("/messages")).json()["messages"]
    assert (message["to"], message["text"]) == ("+79001234567", "Код 1234")


async def test_a_wrong_key_is_refused(http: httpx2.AsyncClient) -> None:
    answer = await _sms(http, key="guess")
    assert (answer.status_code, answer.json()["reason"]) == (401, "WRONG_KEY")


@pytest.mark.parametrize("number", ["89001234567", "+7900123456", "+12025550123", ""])
async def test_a_bad_number_is_refused(http: httpx2.AsyncClient, number: str) -> None:
    answer = await _sms(http, to=number)
    assert (answer.status_code, answer.json()["reason"]) == (400, "BAD_NUMBER")


async def test_a_flood_to_one_number_is_refused_with_the_time_to_wait(http: httpx2.AsyncClient) -> None:
    statuses = [(await _sms(http)).status_code for _ in range(10)]
    refused = await _sms(http)

    assert set(statuses) == {202}
    assert refused.status_code == 429
    assert int(refused.headers["Retry-After"]) > 0


async def test_what_was_sent_cannot_run_in_the_page(outside: Outside, http: httpx2.AsyncClient) -> None:
    outside.post.receive("sms", to="+79001234567", text="<script>alert(1)</script>")
    assert "<script>" not in (await http.get("/")).text


async def test_a_foreign_name_for_loopback_is_refused(http: httpx2.AsyncClient) -> None:
    """A page that rebinds its own name to 127.0.0.1 cannot read the codes shown here."""
    answer = await http.get("/messages", headers={"Host": "evil.example"})
    assert answer.status_code == 400


async def test_clearing_forgets_everything(outside: Outside, http: httpx2.AsyncClient) -> None:
    outside.post.receive("sms", to="+79001234567", text="Код")
    await http.post("/clear")
    assert outside.post.items() == []


def test_only_the_newest_are_kept() -> None:
    post = PostOffice(kept=2)
    for text in ("1", "2", "3"):
        post.receive("sms", to="+79001234567", text=text)
    assert [item.text for item in post.items()] == ["2", "3"]


async def test_a_message_sent_again_under_its_key_arrives_once(http: httpx2.AsyncClient) -> None:
    first = await _sms(http, reference="a-delivery")
    again = await _sms(http, reference="a-delivery")

    assert (again.status_code, again.json()) == (first.status_code, first.json()) == (202, {"id": "1"})
    [message] = (await http.get("/messages")).json()["messages"]
    assert message["reference"] == "a-delivery"


async def test_a_key_of_another_message_is_refused(http: httpx2.AsyncClient) -> None:
    await _sms(http, reference="a-delivery")
    answer = await _sms(http, to="+79007654321", reference="a-delivery")
    assert (answer.status_code, answer.json()["reason"]) == (422, "KEY_REUSED")


async def test_a_refusal_is_not_remembered_under_the_key(outside: Outside, http: httpx2.AsyncClient) -> None:
    outside.troubles.set(sms="refusing")
    refused = await _sms(http, reference="a-delivery")
    outside.troubles.set(sms="none")

    assert refused.status_code == 400
    assert (await _sms(http, reference="a-delivery")).status_code == 202


async def test_a_text_that_is_too_long_is_refused(http: httpx2.AsyncClient) -> None:
    answer = await _sms(http, text="я" * 671)
    assert (answer.status_code, answer.json()["reason"]) == (400, "BAD_TEXT")


@pytest.mark.parametrize(
    ("trouble", "status", "code"), [("busy", 503, 451), ("refusing", 400, 554), ("none", 202, 250)]
)
async def test_troubles_are_switched_on_and_off_over_http(
    outside: Outside, http: httpx2.AsyncClient, trouble: str, status: int, code: int
) -> None:
    switched = await http.post("/troubles", json={"mail": trouble, "sms": trouble})

    assert switched.json() == (await http.get("/troubles")).json() == {"mail": trouble, "sms": trouble}
    assert (await _sms(http)).status_code == status
    assert await asyncio.to_thread(_data_code, outside.smtp_port) == code


@pytest.mark.parametrize("change", ['{"mail": "rain"}', '{"post": "busy"}', "[]", "{", '{"sms": 1}'])
async def test_a_trouble_that_there_is_not_is_refused(http: httpx2.AsyncClient, change: str) -> None:
    answer = await http.post("/troubles", content=change, headers={"Content-Type": "application/json"})
    assert answer.status_code == 400
    assert (await http.get("/troubles")).json() == {"mail": "none", "sms": "none"}


async def test_a_page_of_another_site_switches_nothing(http: httpx2.AsyncClient) -> None:
    """A form can send no JSON, and a script asks first; there is nobody to say yes."""
    answer = await http.post("/troubles", content='{"sms": "busy"}', headers={"Content-Type": "text/plain"})
    assert answer.status_code == 415


async def test_a_silent_provider_has_the_message_before_it_says_so(
    outside: Outside, http: httpx2.AsyncClient
) -> None:
    outside.troubles.set(sms="silent")
    sending = asyncio.create_task(_sms(http))

    async def it_arrived() -> bool:
        return len(outside.post.items()) == 1

    await eventually(it_arrived)
    assert not sending.done()
    outside.troubles.set(sms="none")
    assert (await sending).status_code == 202


def _data_code(port: int) -> int:
    with smtplib.SMTP("127.0.0.1", port) as server:
        server.ehlo()
        server.mail("diary@example.ru")
        server.rcpt("anna@example.ru")
        return server.data("Subject: 1\r\n\r\n1")[0]
