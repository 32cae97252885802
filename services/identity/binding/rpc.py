"""`BindingService` on the wire."""

from __future__ import annotations

from uuid import UUID

from school.access.v1.policy_pb2 import Role
from school.identity.v1 import binding_pb2, binding_pb2_grpc
from services.identity.binding.rules.endings import PastOrPresent, WhyEnded
from services.identity.binding.usecases.entering import Bindings
from services.identity.binding.usecases.password_road import PasswordRoad, Proposed
from services.identity.binding.usecases.unbinding import Unbindings
from services.identity.people.messages import name_message
from services.identity.sessions.messages import signed_in_message
from services.kit.caller import caller
from services.kit.rpc.around import Context
from services.kit.rpc.parse import uuid_of


class BindingRpc(binding_pb2_grpc.BindingServiceServicer):
    """Binding by password, what is bound, and its end."""

    def __init__(self, bindings: Bindings, password_road: PasswordRoad, unbindings: Unbindings) -> None:
        self._bindings = bindings
        self._password_road = password_road
        self._unbindings = unbindings

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

    async def ListMyBindings(
        self, request: binding_pb2.ListMyBindingsRequest, context: Context
    ) -> binding_pb2.ListMyBindingsResponse:
        """What is and was bound."""
        found = await self._unbindings.mine(caller())
        return binding_pb2.ListMyBindingsResponse(
            bindings=[_binding(each, caller().person_id) for each in found]
        )

    async def UnbindMyProfile(
        self, request: binding_pb2.UnbindMyProfileRequest, context: Context
    ) -> binding_pb2.UnbindMyProfileResponse:
        """Whether the caller is out by it."""
        return binding_pb2.UnbindMyProfileResponse(signed_out=await self._unbindings.unbind_mine(caller()))

    async def ListPersonBindings(
        self, request: binding_pb2.ListPersonBindingsRequest, context: Context
    ) -> binding_pb2.ListPersonBindingsResponse:
        """What is and was bound to somebody of the caller's school."""
        person_id = uuid_of(request.person_id, "person_id")
        found = await self._unbindings.theirs(caller(), uuid_of(request.school_id, "school_id"), person_id)
        return binding_pb2.ListPersonBindingsResponse(bindings=[_binding(each, person_id) for each in found])

    async def UnbindPerson(
        self, request: binding_pb2.UnbindPersonRequest, context: Context
    ) -> binding_pb2.UnbindPersonResponse:
        """Nothing more: it has ended."""
        await self._unbindings.unbind_theirs(
            caller(),
            uuid_of(request.school_id, "school_id"),
            uuid_of(request.person_id, "person_id"),
            _why(request.reason),
        )
        return binding_pb2.UnbindPersonResponse()


def _binding(known: PastOrPresent, person_id: UUID) -> binding_pb2.Binding:
    message = binding_pb2.Binding(
        binding_id=str(known.id),
        road=binding_pb2.BindingRoad.Value(f"BINDING_ROAD_{known.road}"),
        ended_by_school=known.ended_by not in {None, person_id},
    )
    message.bound_at.FromDatetime(known.bound_at)
    if known.reverified_at is not None:
        message.reverified_at.FromDatetime(known.reverified_at)
    if known.ended_at is not None and known.ended_why is not None:
        message.ended_at.FromDatetime(known.ended_at)
        message.ended_why = binding_pb2.UnbindReason.Value(f"UNBIND_REASON_{known.ended_why}")
    return message


def _why(reason: binding_pb2.UnbindReason.ValueType) -> WhyEnded | None:
    """The reason; None when none is given that this version knows."""
    name = binding_pb2.UnbindReason.Name(reason) if reason in binding_pb2.UnbindReason.values() else ""
    word = name.removeprefix("UNBIND_REASON_")
    return WhyEnded(word) if word in set(WhyEnded) else None


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
