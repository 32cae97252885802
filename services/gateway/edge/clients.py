"""Who is behind a request: address, device, time zone and language, as identity is told with each call.

Identity counts guesses by the address and keeps it nowhere; the device and the time zone are shown to their
person in the list of sessions; codes and links go out in the language of who asks for them. What a browser
says of itself is cut down to a few plain words before it travels on.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from ipaddress import ip_address
from typing import Any, Final
from urllib.parse import unquote
from zoneinfo import available_timezones

from ua_parser import parse_os, parse_user_agent

from services.gateway.edge.languages import LANGUAGE_COOKIE, chosen_language
from services.kit.client import ADDRESS_KEY, DEVICE_KEY, LANGUAGE_KEY, TIME_ZONE_KEY

ZONE_COOKIE: Final = "time-zone"
"""Set by the script of our pages; an app sends the header ``X-Time-Zone``."""
Headers = Mapping[bytes, bytes]
# No browser's own description is longer; the parser's time grows with the length.
_LONGEST_AGENT: Final = 256
_REMEMBERED: Final = 1024
# gRPC metadata is ASCII, and a page shows these words.
_UNPLAIN = re.compile(r"[^A-Za-z0-9 ._+/-]")
_LONGEST_WORDS: Final = 40
_MOBILE = re.compile(r"\b(Mobile|WebView|UI/WKWebView)\b")
_WITH_PORT = re.compile(r"\[(?P<six>[^\]]+)\](?::\d+)?|(?P<four>[\d.]+):\d+")


class Clients:
    """Finds out who is behind requests.

    Args:
        trusted_proxies: how many proxies of the operator's own stand before this gateway, each of which adds
            the address it was called from to ``X-Forwarded-For``. With 0 that header is what anybody may
            write, and is not read.
    """

    def __init__(self, *, trusted_proxies: int) -> None:
        self._proxies = trusted_proxies
        self._zones = frozenset(available_timezones())
        device_of("Mozilla/5.0")  # the parser's first answer takes a tenth of a second

    def metadata(self, scope: Mapping[str, Any], headers: Headers) -> tuple[tuple[str, str], ...]:
        """What a call of identity carries; nothing is left out, so nothing from outside takes its place."""
        return (
            (ADDRESS_KEY, self.address(scope)),
            (DEVICE_KEY, device_of(headers.get(b"user-agent", b"").decode("latin-1"))),
            (TIME_ZONE_KEY, self._zone(headers)),
            (LANGUAGE_KEY, _language(headers)),
        )

    def address(self, scope: Mapping[str, Any]) -> str:
        """The address of whoever asks; empty when it is not known.

        Behind N proxies it is the N-th from the right in ``X-Forwarded-For`` (RFC 7239, section 7.4, warns of
        all to the left of it). When that is missing, somebody has come past a proxy: the connection counts.
        """
        connection = scope.get("client")
        own = _plain(str(connection[0])) if connection else ""
        if not self._proxies:
            return own
        lines = [value for name, value in scope["headers"] if name == b"x-forwarded-for"]
        places = b",".join(lines).decode("latin-1").split(",")
        if len(places) < self._proxies:
            return own
        return _plain(places[-self._proxies].strip()) or own

    def _zone(self, headers: Headers) -> str:
        told = headers.get(b"x-time-zone", b"").decode("latin-1") or _cookie(headers, ZONE_COOKIE)
        return told if told in self._zones else ""


@lru_cache(maxsize=_REMEMBERED)
def device_of(agent: str) -> str:
    """Browser and system of a ``User-Agent``, such as "Chrome, Android"; empty when it names neither."""
    cut = agent[:_LONGEST_AGENT]
    if not cut:
        return ""
    browser, system = parse_user_agent(cut), parse_os(cut)
    words = (_words(browser.family) if browser else "", _words(system.family) if system else "")
    return ", ".join(word for word in words if word)


def _words(family: str) -> str:
    plain = _UNPLAIN.sub("", _MOBILE.sub("", family))
    return " ".join(plain.split())[:_LONGEST_WORDS]


def _plain(text: str) -> str:
    """An IP address without port and brackets; empty for what is none."""
    match = _WITH_PORT.fullmatch(text)
    if match:
        text = match["six"] or match["four"]
    try:
        return str(ip_address(text))
    except ValueError:
        return ""


def _language(headers: Headers) -> str:
    wish = headers.get(b"accept-language", b"").decode("latin-1")
    return chosen_language(_cookie(headers, LANGUAGE_COOKIE), wish)


def _cookie(headers: Headers, wanted: str) -> str:
    jar = headers.get(b"cookie", b"").decode("latin-1")
    for pair in jar.split(";"):
        name, equals, value = pair.strip().partition("=")
        if equals and name == wanted:
            return unquote(value)
    return ""
