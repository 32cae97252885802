"""Letters to a mail server as operators have them: TLS, a name and a password."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import default
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from services.kit.ids import new_id
from services.notifications.delivery.mail import MailPost
from services.notifications.delivery.rules import Message, NotSent
from services.notifications.delivery.settings import MailSettings
from services.notifications.delivery.words import Words
from tests.support.clock import MovableClock
from tests.support.tls import authority, make_certificate

NOW = datetime(2025, 10, 15, 9, 0, tzinfo=UTC)
LINK = "https://77.diary.test/confirm-email/kPz2mQv7Xc0a1Lr9"


class Mailbox:
    """Keeps what comes, and remembers how it came."""

    def __init__(self) -> None:
        self.letters: list[EmailMessage] = []
        self.raw: list[bytes] = []
        self.protected: list[bool] = []

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        """A letter."""
        assert isinstance(envelope.content, bytes)
        self.raw.append(envelope.content)
        self.letters.append(BytesParser(policy=default).parsebytes(envelope.content))
        self.protected.append(session.ssl is not None)
        return "250 OK"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate of 127.0.0.1 and its key, in one file."""
    return make_certificate(tmp_path_factory.mktemp("tls") / "server.pem")


@asynccontextmanager
async def serving(make: Callable[[], SMTP], tls: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    """A mail server's port."""
    server = await asyncio.get_running_loop().create_server(make, "127.0.0.1", 0, ssl=tls)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        await server.wait_closed()


def _post(port: int, **changes: object) -> MailPost:
    settings = {"host": "127.0.0.1", "port": port, "sender": "Школьный дневник <diary@region.example>"}
    return MailPost(
        MailSettings.model_validate({**settings, **changes}),
        Words(ZoneInfo("Europe/Moscow")),
        MovableClock(NOW),
    )


def _message(to: str = "anna@example.ru") -> Message:
    return Message(new_id(), "CONFIRM_EMAIL", "ru", to, {"link": LINK})


def _name_and_password(
    server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any
) -> AuthResult:
    right = isinstance(data, LoginPassword) and (data.login, data.password) == (b"diary", b"secret")
    return AuthResult(success=right, handled=False)


def _guarded(mailbox: Mailbox, certificate: Path) -> Callable[[], SMTP]:
    """A server that takes letters after STARTTLS, a name and a password alone."""
    return lambda: SMTP(
        mailbox,
        tls_context=authority(certificate),
        require_starttls=True,
        auth_required=True,
        authenticator=_name_and_password,
    )


async def test_a_letter_has_the_headers_that_it_needs_and_no_other() -> None:
    mailbox, message = Mailbox(), _message()
    async with serving(lambda: SMTP(mailbox)) as port:
        await _post(port, security="none").send(message)

    [letter] = mailbox.letters
    assert letter["From"] == "Школьный дневник <diary@region.example>"
    assert letter["To"] == "anna@example.ru"
    assert letter["Subject"] == "Подтвердите адрес электронной почты"
    assert letter["Message-ID"] == f"<{message.delivery_id}@region.example>"
    assert letter["Date"] == "Wed, 15 Oct 2025 09:00:00 +0000"
    assert letter["Auto-Submitted"] == "auto-generated"
    assert letter["Content-Language"] == "ru"
    assert set(letter.keys()) == {
        "From",
        "To",
        "Subject",
        "Date",
        "Message-ID",
        "Auto-Submitted",
        "Content-Language",
        "MIME-Version",
        "Content-Type",
    }
    plain, html = letter.get_body(("plain",)), letter.get_body(("html",))
    assert plain is not None
    assert html is not None
    assert LINK in plain.get_content()
    assert LINK in html.get_content()


async def test_a_letter_passes_servers_that_know_ascii_alone() -> None:
    mailbox = Mailbox()
    async with serving(lambda: SMTP(mailbox)) as port:
        await _post(port, security="none").send(_message())

    assert mailbox.raw[0].isascii()
    assert max(len(line) for line in mailbox.raw[0].splitlines()) <= 998


async def test_a_russian_domain_goes_by_its_ascii_form() -> None:
    mailbox = Mailbox()
    async with serving(lambda: SMTP(mailbox)) as port:
        await _post(port, security="none").send(_message("anna@школа.рф"))

    assert mailbox.letters[0]["To"] == "anna@xn--80atdl2c.xn--p1ai"


async def test_a_letter_goes_by_starttls_with_a_name_and_a_password(
    certificate: Path, tmp_path: Path
) -> None:
    mailbox, password = Mailbox(), tmp_path / "password"
    password.write_text("secret\n")
    async with serving(_guarded(mailbox, certificate)) as port:
        await _post(port, tls_ca_file=certificate, username="diary", password_file=password).send(_message())

    assert mailbox.protected == [True]


async def test_a_letter_goes_by_tls_from_the_first_byte(certificate: Path) -> None:
    mailbox = Mailbox()
    async with serving(lambda: SMTP(mailbox), authority(certificate)) as port:
        await _post(port, security="tls", tls_ca_file=certificate).send(_message())

    assert len(mailbox.letters) == 1


async def test_a_wrong_password_is_not_the_letter_s_fault(certificate: Path, tmp_path: Path) -> None:
    mailbox, password = Mailbox(), tmp_path / "password"
    password.write_text("guess\n")
    async with serving(_guarded(mailbox, certificate)) as port:
        post = _post(port, tls_ca_file=certificate, username="diary", password_file=password)
        with pytest.raises(NotSent) as failed:
            await post.send(_message())

    assert (failed.value.reason, failed.value.for_good) == ("SMTP_535", False)
    assert mailbox.letters == []


async def test_nothing_goes_in_clear_to_a_server_without_starttls() -> None:
    mailbox = Mailbox()
    async with serving(lambda: SMTP(mailbox)) as port:
        with pytest.raises(NotSent, match="MAIL_SERVER_CANNOT"):
            await _post(port).send(_message())

    assert mailbox.letters == []


async def test_a_server_that_nobody_vouches_for_gets_nothing(certificate: Path, tmp_path: Path) -> None:
    mailbox, password = Mailbox(), tmp_path / "password"
    password.write_text("secret\n")
    async with serving(_guarded(mailbox, certificate)) as port:
        with pytest.raises(NotSent, match="MAIL_SERVER_UNTRUSTED"):
            await _post(port, username="diary", password_file=password).send(_message())

    assert mailbox.letters == []


async def test_a_server_that_hangs_up_is_down() -> None:
    async def hang_up(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    server = await asyncio.start_server(hang_up, "127.0.0.1", 0)
    async with server:
        with pytest.raises(NotSent, match="MAIL_SERVER_DOWN"):
            await _post(server.sockets[0].getsockname()[1], security="none").send(_message())


async def test_a_server_that_greets_with_a_refusal_may_take_the_letter_later() -> None:
    """554 as a greeting is about the two servers (RFC 5321, 3.1), and not about the letter."""

    async def refuse(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"554 No SMTP service here\r\n")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(refuse, "127.0.0.1", 0)
    async with server:
        with pytest.raises(NotSent) as failed:
            await _post(server.sockets[0].getsockname()[1], security="none").send(_message())
    assert (failed.value.reason, failed.value.for_good) == ("SMTP_554", False)
