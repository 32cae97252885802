"""Telling people by e-mail and SMS: notifications sends, nobody else on the way can read it.

A message is an event of the transaction that gives the reason for it; its address and its values, which may
be a code or a link, are sealed to notifications (services.kit.sealing).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Final, Protocol
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from school.identity.v1.events_pb2 import MessageChannel, MessageKind, MessageSealed, MessageWithdrawn
from services.identity.telling.rules import LANGUAGES, NOTICE_LIFE, Channel, Recipient, require_values
from services.kit.clock import Clock
from services.kit.database import Transaction
from services.kit.ids import new_id
from services.kit.sealing import Sealer

_LINK: Final = frozenset({"link"})
_SCHOOL_LINK: Final = frozenset({"school", "link"})
_CODE: Final = frozenset({"code"})
_WHAT: Final = frozenset({"what"})
_CHILD: Final = frozenset({"child"})
NEEDED: Final[Mapping[MessageKind.ValueType, frozenset[str]]] = {
    MessageKind.MESSAGE_KIND_CONFIRM_EMAIL: _LINK,
    MessageKind.MESSAGE_KIND_CONFIRM_MOBILE: _CODE,
    MessageKind.MESSAGE_KIND_RECOVERY_LINK: _LINK,
    MessageKind.MESSAGE_KIND_RECOVERY_CODE: _CODE,
    MessageKind.MESSAGE_KIND_CONTACT_CHANGING: _WHAT,
    MessageKind.MESSAGE_KIND_NEW_DEVICE: frozenset({"device", "at"}),
    MessageKind.MESSAGE_KIND_CORRECTION_ACCEPTED: frozenset({"field"}),
    MessageKind.MESSAGE_KIND_CORRECTION_REFUSED: frozenset({"field", "reason"}),
    MessageKind.MESSAGE_KIND_ACCOUNT_REQUEST_SUBMITTED: frozenset({"tracking_code", "link", "due"}),
    MessageKind.MESSAGE_KIND_ACCOUNT_REQUEST_ACCEPTED: frozenset({"school"}),
    MessageKind.MESSAGE_KIND_ACCOUNT_REQUEST_REFUSED: frozenset({"reason"}),
    MessageKind.MESSAGE_KIND_SECOND_FACTOR_CHANGED: _WHAT,
    MessageKind.MESSAGE_KIND_ERASURE_COMING: frozenset({"at"}),
    MessageKind.MESSAGE_KIND_GUARDIAN_JOINED: _CHILD,
    MessageKind.MESSAGE_KIND_GUARDIAN_ENDED: _CHILD,
    MessageKind.MESSAGE_KIND_CHILD_LINKED: _CHILD,
    MessageKind.MESSAGE_KIND_CHILD_REFUSED: frozenset({"child", "reason"}),
    MessageKind.MESSAGE_KIND_TRUST_INVITATION: _LINK,
    MessageKind.MESSAGE_KIND_SCHOOL_WATCH: _SCHOOL_LINK,
    MessageKind.MESSAGE_KIND_SCHOOL_CONNECTED: _SCHOOL_LINK,
    MessageKind.MESSAGE_KIND_CASE_ASKED: frozenset({"tracking_code", "link", "due"}),
    MessageKind.MESSAGE_KIND_CASE_DISMISSED: frozenset({"reason"}),
}
"""The values of each kind, as the contract says; other kinds have none."""
UNASKED: Final = frozenset(
    {
        MessageKind.MESSAGE_KIND_CORRECTION_ACCEPTED,
        MessageKind.MESSAGE_KIND_CORRECTION_REFUSED,
        MessageKind.MESSAGE_KIND_CHILD_LINKED,
        MessageKind.MESSAGE_KIND_CHILD_REFUSED,
        MessageKind.MESSAGE_KIND_TRUST_INVITED,
        MessageKind.MESSAGE_KIND_CASE_ACCEPTED,
        MessageKind.MESSAGE_KIND_CASE_DISMISSED,
    }
)
"""Kinds that a person may refuse; the others keep the account safe, or answer somebody who has no account."""


class ConfirmedContacts(Protocol):
    """Where a person has shown to be reached."""

    async def __call__(self, connection: AsyncConnection, person_id: UUID, /) -> Iterable[Recipient]:
        """Every confirmed contact of the person; none when there is no account."""
        ...


class Refused(Protocol):
    """Whether somebody wants no messages but those that keep the account safe."""

    async def __call__(self, connection: AsyncConnection, person_id: UUID, /) -> bool:
        """Whether the person has withdrawn the consent to messages."""
        ...


class Telling:
    """Asks notifications to send, in the caller's transaction."""

    def __init__(
        self, sealer: Sealer, contacts: ConfirmedContacts, clock: Clock, *, refused: Refused
    ) -> None:
        self._sealer = sealer
        self._contacts = contacts
        self._clock = clock
        self._refused = refused

    def tell(
        self,
        tx: Transaction,
        *,
        person_id: UUID | None,
        channel: Channel,
        to: str,
        kind: MessageKind.ValueType,
        values: Mapping[str, str],
        expires_at: datetime,
        language: str = LANGUAGES[0],
    ) -> UUID:
        """Have one message sent once the transaction has committed; returns its id.

        Args:
            tx: what gives the reason for the message.
            person_id: whom it concerns, who also sees how the delivery stands; None for an applicant who is
                no person of the region yet.
            channel: by what it goes.
            to: an e-mail address, or a mobile as +79XXXXXXXXX.
            kind: what it is about; chooses the template.
            values: what the template of the kind shows, as the contract names it: links whole, instants as
                RFC 3339 in UTC, dates as YYYY-MM-DD.
            expires_at: it is worthless afterwards, and not sent any more.
            language: of the template, such as that of who asks for a code; Russian for a language without
                templates, and for what people are told unasked.

        Raises:
            ValueError: the values are not those of the kind.
        """
        require_values(MessageKind.Name(kind), values, NEEDED.get(kind, frozenset()))
        message_id = new_id()
        content = json.dumps({"to": to, "values": dict(values)}, ensure_ascii=False)
        event = MessageSealed(
            message_id=str(message_id),
            person_id=str(person_id) if person_id else "",
            channel=MessageChannel.ValueType(channel),
            kind=kind,
            language=language if language in LANGUAGES else LANGUAGES[0],
            sealed=self._sealer.seal(content.encode()),
        )
        event.expires_at.FromDatetime(expires_at)
        tx.publish(event, aggregate=message_id, version=1)
        return message_id

    def withdraw(self, tx: Transaction, message_id: UUID) -> None:
        """Have a message not sent if it was not sent yet: what it says is untrue now. Twice is harmless."""
        tx.publish(MessageWithdrawn(message_id=str(message_id)), aggregate=message_id, version=2)

    async def tell_everywhere(
        self,
        tx: Transaction,
        person_id: UUID,
        kind: MessageKind.ValueType,
        values: Mapping[str, str],
        *,
        language: str = LANGUAGES[0],
    ) -> list[UUID]:
        """Have a message sent to every confirmed contact of a person, within a day; returns their ids.

        Who has withdrawn the consent to messages is told nothing but what keeps the account safe.

        Raises:
            ValueError: the values are not those of the kind.
        """
        if kind in UNASKED and await self._refused(tx.connection, person_id):
            return []
        expires_at = self._clock.now() + NOTICE_LIFE
        return [
            self.tell(
                tx,
                person_id=person_id,
                channel=recipient.channel,
                to=recipient.to,
                kind=kind,
                values=values,
                expires_at=expires_at,
                language=language,
            )
            for recipient in await self._contacts(tx.connection, person_id)
        ]
