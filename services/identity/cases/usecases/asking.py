"""The refused person asks the school to compare, and follows what becomes of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final
from zoneinfo import ZoneInfo

from school.identity.v1.events_pb2 import MessageKind
from services.identity.cases.rules import ASKABLE, Case, UnknownCase
from services.identity.cases.storage import cases as storage
from services.identity.cases.usecases.opening import tell_asker
from services.identity.contacts.rules import Email
from services.identity.corrections.rules import due_at
from services.identity.digests import digest_of
from services.identity.guesses.rules import Scope
from services.identity.guesses.usecases import Guesses
from services.identity.keyring import Keyring
from services.identity.links import storage as links
from services.identity.links.rules import SignInUnknown
from services.identity.telling.usecases import Telling
from services.identity.tracking import new_tracking_code, tracking_digest
from services.kit.clock import Clock
from services.kit.database import Database

TRACKING_PATH: Final = "/sign-in/asked"
"""Where the answer is looked for, behind the region's address. The code is never in it."""
_ASKER: Final = "applicant"
_OF: Final = "case"


@dataclass(frozen=True, slots=True)
class Asked:
    """What the person keeps; shows nothing of it when printed."""

    tracking_code: str
    due_at: datetime

    def __repr__(self) -> str:
        return "Asked(***)"


class Asking:
    """From the page of a refusal to the school's queue, without typing and without telling anything.

    Args:
        address: of the region's pages.
        zone: in whose working days schools have to decide.
    """

    def __init__(
        self,
        database: Database,
        *,
        keyring: Keyring,
        guesses: Guesses,
        telling: Telling,
        address: str,
        zone: ZoneInfo,
        clock: Clock,
    ) -> None:
        self._database = database
        self._keyring = keyring
        self._guesses = guesses
        self._telling = telling
        self._address = address.rstrip("/")
        self._zone = zone
        self._clock = clock

    async def ask(self, browser_key: str, email: Email | None) -> Asked:
        """Have the school compare what ESIA said in the sign-in that was refused in this browser.

        Raises:
            SignInUnknown: none was, or for a reason that the school cannot mend by comparing.
            TooManyAttempts: asked again and again, or letters to the address must wait.
        """
        digest = digest_of(browser_key)
        now = self._clock.now()
        async with self._database.read() as connection:
            link_id = await links.refused(connection, browser_digest=digest, now=now)
            if link_id is None:
                raise SignInUnknown
            await self._guesses.count(connection, Scope.CASE_CODE, f"asked by {link_id}")
            if email is not None:
                # Counted and never forgiven: each may send a letter to somebody who did not ask for it.
                await self._guesses.count(connection, Scope.CASE_LETTER, email.folded)
        async with self._database.transaction() as tx:
            case = await storage.of_link(tx.connection, self._keyring, link_id)
            if case is None or case.kind not in ASKABLE:
                raise SignInUnknown
            code = new_tracking_code()
            asked = replace(
                case,
                asked_at=case.asked_at or now,
                due_at=case.due_at if case.asked_at else due_at(now, self._zone),
                email=email.text if email else case.email,
            )
            await storage.ask(tx.connection, self._keyring, asked, digest=tracking_digest(code, of=_OF))
            if email is not None:
                values = {
                    "tracking_code": code,
                    "link": f"{self._address}{TRACKING_PATH}",
                    "due": asked.due_at.astimezone(UTC).date().isoformat(),
                }
                tell_asker(self._telling, tx, asked, MessageKind.MESSAGE_KIND_CASE_ASKED, values, now=now)
            tx.audit(
                actor=_ASKER,
                action="ask_to_compare",
                object_kind="case",
                object_id=str(case.id),
                why=case.kind,
                subject=case.person_ids[0],
            )
        return Asked(code, asked.due_at)

    async def track(self, code: str) -> Case:
        """How what was asked stands.

        Raises:
            UnknownCase: nothing has this code.
            TooManyAttempts: too many wrong codes from where the call comes.
        """
        async with self._database.read() as connection:
            await self._guesses.count(connection, Scope.CASE_CODE, None)
            case = await storage.of_code(connection, self._keyring, tracking_digest(code, of=_OF))
            if case is None:
                raise UnknownCase
            await self._guesses.forgive(connection, Scope.CASE_CODE, None)
        return case
