"""Short messages, over the HTTP door of a provider; what is said there stands beside `SmsSettings`.

A refusal is for good when the provider has looked at the message: 4xx. Not so 401 and 403, which are about
the key, and 408, 425 and 429, which ask to come again.
"""

from __future__ import annotations

import re
from datetime import timedelta
from types import TracebackType
from typing import Any, Final, Self

import orjson

from services.kit.http_client import HttpClient, Received, Unreachable
from services.notifications.delivery.rules import Message, NotSent
from services.notifications.delivery.settings import SmsSettings, secret_in
from services.notifications.delivery.words import Words

_PATIENCE_S: Final = 10.0
_LARGEST_ANSWER: Final = 4096  # bytes that are looked at
_NOT_ABOUT_THE_MESSAGE: Final = frozenset({401, 403, 408, 425, 429})
_LONGEST_WAIT_S: Final = 3600
_REASON: Final = re.compile(r"[A-Z][A-Z0-9_]{1,39}")


class SmsPost:
    """The provider; an async context manager that keeps a few connections."""

    def __init__(self, settings: SmsSettings, words: Words) -> None:
        """Raises `ValueError` when the file of the key cannot be used."""
        self._settings = settings
        self._words = words
        self._authorization = f"Bearer {secret_in(settings.key_file)}"
        self._client = HttpClient(connections=settings.at_once, authorities=settings.tls_ca_file)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._client.aclose()

    async def send(self, message: Message) -> None:
        """Hand a message over. Raises `NotSent`."""
        headers = {
            "Authorization": self._authorization,
            "Content-Type": "application/json",
            # The same at each attempt: the provider sends a repetition to nobody.
            "Idempotency-Key": str(message.delivery_id),
        }
        body = orjson.dumps({"to": message.to, "text": self._words.sms(message)})
        try:
            answer = await self._client.send(
                "POST",
                self._settings.url,
                headers=headers,
                body=body,
                within=_PATIENCE_S,
                at_most=_LARGEST_ANSWER,
            )
        except TimeoutError:
            raise NotSent("TIMED_OUT") from None
        except Unreachable:
            raise NotSent("PROVIDER_DOWN") from None
        if not 200 <= answer.status < 300:
            raise _refused(answer)


def _refused(answer: Received) -> NotSent:
    for_good = 400 <= answer.status < 500 and answer.status not in _NOT_ABOUT_THE_MESSAGE
    reason = _reason(answer.body) or f"PROVIDER_{answer.status}"
    return NotSent(reason, for_good=for_good, wait=_wait(answer.headers.get("Retry-After", "")))


def _reason(body: bytes) -> str:
    """The provider's machine reason, when it is one: anything else might quote the message."""
    try:
        said: Any = orjson.loads(body)["reason"]
    except (orjson.JSONDecodeError, KeyError, TypeError):
        return ""
    return f"PROVIDER_{said}" if isinstance(said, str) and _REASON.fullmatch(said) else ""


def _wait(retry_after: str) -> timedelta | None:
    """RFC 9110, 10.2.3, in seconds; a date, which nobody sends here, is passed over."""
    if not retry_after.isascii() or not retry_after.isdigit():
        return None
    return timedelta(seconds=min(int(retry_after[:9]), _LONGEST_WAIT_S))
