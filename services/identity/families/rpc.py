"""`FamiliesService` on the wire."""

from __future__ import annotations

from datetime import date

from school.identity.v1 import families_pb2, families_pb2_grpc
from services.identity.families.messages import (
    child_message,
    day,
    family_relation,
    guardian_message,
    limit_message,
    relation_message,
)
from services.identity.families.rules.relations import (
    BadLimit,
    BadRelation,
    LimitKind,
    RelationKind,
    last_day,
)
from services.identity.families.usecases.adding import Adding, NewChild
from services.identity.families.usecases.limiting import Limiting, NewLimit
from services.identity.families.usecases.reading import Families
from services.identity.families.usecases.registering import Change, NewRelation, Registering
from services.identity.people.messages import name_message
from services.kit.caller import caller
from services.kit.rpc.around import Context
from services.kit.rpc.parse import date_of, date_or_none, uuid_of


class FamiliesRpc(families_pb2_grpc.FamiliesServiceServicer):
    """Relations between guardians and pupils."""

    def __init__(
        self, families: Families, adding: Adding, registering: Registering, limiting: Limiting
    ) -> None:
        self._families = families
        self._adding = adding
        self._registering = registering
        self._limiting = limiting

    async def ListMyChildren(
        self, request: families_pb2.ListMyChildrenRequest, context: Context
    ) -> families_pb2.ListMyChildrenResponse:
        """The caller's children."""
        mine = await self._families.my_children(caller())
        return families_pb2.ListMyChildrenResponse(
            children=[child_message(child) for child in mine.present],
            of_age=[child_message(child) for child in mine.of_age],
        )

    async def AddChild(
        self, request: families_pb2.AddChildRequest, context: Context
    ) -> families_pb2.AddChildResponse:
        """The child now in the family."""
        new = NewChild(request.login, request.password, request.label, _kind(request.kind), request.code)
        child = await self._adding.add(caller(), new)
        return families_pb2.AddChildResponse(child=child_message(child))

    async def RenameChild(
        self, request: families_pb2.RenameChildRequest, context: Context
    ) -> families_pb2.RenameChildResponse:
        """The child with the new label."""
        pupil_id = uuid_of(request.pupil_id, "pupil_id")
        child = await self._adding.rename(caller(), pupil_id, request.label)
        return families_pb2.RenameChildResponse(child=child_message(child))

    async def ListGuardians(
        self, request: families_pb2.ListGuardiansRequest, context: Context
    ) -> families_pb2.ListGuardiansResponse:
        """Who stands for the pupil."""
        found = await self._families.guardians(caller(), uuid_of(request.pupil_id, "pupil_id"))
        return families_pb2.ListGuardiansResponse(
            guardians=[guardian_message(each) for each in found.standing], may_share=found.shares
        )

    async def GetPupilFamily(
        self, request: families_pb2.GetPupilFamilyRequest, context: Context
    ) -> families_pb2.GetPupilFamilyResponse:
        """The family as the registrar sees it."""
        family = await self._registering.family(
            caller(),
            school_id=uuid_of(request.school_id, "school_id"),
            pupil_id=uuid_of(request.pupil_id, "pupil_id"),
        )
        return families_pb2.GetPupilFamilyResponse(
            pupil_id=str(family.pupil.id),
            pupil_name=name_message(family.pupil.name),
            birth_date=family.pupil.birth_date.isoformat(),
            last_day_of_childhood=day(last_day(None, family.pupil.birth_date)),
            relations=[family_relation(each, family.today) for each in family.standing],
            limits=[
                families_pb2.FamilyLimit(limit=limit_message(limit), guardian_name=name_message(name))
                for limit, name in family.limits
            ],
            ended=[
                family_relation(each.standing, family.today, ended_at=each.ended_at, why=each.why)
                for each in family.ended
            ],
            pupil_left=family.pupil_left,
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
            document=request.document,
        )
        relation = await self._registering.register(caller(), new, request_id=request.request_id)
        return families_pb2.RegisterRelationResponse(relation=relation_message(relation))

    async def ChangeRelation(
        self, request: families_pb2.ChangeRelationRequest, context: Context
    ) -> families_pb2.ChangeRelationResponse:
        """The relation as it is now."""
        relation = await self._registering.change(
            caller(),
            school_id=uuid_of(request.school_id, "school_id"),
            relation_id=uuid_of(request.relation_id, "relation_id"),
            change=Change(_term(request.valid_until), request.document, request.reason),
        )
        return families_pb2.ChangeRelationResponse(relation=relation_message(relation))

    async def EndRelation(
        self, request: families_pb2.EndRelationRequest, context: Context
    ) -> families_pb2.EndRelationResponse:
        """Nothing: the relation is over."""
        await self._registering.end(
            caller(),
            school_id=uuid_of(request.school_id, "school_id"),
            relation_id=uuid_of(request.relation_id, "relation_id"),
            reason=request.reason,
        )
        return families_pb2.EndRelationResponse()

    async def PlaceCourtLimit(
        self, request: families_pb2.PlaceCourtLimitRequest, context: Context
    ) -> families_pb2.PlaceCourtLimitResponse:
        """The limit now in force."""
        new = NewLimit(
            school_id=uuid_of(request.school_id, "school_id"),
            guardian_id=uuid_of(request.guardian_id, "guardian_id"),
            pupil_id=uuid_of(request.pupil_id, "pupil_id"),
            kind=_limit_kind(request.kind),
            document=request.document,
            valid_from=date_of(request.valid_from, "valid_from"),
            valid_until=_term(request.valid_until),
        )
        limit = await self._limiting.place(caller(), new)
        return families_pb2.PlaceCourtLimitResponse(limit=limit_message(limit))

    async def LiftCourtLimit(
        self, request: families_pb2.LiftCourtLimitRequest, context: Context
    ) -> families_pb2.LiftCourtLimitResponse:
        """Nothing: the limit is no more."""
        await self._limiting.lift(
            caller(),
            school_id=uuid_of(request.school_id, "school_id"),
            limit_id=uuid_of(request.limit_id, "limit_id"),
            reason=request.reason,
        )
        return families_pb2.LiftCourtLimitResponse()


def _kind(number: families_pb2.RelationKind.ValueType) -> RelationKind:
    try:
        return RelationKind(families_pb2.RelationKind.Name(number).removeprefix("RELATION_KIND_"))
    except ValueError:
        raise BadRelation from None


def _limit_kind(number: families_pb2.CourtLimitKind.ValueType) -> LimitKind:
    try:
        return LimitKind(families_pb2.CourtLimitKind.Name(number).removeprefix("COURT_LIMIT_KIND_"))
    except ValueError:
        raise BadLimit from None


def _term(text: str) -> date | None:
    return date_or_none(text, "valid_until")
