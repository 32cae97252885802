"""Codes and links do not travel in clear, whatever is set."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from services.notifications.delivery.settings import MailSettings, SmsSettings, secret_in

MAIL = {"host": "mail.region.example", "sender": "Школьный дневник <diary@region.example>"}


def test_a_mail_server_is_reached_by_starttls_unless_another_way_is_set() -> None:
    settings = MailSettings.model_validate(MAIL)
    assert (settings.security, settings.port) == ("starttls", 587)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1"])
def test_this_very_machine_needs_no_tls(host: str) -> None:
    assert MailSettings.model_validate({**MAIL, "host": host, "security": "none"}).security == "none"


@pytest.mark.parametrize(
    "wrong",
    [
        {"security": "none"},
        {"username": "diary"},
        {"password_file": "/run/secrets/mail"},
        {"sender": "Школьный дневник"},
        {"sender": "diary@region.example\r\nBcc: x@y.example"},
        {"sender": "дневник@region.example"},
        {"at_once": 0},
        {"port": 0},
        {"hots": "mail"},
    ],
)
def test_mail_settings_that_cannot_be_meant_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        MailSettings.model_validate({**MAIL, **wrong})


@pytest.mark.parametrize(
    "url", ["https://sms.example/v1/messages", "http://127.0.0.1:8025/sms/messages", "http://[::1]:1/"]
)
def test_a_provider_is_reached_by_https_or_on_this_very_machine(url: str) -> None:
    assert SmsSettings.model_validate({"url": url, "key_file": "/x"}).url == url


@pytest.mark.parametrize("url", ["http://sms.example/v1/messages", "ftp://127.0.0.1/", "sms.example"])
def test_another_address_of_a_provider_is_refused(url: str) -> None:
    with pytest.raises(ValidationError):
        SmsSettings.model_validate({"url": url, "key_file": "/x"})


@pytest.mark.parametrize("content", [None, b"", b"\n", b"\xff"])
def test_a_file_without_a_secret_is_named(tmp_path: Path, content: bytes | None) -> None:
    file = tmp_path / "sms.key"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(ValueError, match=r"sms\.key"):
        secret_in(file)


def test_a_secret_is_one_line(tmp_path: Path) -> None:
    file = tmp_path / "sms.key"
    file.write_text("a-secret\n")
    assert secret_in(file) == "a-secret"
