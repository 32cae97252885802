"""Removing what has had its day: profiles nobody gave a password for, guesses, sessions long over."""

from __future__ import annotations

import asyncio
from typing import Final

from services.identity.account_requests.storage import sweep_account_requests
from services.identity.binding.storage.cases import close_cases_of_bound
from services.identity.cases.storage.cases import sweep_cases
from services.identity.contacts.storage import sweep_contacts
from services.identity.corrections.storage import sweep_corrections
from services.identity.delegations.storage import sweep_delegations
from services.identity.devices.storage import sweep_devices
from services.identity.directory.storage import sweep_access_changes
from services.identity.esia_children.storage import sweep_child_searches
from services.identity.guesses.storage import sweep_guesses
from services.identity.issuing.storage.jobs import sweep_jobs
from services.identity.links.storage import sweep_links
from services.identity.recoveries.storage import sweep_recoveries
from services.identity.school_watches.storage import sweep_school_watches
from services.identity.sessions.storage import sweep_sessions
from services.kit.background import Background
from services.kit.clock import Clock
from services.kit.database import Database

_EVERY_S: Final = 60


class Sweep(Background):
    """``async with`` runs it; any number of replicas may, for a row is removed once."""

    def __init__(self, database: Database, clock: Clock) -> None:
        super().__init__("sweep")
        self._database = database
        self._clock = clock

    async def run(self) -> None:
        """Sweep now and every minute."""
        while True:
            await self.once()
            await asyncio.sleep(_EVERY_S)

    async def once(self) -> None:
        """Sweep now."""
        now = self._clock.now()
        async with self._database.read() as connection:
            await sweep_access_changes(connection, now=now)
            await sweep_account_requests(connection, now=now)
            await close_cases_of_bound(connection, now=now)
            await sweep_cases(connection, now=now)
            await sweep_contacts(connection, now=now)
            await sweep_corrections(connection, now=now)
            await sweep_delegations(connection, now=now)
            await sweep_child_searches(connection, now=now)
            await sweep_devices(connection, now=now)
            await sweep_jobs(connection, now=now)
            await sweep_links(connection, now=now)
            await sweep_guesses(connection, now=now)
            await sweep_recoveries(connection, now=now)
            await sweep_school_watches(connection, now=now)
            await sweep_sessions(connection, now=now)
