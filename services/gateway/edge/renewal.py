"""Renewal of browser sessions: one call of identity for a refresh token, however many requests wait."""

from __future__ import annotations

import asyncio
import time

from school.identity.v1.sessions_pb2 import RefreshSessionRequest, Session
from services.gateway.calls import Context, Services, set_context

# Seconds for the one call; the requests that wait have deadlines of their own.
_PATIENCE = 5.0


class Renewal:
    """Renews sessions; requests of one browser that come at once share one call (A20)."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._running: dict[str, asyncio.Task[Session]] = {}

    async def renew(self, refresh_token: str, request_id: str) -> Session:
        """The session's next tokens. Raises `Refused`, with ``SESSION_ENDED`` when the session is over."""
        task = self._running.get(refresh_token)
        if task is None:
            # A task of its own: the request that began it may be given up, the others still wait.
            task = asyncio.create_task(self._call(refresh_token, request_id))
            self._running[refresh_token] = task
            task.add_done_callback(lambda _: self._running.pop(refresh_token, None))
        return await asyncio.shield(task)

    async def _call(self, refresh_token: str, request_id: str) -> Session:
        set_context(Context(request_id, time.monotonic() + _PATIENCE))
        request = RefreshSessionRequest(refresh_token=refresh_token)
        reply = await self._services.identity.sessions.RefreshSession(request)
        return reply.session
