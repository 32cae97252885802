"""Who is behind a request: what may be believed of an address, and what is left of a browser's own words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.gateway.edge.clients import Clients, device_of
from services.kit.client import ADDRESS_KEY, DEVICE_KEY, LANGUAGE_KEY, TIME_ZONE_KEY

OWN = "192.0.2.10"
ANDROID = (
    "Mozilla/5.0 (Linux; Android 13; SM-A536B) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/120.0.0.0 Mobile Safari/537.36"
)
WINDOWS = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/120.0.0.0 YaBrowser/24.1.0 Safari/537.36"
)


def address(proxies: int, *forwarded: str, own: str = OWN) -> str:
    headers = [(b"x-forwarded-for", line.encode("latin-1")) for line in forwarded]
    return Clients(trusted_proxies=proxies).address({"client": (own, 1234), "headers": headers})


def test_without_proxies_what_anybody_may_write_is_not_read() -> None:
    """A21: else a guesser has a new address for each guess."""
    assert address(0, "203.0.113.1") == OWN


@pytest.mark.parametrize(
    ("proxies", "forwarded", "seen"),
    [
        (1, ("203.0.113.1",), "203.0.113.1"),
        (1, ("198.51.100.99, 203.0.113.1",), "203.0.113.1"),
        (2, ("198.51.100.99, 203.0.113.1, 192.0.2.2",), "203.0.113.1"),
        (1, ("198.51.100.99", "203.0.113.1"), "203.0.113.1"),
        (1, ("203.0.113.1:4711",), "203.0.113.1"),
        (1, ("[2001:db8::1]:4711",), "2001:db8::1"),
        (1, ("2001:DB8::0:1",), "2001:db8::1"),
        (1, (), OWN),
        (2, ("203.0.113.1",), OWN),
        (1, ("unknown",), OWN),
        (1, ("",), OWN),
    ],
)
def test_behind_proxies_the_address_is_the_one_that_the_outermost_of_ours_saw(
    proxies: int, forwarded: tuple[str, ...], seen: str
) -> None:
    assert address(proxies, *forwarded) == seen


def test_a_connection_without_an_address_has_none() -> None:
    assert Clients(trusted_proxies=0).address({"client": None, "headers": []}) == ""


@pytest.mark.parametrize(
    ("agent", "device"),
    [(ANDROID, "Chrome, Android"), (WINDOWS, "Yandex Browser, Windows"), ("", ""), ("a-portal", "")],
)
def test_a_device_is_a_browser_and_a_system(agent: str, device: str) -> None:
    assert device_of(agent) == device


@given(st.text(st.characters(max_codepoint=255)), st.text(st.characters(max_codepoint=255)))
def test_whatever_a_browser_says_becomes_plain_words(agent: str, zone: str) -> None:
    """Metadata that is not ASCII would break the call."""
    headers = {b"user-agent": agent.encode("latin-1"), b"x-time-zone": zone.encode("latin-1")}
    told = Clients(trusted_proxies=0).metadata({"client": (OWN, 1), "headers": []}, headers)

    assert all(text.isascii() and text.isprintable() and len(text) <= 100 for _, text in told)


@pytest.mark.parametrize(
    ("headers", "zone"),
    [
        ({b"x-time-zone": b"Asia/Kamchatka"}, "Asia/Kamchatka"),
        ({b"cookie": b"a=b; time-zone=Europe%2FMoscow"}, "Europe/Moscow"),
        ({b"x-time-zone": b"Mars/Olympus"}, ""),
        ({b"cookie": b"time-zone=../../etc/passwd"}, ""),
        ({}, ""),
    ],
)
def test_a_time_zone_is_one_that_there_is(headers: dict[bytes, bytes], zone: str) -> None:
    told = Clients(trusted_proxies=0).metadata({"client": (OWN, 1), "headers": []}, headers)

    assert dict(told) == {ADDRESS_KEY: OWN, DEVICE_KEY: "", TIME_ZONE_KEY: zone, LANGUAGE_KEY: "ru"}


@pytest.mark.parametrize(
    ("headers", "language"),
    [
        ({b"accept-language": b"en-GB,ru;q=0.5"}, "en"),
        ({b"accept-language": b"ru", b"cookie": b"a=b; mesh-language=en"}, "en"),
        ({b"accept-language": b"de", b"cookie": b"mesh-language=../x"}, "ru"),
        ({}, "ru"),
    ],
)
def test_a_language_is_one_of_ours(headers: dict[bytes, bytes], language: str) -> None:
    told = Clients(trusted_proxies=0).metadata({"client": (OWN, 1), "headers": []}, headers)

    assert dict(told)[LANGUAGE_KEY] == language
