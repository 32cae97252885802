"""`ContactsService` on the wire."""

from __future__ import annotations

from school.identity.v1 import contacts_pb2, contacts_pb2_grpc
from services.identity.contacts.messages import contact_message, kind_of
from services.identity.contacts.usecases import Contacts
from services.kit.caller import caller
from services.kit.clock import Clock
from services.kit.rpc.around import Context


class ContactsRpc(contacts_pb2_grpc.ContactsServiceServicer):
    """Where a person is reached."""

    def __init__(self, contacts: Contacts, clock: Clock) -> None:
        self._contacts = contacts
        self._clock = clock

    async def ListMyContacts(
        self, request: contacts_pb2.ListMyContactsRequest, context: Context
    ) -> contacts_pb2.ListMyContactsResponse:
        """The caller's contacts."""
        known = await self._contacts.mine(caller())
        now = self._clock.now()
        return contacts_pb2.ListMyContactsResponse(
            contacts=[contact_message(contact, now=now) for contact in known]
        )

    async def ChangeContact(
        self, request: contacts_pb2.ChangeContactRequest, context: Context
    ) -> contacts_pb2.ChangeContactResponse:
        """The contact with the value that waits."""
        contact = await self._contacts.change(caller(), kind_of(request.kind), request.value)
        return contacts_pb2.ChangeContactResponse(contact=contact_message(contact, now=self._clock.now()))

    async def CancelContactChange(
        self, request: contacts_pb2.CancelContactChangeRequest, context: Context
    ) -> contacts_pb2.CancelContactChangeResponse:
        """The contact with nothing waiting."""
        contact = await self._contacts.cancel_change(caller(), kind_of(request.kind))
        return contacts_pb2.CancelContactChangeResponse(
            contact=contact_message(contact, now=self._clock.now())
        )

    async def ConfirmMobile(
        self, request: contacts_pb2.ConfirmMobileRequest, context: Context
    ) -> contacts_pb2.ConfirmMobileResponse:
        """The mobile, now in force."""
        contact = await self._contacts.confirm_mobile(caller(), request.code)
        return contacts_pb2.ConfirmMobileResponse(contact=contact_message(contact, now=self._clock.now()))

    async def ConfirmEmail(
        self, request: contacts_pb2.ConfirmEmailRequest, context: Context
    ) -> contacts_pb2.ConfirmEmailResponse:
        """Whether the person can now go on with their activation."""
        in_activation = await self._contacts.confirm_email(request.token)
        return contacts_pb2.ConfirmEmailResponse(in_activation=in_activation)
