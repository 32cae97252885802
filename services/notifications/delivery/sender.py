"""Sends what waits on one channel. Any number of replicas may: a delivery is one sender's at a time.

Invariants:
- A delivery is claimed, tried, settled. A sender that dies in between leaves a claim that ends: the delivery
  is tried again, under the same id, by which the other side can tell a repetition.
- What is known to be sent is written down before anything else, for as long as the database needs.
- Nothing is tried after its time, not even finished: an attempt ends with it.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from datetime import timedelta
from types import TracebackType
from typing import Final, Protocol

from services.kit.background import Background
from services.kit.clock import Clock
from services.kit.errors import Unavailable
from services.kit.log import kind_and_place
from services.kit.sealing import CannotOpen, Unsealer
from services.notifications.delivery.messages import kind_name
from services.notifications.delivery.rules import Claim, Message, NotSent
from services.notifications.delivery.usecases import ATTEMPT, Outgoing

_IDLE: Final = timedelta(seconds=15)  # for what another replica took and did not live to send
_SOONEST: Final = timedelta(seconds=1)
_DATABASE_AGAIN_S: Final = 0.25
_GRACE_S: Final = 5.0  # for what is on its way when the service stops


class Post(Protocol):
    """A mail server or a provider."""

    async def send(self, message: Message) -> None:
        """Hand a message over. Raises `NotSent`."""
        ...


class Sender(Background):
    """Sends on one channel. ``async with`` runs it.

    Args:
        name: of the channel, for the log.
        outgoing: what waits.
        post: who takes it.
        unsealer: opens it.
        at_once: messages on their way at once.
        clock: what time it is.
    """

    def __init__(
        self,
        name: str,
        outgoing: Outgoing,
        post: Post,
        unsealer: Unsealer,
        *,
        at_once: int,
        clock: Clock,
    ) -> None:
        super().__init__("sender")
        self._log = self._log.bind(name=name)
        self._outgoing = outgoing
        self._post = post
        self._unsealer = unsealer
        self._at_once = at_once
        self._clock = clock
        self._work = asyncio.Event()
        self._on_the_way: set[asyncio.Task[None]] = set()

    def wake(self) -> None:
        """Look now: something new waits."""
        self._work.set()

    async def run(self) -> None:
        """Claim and send until cancelled."""
        while True:
            self._work.clear()
            free = self._at_once - len(self._on_the_way)
            if free <= 0:  # whichever ends wakes us
                await self._work.wait()
                continue
            pause = await self._outgoing.pause()
            if pause is not None and pause <= timedelta():
                claims = await self._outgoing.claim(free)
                for claim in claims:
                    self._begin(claim)
                if claims:
                    continue
                pause = _SOONEST
            await self._rest(min(_IDLE, max(_SOONEST, pause or _IDLE)))

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Claim nothing more, and let end what is on its way."""
        await super().__aexit__(kind, error, trace)
        if self._on_the_way:
            _, late = await asyncio.wait(self._on_the_way, timeout=_GRACE_S)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    async def _rest(self, pause: timedelta) -> None:
        try:
            async with asyncio.timeout(pause.total_seconds()):
                await self._work.wait()
        except TimeoutError:
            return

    def _begin(self, claim: Claim) -> None:
        task = asyncio.create_task(self._try(claim), name="send")
        self._on_the_way.add(task)
        task.add_done_callback(self._end)

    def _end(self, task: asyncio.Task[None]) -> None:
        self._on_the_way.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            # The claim ends by itself, and the delivery is tried again.
            self._log.error("outcome_lost", error=kind_and_place(error))
        self.wake()

    async def _try(self, claim: Claim) -> None:
        try:
            await self._send(claim)
        except NotSent as failure:
            failed = failure
            self._log.warning(
                "not_sent", event_id=str(claim.delivery_id), attempt=claim.attempt, reason=failed.reason
            )
            await self._patiently(lambda: self._outgoing.not_sent(claim, failed))
        else:
            await self._patiently(lambda: self._outgoing.sent(claim))

    async def _send(self, claim: Claim) -> None:
        within = min(ATTEMPT, claim.expires_at - self._clock.now())
        try:
            async with asyncio.timeout(max(within.total_seconds(), 0)):
                await self._post.send(await asyncio.to_thread(self._open, claim))
        except NotSent:
            raise
        except TimeoutError:
            raise NotSent("TIMED_OUT") from None
        except Exception as error:  # noqa: BLE001 - a surprise is one message's, and must not stop the others
            self._log.error(  # its kind and place alone: texts of errors quote addresses
                "sending_broke", event_id=str(claim.delivery_id), error=kind_and_place(error)
            )
            raise NotSent("INTERNAL") from None

    def _open(self, claim: Claim) -> Message:
        """What was sealed. What cannot be read now is tried again: a key or a version may be on its way."""
        kind = kind_name(claim.kind)
        if not kind:
            raise NotSent("UNKNOWN_KIND")
        try:
            content = json.loads(self._unsealer.open(claim.sealed))
            to, values = content["to"], dict(content["values"])
        except CannotOpen:
            raise NotSent("CANNOT_OPEN") from None
        except (KeyError, TypeError, ValueError):
            raise NotSent("UNREADABLE", for_good=True) from None
        return Message(claim.delivery_id, kind, claim.language, str(to), values)

    async def _patiently(self, work: Callable[[], Awaitable[None]]) -> None:
        """Write an outcome down, however long the database is away: forgotten, it would be sent twice."""
        while True:
            try:
                return await work()
            except Unavailable as error:
                self._log.warning("sender_waits_for_database", error=kind_and_place(error))
                await asyncio.sleep(_DATABASE_AGAIN_S)
