"""Children whom a guardian's own ESIA profile names."""

from __future__ import annotations

from dataclasses import dataclass

from grpc import aio

from school.identity.v1 import esia_children_pb2_grpc
from services.identity.areas.entry import EntryArea
from services.identity.areas.family import FamilyArea
from services.identity.areas.ground import Ground
from services.identity.esia_children.rpc import EsiaChildrenRpc
from services.identity.esia_children.usecases.deciding import Deciding
from services.identity.esia_children.usecases.searching import Searching


@dataclass(frozen=True, slots=True)
class ChildrenArea:
    """The guardian's search at ESIA, and the school's word on what it found."""

    searching: Searching
    deciding: Deciding

    def serve(self, server: aio.Server) -> None:
        """Open their door."""
        esia_children_pb2_grpc.add_EsiaChildrenServiceServicer_to_server(
            EsiaChildrenRpc(self.searching, self.deciding), server
        )


def children_of(ground: Ground, family: FamilyArea, entry: EntryArea) -> ChildrenArea:
    """The area."""
    return ChildrenArea(
        searching=Searching(
            ground.database,
            esia=ground.esia,
            bindings=entry.bindings,
            relating=family.relating,
            keyring=ground.keyring,
            policy=ground.settings.esia_kids,
            redirect_uri=f"{ground.address.rstrip('/')}/family/esia",
            clock=ground.clock,
        ),
        deciding=Deciding(ground.database, family.relating, ground.telling, ground.clock),
    )
