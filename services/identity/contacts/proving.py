"""Sending what proves a contact, and recognising it when it comes back."""

from __future__ import annotations

import secrets
from datetime import datetime
from uuid import UUID

from school.identity.v1.events_pb2 import MessageKind
from services.identity.contacts.recipients import CHANNELS
from services.identity.contacts.rules import (
    CODE_ATTEMPTS,
    CODE_DIGITS,
    CODE_LIFE,
    LINK_LIFE,
    Contact,
    Kind,
    Proof,
)
from services.identity.digests import digest_of
from services.identity.keyring import Keyring
from services.identity.telling.usecases import Telling
from services.kit.client import client
from services.kit.clock import Clock
from services.kit.database import Transaction

_TOKEN_BYTES = 16
_INDEX_KIND = "contact code"


class Proving:
    """Codes by SMS, links by e-mail.

    Args:
        keyring: digests of codes are keyed: of a million codes a plain one is reversed at once.
        telling: asks notifications to send.
        address: of the region, which links begin with; never taken from a request (A18).
        clock: what time it is.
    """

    def __init__(self, keyring: Keyring, telling: Telling, *, address: str, clock: Clock) -> None:
        self._keyring = keyring
        self._telling = telling
        self._address = address.rstrip("/")
        self._clock = clock

    def send(
        self, tx: Transaction, account_id: UUID, person_id: UUID, contact: Contact, *, until: datetime | None
    ) -> Contact:
        """Send a new proof to the value that waits; a former one is dead, and not sent any more.

        Args:
            tx: the caller's transaction.
            account_id: whose contact it is.
            person_id: whom the message concerns.
            contact: with a value that waits.
            until: until when that value waits; None: as long as the proof holds.
        """
        if contact.change is None:
            raise ValueError("no value waits for a proof")
        self.withdraw(tx, contact)
        now = self._clock.now()
        if contact.kind is Kind.EMAIL:
            token = secrets.token_urlsafe(_TOKEN_BYTES)
            digest, ends, attempts = digest_of(token), now + LINK_LIFE, 1
            kind = MessageKind.MESSAGE_KIND_CONFIRM_EMAIL
            values = {"link": f"{self._address}/confirm-email/{token}"}
        else:
            code = f"{secrets.randbelow(10**CODE_DIGITS):0{CODE_DIGITS}d}"
            digest, ends, attempts = (
                self.code_digests(account_id, contact, code)[0],
                now + CODE_LIFE,
                CODE_ATTEMPTS,
            )
            kind = MessageKind.MESSAGE_KIND_CONFIRM_MOBILE
            values = {"code": code}
        message_id = self._telling.tell(
            tx,
            person_id=person_id,
            channel=CHANNELS[contact.kind],
            to=contact.change.value.to,
            kind=kind,
            values=values,
            expires_at=ends,
            language=client().language,
        )
        return contact.sent(Proof(digest, ends, attempts, message_id), now, until=until or ends)

    def withdraw(self, tx: Transaction, contact: Contact) -> None:
        """Have what was sent to the value that waits not sent any more, if it was not yet."""
        if contact.change is not None and contact.change.proof is not None:
            self._telling.withdraw(tx, contact.change.proof.message_id)

    def code_digests(self, account_id: UUID, contact: Contact, code: str) -> list[bytes]:
        """What may be stored of a code for the value that waits now, the current key first (A25)."""
        text = f"{account_id}\0{contact.kind}\0{contact.version}\0{code.strip()}"
        return [index.digest for index in self._keyring.indexes(text, kind=_INDEX_KIND)]
