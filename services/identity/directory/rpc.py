"""`DirectoryService` on the wire, and which facts are changes of access."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from google.protobuf.message import Message

from school.access.v1.policy_pb2 import Role
from school.access.v1.scope_pb2 import Scope
from school.identity.v1 import directory_pb2, directory_pb2_grpc, events_pb2
from school.identity.v1.directory_pb2 import AccessChangeKind, GroundKind, PersonStanding
from school.identity.v1.families_pb2 import RelationKind
from services.identity.directory.rules import Change, Ground, Resolved
from services.identity.directory.usecases import Directory
from services.identity.people.rules import PersonStatus, UnknownPerson
from services.kit.rpc.around import Context
from services.kit.rpc.parse import uuid_of


@dataclass(frozen=True, slots=True)
class _Telling:
    """How an event tells of a change."""

    event: type[Message]
    kind: AccessChangeKind.ValueType
    person: str = "person_id"
    """The field that names whose rights may have changed."""
    pupil: str = ""
    """The field that names about whom; empty for none."""


_PERSON, _RELATION, _DELEGATION, _BINDING, _SESSION = (
    AccessChangeKind.ACCESS_CHANGE_KIND_PERSON,
    AccessChangeKind.ACCESS_CHANGE_KIND_RELATION,
    AccessChangeKind.ACCESS_CHANGE_KIND_DELEGATION,
    AccessChangeKind.ACCESS_CHANGE_KIND_BINDING,
    AccessChangeKind.ACCESS_CHANGE_KIND_SESSION,
)
_TELLINGS: Final = (
    _Telling(events_pb2.PersonRegistered, _PERSON),
    _Telling(events_pb2.AccountErased, _PERSON),
    _Telling(events_pb2.RelationRegistered, _RELATION, "guardian_id", "pupil_id"),
    _Telling(events_pb2.RelationEnded, _RELATION, "guardian_id", "pupil_id"),
    _Telling(events_pb2.DelegationGranted, _DELEGATION, "trusted_id", "pupil_id"),
    _Telling(events_pb2.DelegationEnded, _DELEGATION, "trusted_id", "pupil_id"),
    _Telling(events_pb2.ProfileBound, _BINDING),
    _Telling(events_pb2.ProfileUnbound, _BINDING),
    _Telling(events_pb2.SessionEnded, _SESSION),
)
CHANGES: Final[Mapping[str, _Telling]] = MappingProxyType(
    {telling.event.DESCRIPTOR.full_name: telling for telling in _TELLINGS}
)
"""The facts that are changes of access, by the type of their event."""

_STANDINGS: Final = MappingProxyType(
    {
        PersonStatus.ACTIVE: PersonStanding.PERSON_STANDING_ACTIVE,
        PersonStatus.BLOCKED: PersonStanding.PERSON_STANDING_BLOCKED,
        PersonStatus.LEFT: PersonStanding.PERSON_STANDING_LEFT,
    }
)


class DirectoryRpc(directory_pb2_grpc.DirectoryServiceServicer):
    """Answers the region's other services."""

    def __init__(self, directory: Directory) -> None:
        self._directory = directory

    async def ResolvePerson(
        self, request: directory_pb2.ResolvePersonRequest, context: Context
    ) -> directory_pb2.ResolvePersonResponse:
        """Who somebody is."""
        match request.WhichOneof("who"):
            case "person_id":
                found = await self._directory.resolve(uuid_of(request.person_id, "person_id"))
            case "profile":
                found = await self._directory.resolve_profile(request.profile.provider, request.profile.oid)
            case _:
                raise UnknownPerson
        return _resolved(found)

    async def MayPersonSeePupil(
        self, request: directory_pb2.MayPersonSeePupilRequest, context: Context
    ) -> directory_pb2.MayPersonSeePupilResponse:
        """Whether a person may see a pupil's record today."""
        grounds = await self._directory.may_see(
            uuid_of(request.person_id, "person_id"), uuid_of(request.pupil_id, "pupil_id")
        )
        return directory_pb2.MayPersonSeePupilResponse(may_see=bool(grounds), grounds=_grounds(grounds))

    async def WhoMaySeePupil(
        self, request: directory_pb2.WhoMaySeePupilRequest, context: Context
    ) -> directory_pb2.WhoMaySeePupilResponse:
        """Everybody who may see a pupil's record today."""
        viewers = await self._directory.viewers(uuid_of(request.pupil_id, "pupil_id"))
        return directory_pb2.WhoMaySeePupilResponse(
            viewers=[
                directory_pb2.PupilViewer(person_id=str(person_id), grounds=_grounds(grounds))
                for person_id, grounds in viewers.items()
            ]
        )

    async def ListAccessChanges(
        self, request: directory_pb2.ListAccessChangesRequest, context: Context
    ) -> directory_pb2.ListAccessChangesResponse:
        """What has changed since a cursor."""
        changes, cursor, more = await self._directory.changes(
            request.cursor, request.page_size, types=CHANGES
        )
        return directory_pb2.ListAccessChangesResponse(
            changes=map(_change, changes), next_cursor=cursor.text, more=more
        )


def _resolved(found: Resolved) -> directory_pb2.ResolvePersonResponse:
    return directory_pb2.ResolvePersonResponse(
        person_id=str(found.person_id),
        standing=_STANDINGS[found.status],
        roles=[
            directory_pb2.RoleAtSchool(role=Role.Value(f"ROLE_{role}"), school_id=str(school_id or ""))
            for role, school_id in found.roles
        ],
        may_enter=found.may_enter,
        bound=found.bound,
    )


def _grounds(grounds: Iterable[Ground]) -> list[directory_pb2.Ground]:
    return [
        directory_pb2.Ground(
            kind=GroundKind.Value(f"GROUND_KIND_{ground.kind}"),
            relation_kind=(
                RelationKind.Value(f"RELATION_KIND_{ground.relation_kind}")
                if ground.relation_kind
                else RelationKind.RELATION_KIND_UNSPECIFIED
            ),
            scopes=[scope for scope in Scope.values() if scope in ground.scopes],
            valid_until=ground.valid_until.isoformat() if ground.valid_until else "",
        )
        for ground in grounds
    ]


def _change(change: Change) -> directory_pb2.AccessChange:
    telling = CHANGES[change.event_type]
    event: Any = telling.event.FromString(change.payload)
    told = directory_pb2.AccessChange(
        kind=telling.kind,
        object_id=str(change.aggregate_id),
        person_id=getattr(event, telling.person),
        pupil_id=getattr(event, telling.pupil) if telling.pupil else "",
    )
    told.occurred_at.FromDatetime(change.occurred_at)
    return told
