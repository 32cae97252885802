"""`DelegationsService` on the wire."""

from __future__ import annotations

from school.identity.v1 import delegations_pb2, delegations_pb2_grpc
from services.identity.contacts.rules import Email
from services.identity.delegations.messages import delegation_message, trust_message
from services.identity.delegations.rules import BadInvitee, scopes_of
from services.identity.delegations.usecases.answering import Answering, InvitationKey
from services.identity.delegations.usecases.granting import Granting, Wish
from services.kit.caller import caller
from services.kit.rpc.around import Context
from services.kit.rpc.parse import date_of, uuid_of


class DelegationsRpc(delegations_pb2_grpc.DelegationsServiceServicer):
    """Whom families trust."""

    def __init__(self, granting: Granting, answering: Answering) -> None:
        self._granting = granting
        self._answering = answering

    async def ListDelegations(
        self, request: delegations_pb2.ListDelegationsRequest, context: Context
    ) -> delegations_pb2.ListDelegationsResponse:
        """A pupil's trusted persons."""
        me = caller()
        sight = await self._granting.of_pupil(me, uuid_of(request.pupil_id, "pupil_id"))
        return delegations_pb2.ListDelegationsResponse(
            delegations=[delegation_message(one, reader=me.person_id) for one in sight.delegations],
            can_invite=sight.right.grants,
            latest_until=sight.latest.isoformat() if sight.right.grants else "",
            pupil_name=sight.pupil.display,
            can_withdraw=sight.right.grants,
        )

    async def InviteTrustedPerson(
        self, request: delegations_pb2.InviteTrustedPersonRequest, context: Context
    ) -> delegations_pb2.InviteTrustedPersonResponse:
        """The invitation."""
        me = caller()
        invitee = request.WhichOneof("invitee")
        if invitee is None:
            raise BadInvitee
        wish = Wish(
            pupil_id=uuid_of(request.pupil_id, "pupil_id"),
            scopes=scopes_of(request.scopes),
            valid_until=date_of(request.valid_until, "valid_until"),
            email=Email.parse(request.email) if invitee == "email" else None,
            login=request.login,
        )
        seen = await self._granting.invite(me, wish, request_id=request.request_id)
        return delegations_pb2.InviteTrustedPersonResponse(
            delegation=delegation_message(seen, reader=me.person_id)
        )

    async def WithdrawDelegation(
        self, request: delegations_pb2.WithdrawDelegationRequest, context: Context
    ) -> delegations_pb2.WithdrawDelegationResponse:
        """Nothing: it is over."""
        await self._granting.withdraw(
            caller(),
            uuid_of(request.pupil_id, "pupil_id"),
            uuid_of(request.delegation_id, "delegation_id"),
        )
        return delegations_pb2.WithdrawDelegationResponse()

    async def ListMyTrust(
        self, request: delegations_pb2.ListMyTrustRequest, context: Context
    ) -> delegations_pb2.ListMyTrustResponse:
        """What the caller is trusted with."""
        held, invited = await self._answering.mine(caller())
        return delegations_pb2.ListMyTrustResponse(
            held=map(trust_message, held), invited=map(trust_message, invited)
        )

    async def LookAtInvitation(
        self, request: delegations_pb2.LookAtInvitationRequest, context: Context
    ) -> delegations_pb2.LookAtInvitationResponse:
        """An invitation before it is answered."""
        seen = await self._answering.look(caller(), _key(request.invitation))
        return delegations_pb2.LookAtInvitationResponse(trust=trust_message(seen))

    async def AcceptInvitation(
        self, request: delegations_pb2.AcceptInvitationRequest, context: Context
    ) -> delegations_pb2.AcceptInvitationResponse:
        """What the caller sees now."""
        seen = await self._answering.accept(caller(), _key(request.invitation))
        return delegations_pb2.AcceptInvitationResponse(trust=trust_message(seen))

    async def RefuseInvitation(
        self, request: delegations_pb2.RefuseInvitationRequest, context: Context
    ) -> delegations_pb2.RefuseInvitationResponse:
        """Nothing: the invitation is over."""
        await self._answering.refuse(caller(), _key(request.invitation))
        return delegations_pb2.RefuseInvitationResponse()

    async def LeaveDelegation(
        self, request: delegations_pb2.LeaveDelegationRequest, context: Context
    ) -> delegations_pb2.LeaveDelegationResponse:
        """Nothing: it is given up."""
        await self._answering.leave(caller(), uuid_of(request.delegation_id, "delegation_id"))
        return delegations_pb2.LeaveDelegationResponse()


def _key(key: delegations_pb2.InvitationKey) -> InvitationKey:
    by_id = key.WhichOneof("key") == "delegation_id"
    return InvitationKey(
        key.token, delegation_id=uuid_of(key.delegation_id, "delegation_id") if by_id else None
    )
