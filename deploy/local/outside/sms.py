"""The door of an SMS provider, with the refusals that real ones make.

``POST /sms/messages`` with ``Authorization: Bearer <key>`` and ``{"to": "+79…", "text": "…"}``:
202 ``{"id"}`` accepted, 400 ``BAD_NUMBER`` or ``BAD_TEXT``, 401 ``WRONG_KEY``, 429 ``TOO_MANY`` with
``Retry-After``.
"""

from __future__ import annotations

import hmac
import re
import time
from collections import deque

from starlette.requests import Request
from starlette.responses import JSONResponse

from deploy.local.outside.post import PostOffice

_NUMBER = re.compile(r"\+79\d{9}")
_LONGEST = 670  # characters: ten joined parts of 67 in UCS-2
_PER_NUMBER = 10  # messages to one number within the window
_WINDOW = 60.0  # seconds
_REMEMBERED = 10_000  # numbers


class SmsDoor:
    """Accepts messages of one customer."""

    def __init__(self, post: PostOffice, key: str) -> None:
        self._post = post
        self._key = f"Bearer {key}".encode()
        self._sent: dict[str, deque[float]] = {}

    async def send(self, request: Request) -> JSONResponse:
        """``POST /sms/messages``."""
        offered = request.headers.get("authorization", "").encode()
        if not hmac.compare_digest(offered, self._key):
            return _refusal(401, "WRONG_KEY")
        try:
            body = await request.json()
            number, text = body["to"], body["text"]
        except (ValueError, KeyError, TypeError):
            return _refusal(400, "BAD_REQUEST")
        if not (isinstance(number, str) and _NUMBER.fullmatch(number)):
            return _refusal(400, "BAD_NUMBER")
        if not (isinstance(text, str) and 0 < len(text) <= _LONGEST):
            return _refusal(400, "BAD_TEXT")
        wait = self._wait(number)
        if wait > 0:
            return _refusal(429, "TOO_MANY", {"Retry-After": str(int(wait) + 1)})
        item = self._post.receive("sms", to=number, text=text)
        return JSONResponse({"id": str(item.number)}, status_code=202)

    def _wait(self, number: str) -> float:
        """Seconds until ``number`` may get another message; counts this one when it may."""
        now = time.monotonic()
        if len(self._sent) >= _REMEMBERED:
            self._sent.clear()
        sent = self._sent.setdefault(number, deque(maxlen=_PER_NUMBER))
        if len(sent) == _PER_NUMBER and sent[0] + _WINDOW > now:
            return sent[0] + _WINDOW - now
        sent.append(now)
        return 0.0


def _refusal(status: int, reason: str, headers: dict[str, str] | None = None) -> JSONResponse:
    return JSONResponse({"reason": reason}, status_code=status, headers=headers)
