"""The door of an SMS provider, with the refusals that real ones make.

``POST /sms/messages`` with ``Authorization: Bearer <key>``, ``Idempotency-Key: <anything>`` if wanted, and
``{"to": "+79…", "text": "…"}``: 202 ``{"id"}`` accepted, 400 ``BAD_NUMBER`` or ``BAD_TEXT``, 401
``WRONG_KEY``, 422 ``KEY_REUSED`` for an idempotency key that came with another message, 429 ``TOO_MANY`` with
``Retry-After``. A message that was accepted is not sent again under its idempotency key: the first answer is
given again.
"""

from __future__ import annotations

import hmac
import re
import time
from collections import OrderedDict, deque

from starlette.requests import Request
from starlette.responses import JSONResponse

from deploy.local.outside.post import PostOffice
from deploy.local.outside.troubles import Trouble, Troubles

_NUMBER = re.compile(r"\+79\d{9}")
_LONGEST = 670  # characters: ten joined parts of 67 in UCS-2
_PER_NUMBER = 10  # messages to one number within the window
_WINDOW = 60.0  # seconds
_REMEMBERED = 10_000  # numbers; idempotency keys
_LONGEST_KEY = 200


class SmsDoor:
    """Accepts messages of one customer."""

    def __init__(self, post: PostOffice, troubles: Troubles, key: str) -> None:
        self._post = post
        self._troubles = troubles
        self._key = f"Bearer {key}".encode()
        self._sent: dict[str, deque[float]] = {}
        # By idempotency key: the message, and the id that it got.
        self._accepted: OrderedDict[str, tuple[tuple[str, str], str]] = OrderedDict()

    async def send(self, request: Request) -> JSONResponse:
        """``POST /sms/messages``."""
        await self._troubles.over("sms", Trouble.SLOW)
        if self._troubles.at("sms") is Trouble.BUSY:
            return _refusal(503, "BUSY")
        offered = request.headers.get("authorization", "").encode()
        if not hmac.compare_digest(offered, self._key):
            return _refusal(401, "WRONG_KEY")
        try:
            body = await request.json()
            number, text = body["to"], body["text"]
        except (ValueError, KeyError, TypeError):
            return _refusal(400, "BAD_REQUEST")
        refusal = self._refuses(number, text)
        if refusal is not None:
            return _refusal(400, refusal)
        return await self._accept(number, text, request.headers.get("idempotency-key", "")[:_LONGEST_KEY])

    def _refuses(self, number: object, text: object) -> str | None:
        if self._troubles.at("sms") is Trouble.REFUSING:
            return "REFUSED"
        if not (isinstance(number, str) and _NUMBER.fullmatch(number)):
            return "BAD_NUMBER"
        if not (isinstance(text, str) and 0 < len(text) <= _LONGEST):
            return "BAD_TEXT"
        return None

    async def _accept(self, number: str, text: str, key: str) -> JSONResponse:
        message, first = self._accepted.get(key, ((number, text), ""))
        if message != (number, text):
            return _refusal(422, "KEY_REUSED")
        if first:
            return _accepted(first)
        wait = self._wait(number)
        if wait > 0:
            return _refusal(429, "TOO_MANY", {"Retry-After": str(int(wait) + 1)})
        item = self._post.receive("sms", to=number, text=text, reference=key)
        if key:
            self._accepted[key] = (message, str(item.number))
            if len(self._accepted) > _REMEMBERED:
                self._accepted.popitem(last=False)
        await self._troubles.over("sms", Trouble.SILENT)
        return _accepted(str(item.number))

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


def _accepted(identifier: str) -> JSONResponse:
    return JSONResponse({"id": identifier}, status_code=202)


def _refusal(status: int, reason: str, headers: dict[str, str] | None = None) -> JSONResponse:
    return JSONResponse({"reason": reason}, status_code=status, headers=headers)
