"""`FamiliesService` on the wire."""

from __future__ import annotations

from school.identity.v1 import families_pb2, families_pb2_grpc
from services.identity.families.rules import BadRelation, RelationKind
from services.identity.families.usecases import Families, NewRelation, relation_message
from services.identity.people.messages import name_message
from services.kit.caller import caller
from services.kit.rpc.around import Context
from services.kit.rpc.parse import date_or_none, uuid_of


class FamiliesRpc(families_pb2_grpc.FamiliesServiceServicer):
    """Relations between guardians and pupils."""

    def __init__(self, families: Families) -> None:
        self._families = families

    async def ListMyChildren(
        self, request: families_pb2.ListMyChildrenRequest, context: Context
    ) -> families_pb2.ListMyChildrenResponse:
        """The caller's children."""
        children = await self._families.my_children(caller())
        return families_pb2.ListMyChildrenResponse(
            children=[
                families_pb2.Child(
                    person_id=str(child.person_id),
                    name=name_message(child.name),
                    kind=families_pb2.RelationKind.Value(f"RELATION_KIND_{child.kind}"),
                )
                for child in children
            ]
        )

    async def RegisterRelation(
        self, request: families_pb2.RegisterRelationRequest, context: Context
    ) -> families_pb2.RegisterRelationResponse:
        """The relation now registered."""
        new = NewRelation(
            school_id=uuid_of(request.school_id, "school_id"),
            guardian_id=uuid_of(request.guardian_id, "guardian_id"),
            pupil_id=uuid_of(request.pupil_id, "pupil_id"),
            kind=_kind(request.kind),
            valid_until=date_or_none(request.valid_until, "valid_until"),
        )
        relation = await self._families.register(caller(), new, request_id=request.request_id)
        return families_pb2.RegisterRelationResponse(relation=relation_message(relation))

    async def EndRelation(
        self, request: families_pb2.EndRelationRequest, context: Context
    ) -> families_pb2.EndRelationResponse:
        """Nothing: the relation is over."""
        await self._families.end(
            caller(),
            school_id=uuid_of(request.school_id, "school_id"),
            relation_id=uuid_of(request.relation_id, "relation_id"),
            reason=request.reason,
        )
        return families_pb2.EndRelationResponse()


def _kind(number: families_pb2.RelationKind.ValueType) -> RelationKind:
    try:
        return RelationKind(families_pb2.RelationKind.Name(number).removeprefix("RELATION_KIND_"))
    except ValueError:
        raise BadRelation from None
