"""Asking ESIA within the time that a person waits, and what they are told when it goes wrong."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from services.identity.esia import EsiaCodeRejected, EsiaDeclined, EsiaError, EsiaNotConfirmed, EsiaTimeout
from services.identity.sign_in.rules import (
    TIME_FOR_ESIA,
    EsiaCodeRefused,
    EsiaDown,
    EsiaLevelTooLow,
    EsiaRefused,
)
from services.kit.errors import DomainError
from services.kit.log import get_logger

_logger = get_logger("sign_in")


@asynccontextmanager
async def asking_esia() -> AsyncIterator[None]:
    """Within `TIME_FOR_ESIA`; what goes wrong becomes what a person is told."""
    try:
        async with asyncio.timeout(TIME_FOR_ESIA.total_seconds()):
            yield
    except EsiaError as failed:
        raise _told(failed) from failed
    except TimeoutError as late:
        raise _told(EsiaTimeout()) from late


def _told(failed: EsiaError) -> DomainError:
    """What a person is told of a failed conversation with ESIA; the operator finds the rest in the log."""
    match failed:
        case EsiaDeclined():
            return EsiaRefused()
        case EsiaCodeRejected():
            return EsiaCodeRefused()
        case EsiaNotConfirmed():
            return EsiaLevelTooLow()
        case _:
            told = failed.operator_sentence()
            _logger.warning("esia_failed", reason=failed.reason, code=failed.code, error=told)
            return EsiaDown(esia_reason=failed.reason)
