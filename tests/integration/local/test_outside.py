"""The stand-ins for mail and SMS, over their real protocols."""

from __future__ import annotations

import asyncio
import smtplib
from collections.abc import AsyncIterator
from email.message import EmailMessage

import httpx
import pytest

from deploy.local.outside.app import Outside, run
from deploy.local.outside.post import PostOffice

_KEY = "an-sms-key"


@pytest.fixture
async def outside() -> AsyncIterator[Outside]:
    async with run(smtp_port=0, http_port=0, sms_key=_KEY) as running:
        yield running


@pytest.fixture
async def http(outside: Outside) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{outside.http_port}") as client:
        yield client


def _letter(to: str) -> EmailMessage:
    letter = EmailMessage()
    letter["From"], letter["To"], letter["Subject"] = "diary@example.ru", to, "Новая отметка"
    letter.set_content("В дневнике новая запись.")
    return letter


def _send(port: int, letter: EmailMessage) -> None:
    with smtplib.SMTP("127.0.0.1", port) as server:
        server.send_message(letter)


async def _sms(http: httpx.AsyncClient, *, to: str = "+79001234567", key: str = _KEY) -> httpx.Response:
    return await http.post(
        "/sms/messages", json={"to": to, "text": "Код 1234"}, headers={"Authorization": f"Bearer {key}"}
    )


async def test_a_letter_can_be_read_as_it_was_written(outside: Outside, http: httpx.AsyncClient) -> None:
    await asyncio.to_thread(_send, outside.smtp_port, _letter("anna@example.ru"))

    (message,) = (await http.get("/messages", params={"to": "anna@example.ru"})).json()["messages"]
    assert (message["kind"], message["subject"]) == ("mail", "Новая отметка")
    assert message["text"] == "В дневнике новая запись."


async def test_a_mailbox_that_does_not_exist_is_refused(outside: Outside) -> None:
    with pytest.raises(smtplib.SMTPRecipientsRefused):
        await asyncio.to_thread(_send, outside.smtp_port, _letter("nobody@post.invalid"))


async def test_an_sms_is_accepted_and_shown(http: httpx.AsyncClient) -> None:
    answer = await _sms(http)

    assert answer.status_code == 202
    (message,) = (await http.get("/messages")).json()["messages"]
    assert (message["to"], message["text"]) == ("+79001234567", "Код 1234")


async def test_a_wrong_key_is_refused(http: httpx.AsyncClient) -> None:
    answer = await _sms(http, key="guess")
    assert (answer.status_code, answer.json()["reason"]) == (401, "WRONG_KEY")


@pytest.mark.parametrize("number", ["89001234567", "+7900123456", "+12025550123", ""])
async def test_a_bad_number_is_refused(http: httpx.AsyncClient, number: str) -> None:
    answer = await _sms(http, to=number)
    assert (answer.status_code, answer.json()["reason"]) == (400, "BAD_NUMBER")


async def test_a_flood_to_one_number_is_refused_with_the_time_to_wait(http: httpx.AsyncClient) -> None:
    statuses = [(await _sms(http)).status_code for _ in range(10)]
    refused = await _sms(http)

    assert set(statuses) == {202}
    assert refused.status_code == 429
    assert int(refused.headers["Retry-After"]) > 0


async def test_what_was_sent_cannot_run_in_the_page(outside: Outside, http: httpx.AsyncClient) -> None:
    outside.post.receive("sms", to="+79001234567", text="<script>alert(1)</script>")
    assert "<script>" not in (await http.get("/")).text


async def test_a_foreign_name_for_loopback_is_refused(http: httpx.AsyncClient) -> None:
    """A page that rebinds its own name to 127.0.0.1 cannot read the codes shown here."""
    answer = await http.get("/messages", headers={"Host": "evil.example"})
    assert answer.status_code == 400


async def test_clearing_forgets_everything(outside: Outside, http: httpx.AsyncClient) -> None:
    outside.post.receive("sms", to="+79001234567", text="Код")
    await http.post("/clear")
    assert outside.post.items() == []


def test_only_the_newest_are_kept() -> None:
    post = PostOffice(kept=2)
    for text in ("1", "2", "3"):
        post.receive("sms", to="+79001234567", text=text)
    assert [item.text for item in post.items()] == ["2", "3"]
