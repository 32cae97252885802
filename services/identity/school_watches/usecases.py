"""Waiting for a school: asking, confirming, ending, and being told."""

from __future__ import annotations

import asyncio
from typing import Final
from uuid import UUID

from school.identity.v1.events_pb2 import MessageKind
from services.identity.contacts.rules import Email, LinkUnknown
from services.identity.guesses.rules import Scope
from services.identity.guesses.usecases import Guesses
from services.identity.keyring import Keyring
from services.identity.school_watches import storage
from services.identity.school_watches.rules import LINK_LIFE, NEWS_LIFE, SchoolConnected, Token, Watch
from services.identity.schools.rules import Connection, UnknownSchool
from services.identity.schools.storage import school as find_school
from services.identity.telling.rules import Channel
from services.identity.telling.usecases import Telling
from services.kit.background import Background
from services.kit.client import client
from services.kit.clock import Clock
from services.kit.database import Database
from services.kit.ids import new_id

LINK_PATH: Final = "/schools/told"
"""Where the link of the letter leads, behind the region's address."""
_DOORS_PATH: Final = "/sign-in"
_TOLD_AT_ONCE: Final = 100
_EVERY_S: Final = 5.0


class SchoolWatches:
    """What people ask who wait for their school, and what the operator sees of it.

    Args:
        address: of the region's pages.
    """

    def __init__(
        self,
        database: Database,
        keyring: Keyring,
        guesses: Guesses,
        telling: Telling,
        *,
        address: str,
        clock: Clock,
    ) -> None:
        self._database = database
        self._keyring = keyring
        self._guesses = guesses
        self._telling = telling
        self._address = address.rstrip("/")
        self._clock = clock

    async def ask(self, school_id: UUID, email: Email) -> None:
        """Send a letter with a link, unless the address waits already: the answer is the same.

        Raises:
            UnknownSchool: there is no such school.
            SchoolConnected: there is nothing to wait for.
            TooManyAttempts: letters to the address, or wishes from here, must wait.
        """
        async with self._database.read() as connection:
            school = await find_school(connection, school_id)
            if school is None:
                raise UnknownSchool
            if school.connection is Connection.CONNECTED:
                raise SchoolConnected
            # Counted and never forgiven: each may send a letter to somebody who did not ask for it.
            await self._guesses.count(connection, Scope.SCHOOL_WATCH, email.folded)
        now, token = self._clock.now(), Token.new()
        watch = Watch(new_id(), school_id, email, client().language, now)
        async with self._database.transaction() as tx:
            if await storage.ask(tx.connection, self._keyring, watch, token):
                self._telling.tell(
                    tx,
                    person_id=None,
                    channel=Channel.EMAIL,
                    to=email.to,
                    kind=MessageKind.MESSAGE_KIND_SCHOOL_WATCH,
                    values={"school": school.title, "link": f"{self._address}{LINK_PATH}/{token.text}"},
                    expires_at=now + LINK_LIFE,
                    language=watch.language,
                )

    async def confirm(self, token: str) -> str:
        """Have the address of a link wait; the title of its school. Raises `LinkUnknown`."""
        async with self._database.transaction() as tx:
            title = await storage.confirm(tx.connection, Token(token).digest, now=self._clock.now())
        if title is None:
            raise LinkUnknown
        return title

    async def end(self, token: str) -> None:
        """Forget the address of a link; a link that leads nowhere has done so already."""
        async with self._database.transaction() as tx:
            await storage.forget(tx.connection, Token(token).digest)

    async def counts(self) -> list[tuple[UUID, str, int]]:
        """How many wait for which school, the most first: id, title, number."""
        async with self._database.read() as connection:
            return await storage.counts(connection)

    async def tell_some(self) -> int:
        """Tell some whose school is connected, and forget them, in one transaction; how many."""
        async with self._database.transaction() as tx:
            connected = await storage.take_connected(tx.connection, self._keyring, limit=_TOLD_AT_ONCE)
            for waiting in connected:
                self._telling.tell(
                    tx,
                    person_id=None,
                    channel=Channel.EMAIL,
                    to=waiting.watch.email.to,
                    kind=MessageKind.MESSAGE_KIND_SCHOOL_CONNECTED,
                    values={"school": waiting.school_title, "link": f"{self._address}{_DOORS_PATH}"},
                    expires_at=self._clock.now() + NEWS_LIFE,
                    language=waiting.watch.language,
                )
        return len(connected)


class ConnectionNews(Background):
    """Tells who waited; ``async with`` runs it. Any number of replicas may: each address is taken once."""

    def __init__(self, watches: SchoolWatches) -> None:
        super().__init__("connection_news")
        self._watches = watches

    async def run(self) -> None:
        """Look now and again."""
        while True:
            while await self._watches.tell_some():
                continue
            await asyncio.sleep(_EVERY_S)
