"""`BindingService` on the wire."""

from __future__ import annotations

from school.access.v1.policy_pb2 import Role
from school.identity.v1 import binding_pb2, binding_pb2_grpc
from services.identity.binding.usecases.entering import Bindings
from services.identity.binding.usecases.password_road import PasswordRoad, Proposed
from services.identity.people.messages import name_message
from services.identity.sessions.messages import signed_in_message
from services.kit.caller import caller
from services.kit.rpc.around import Context
from services.kit.rpc.parse import uuid_of


class BindingRpc(binding_pb2_grpc.BindingServiceServicer):
    """Binding by password, and what is bound."""

    def __init__(self, bindings: Bindings, password_road: PasswordRoad) -> None:
        self._bindings = bindings
        self._password_road = password_road

    async def BindWithPassword(
        self, request: binding_pb2.BindWithPasswordRequest, context: Context
    ) -> binding_pb2.BindWithPasswordResponse:
        """Whom the profile would be bound to."""
        proposed = await self._password_road.propose(request.browser_key, request.login, request.password)
        return binding_pb2.BindWithPasswordResponse(proposal=_proposal(proposed))

    async def ConfirmBinding(
        self, request: binding_pb2.ConfirmBindingRequest, context: Context
    ) -> binding_pb2.ConfirmBindingResponse:
        """The person who is in, now bound."""
        person_id = uuid_of(request.person_id, "person_id")
        signed_in = await self._password_road.confirm(request.browser_key, person_id)
        return binding_pb2.ConfirmBindingResponse(signed_in=signed_in_message(signed_in))

    async def DeclineBinding(
        self, request: binding_pb2.DeclineBindingRequest, context: Context
    ) -> binding_pb2.DeclineBindingResponse:
        """Nothing more: the sign-in is over."""
        await self._password_road.decline(request.browser_key)
        return binding_pb2.DeclineBindingResponse()

    async def GetMyBinding(
        self, request: binding_pb2.GetMyBindingRequest, context: Context
    ) -> binding_pb2.GetMyBindingResponse:
        """The evidence by which the caller's account was bound."""
        road, bound_at = await self._bindings.my_binding(caller())
        reply = binding_pb2.GetMyBindingResponse(road=binding_pb2.BindingRoad.Value(f"BINDING_ROAD_{road}"))
        reply.bound_at.FromDatetime(bound_at)
        return reply


def _proposal(proposed: Proposed) -> binding_pb2.BindingProposal:
    message = binding_pb2.BindingProposal(
        person_id=str(proposed.person.id),
        name=name_message(proposed.person.name),
        roles=[
            binding_pb2.ProposedRole(
                role=Role.Value(f"ROLE_{each.role}"),
                school_title=each.school_title,
                class_title=each.class_title,
            )
            for each in proposed.roles
        ],
    )
    message.expires_at.FromDatetime(proposed.until)
    return message
