"""A contact in the contract's words."""

from __future__ import annotations

from datetime import datetime

from school.identity.v1 import contacts_pb2
from services.identity.contacts.rules import Contact, Kind
from services.identity.people.rules import BadField


def contact_message(contact: Contact, *, now: datetime) -> contacts_pb2.Contact:
    """The message for a contact, as its person sees it."""
    message = contacts_pb2.Contact(
        kind=contacts_pb2.ContactKind.Value(f"CONTACT_KIND_{contact.kind}"),
        value=contact.value.text if contact.value else "",
    )
    if contact.confirmed_at is not None:
        message.confirmed_at.FromDatetime(contact.confirmed_at)
    change = contact.waiting(now)
    if change is not None:
        message.pending_value = change.value.text
        message.pending_until.FromDatetime(change.until)
    return message


def kind_of(number: contacts_pb2.ContactKind.ValueType) -> Kind:
    """The kind that a request names. Raises `BadField` when it names none."""
    try:
        return Kind(contacts_pb2.ContactKind.Name(number).removeprefix("CONTACT_KIND_"))
    except ValueError:
        raise BadField(field="kind") from None
