"""Cookies and form tokens."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from school.identity.v1.sessions_pb2 import Session
from services.gateway.config import GatewaySettings, read_form_key
from services.gateway.cookies import Cookies
from services.gateway.sessions import FormKey

KEY = FormKey(b"k" * 32)


def test_a_form_token_belongs_to_one_subject() -> None:
    assert KEY.accepts(KEY.token("session:1"), "session:1")
    assert not KEY.accepts(KEY.token("session:1"), "session:2")
    assert not KEY.accepts(KEY.token("visit:1"), "session:1")


def test_a_form_token_of_another_key_is_refused() -> None:
    assert not KEY.accepts(FormKey(b"x" * 32).token("session:1"), "session:1")


@pytest.mark.parametrize("token", ["", "x", "ключ", "0" * 64, "0" * 10_000])
def test_what_is_no_form_token_is_refused(token: str) -> None:
    assert not KEY.accepts(token, "session:1")


def test_a_short_form_key_is_refused() -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        FormKey(b"k" * 31)


@pytest.mark.parametrize("padding", ["", "=", "\n"])
def test_a_form_key_is_read_from_base64url(tmp_path: Path, padding: str) -> None:
    file = tmp_path / "form.key"
    key = bytes(range(220, 252))
    file.write_text(base64.urlsafe_b64encode(key).decode().rstrip("=") + padding)
    assert read_form_key(file) == key


@pytest.mark.parametrize("text", ["", "short", "!" * 50])
def test_a_file_without_a_form_key_is_refused(tmp_path: Path, text: str) -> None:
    file = tmp_path / "form.key"
    file.write_text(text)
    with pytest.raises(ValueError, match="holds no key"):
        read_form_key(file)


@pytest.mark.parametrize(
    "url",
    [
        "http://diary.example",
        "diary.example",
        "ftp://localhost",
        "https://",
        "https://diary.example/path",
        "",
    ],
)
def test_a_public_address_is_https_or_loopback(url: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="public_base_url"):
        GatewaySettings(**_settings(tmp_path, public_base_url=url))


@pytest.mark.parametrize(
    ("url", "secure"),
    [("https://diary.example/", True), ("http://localhost:8080", False), ("http://127.0.0.1:1/", False)],
)
def test_cookies_are_secure_where_the_address_is(url: str, secure: bool, tmp_path: Path) -> None:
    settings = GatewaySettings(**_settings(tmp_path, public_base_url=url))
    assert settings.secure == secure
    assert settings.public_base_url == url.rstrip("/")


def test_cookies_are_read_as_they_were_written() -> None:
    headers: list[tuple[bytes, bytes]] = []
    cookies = Cookies(secure=True)
    session = Session(access_token="a.b-c_d", refresh_token="r~1")
    session.access_expires_at.FromDatetime(datetime.now(UTC) + timedelta(minutes=5))
    cookies.set_session(headers, session)
    jar = b"; ".join(value.partition(b";")[0] for _, value in headers)
    assert cookies.session(jar) == ("a.b-c_d", "r~1")


def test_the_first_cookie_of_a_name_counts() -> None:
    assert Cookies(secure=False).sign_in(b"mesh-sign-in=one; mesh-sign-in=two") == "one"


@pytest.mark.parametrize(
    "jar", [b"", b";", b"=", b"mesh-sign-in", b'mesh-sign-in="x"', b"mesh-sign-in=\xff", b"x=1"]
)
def test_what_is_no_cookie_of_ours_is_none(jar: bytes) -> None:
    assert Cookies(secure=False).sign_in(jar) == ""


@pytest.mark.parametrize("value", ["a;b", "a b", "a\r\nSet-Cookie: x=1", "ё"])
def test_a_cookie_holds_nothing_that_ends_it(value: str) -> None:
    with pytest.raises(ValueError, match="no cookie may hold"):
        Cookies(secure=False).set_visit([], value)


def _settings(folder: Path, **more: Any) -> dict[str, Any]:
    return {
        "region": "77", "jwks_file": folder, "nats_url": "", "identity_address": "", "diary_address": "",
        "notifications_address": "", "form_key_file": folder, **more,
    }  # fmt: skip
