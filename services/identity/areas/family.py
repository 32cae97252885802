"""Who stands for which pupil, and whom families trust."""

from __future__ import annotations

from dataclasses import dataclass

from grpc import aio

from school.identity.v1 import delegations_pb2_grpc, families_pb2_grpc
from services.identity.areas.ground import Ground
from services.identity.areas.proof import ProofArea
from services.identity.delegations.rpc import DelegationsRpc
from services.identity.delegations.usecases.answering import Answering
from services.identity.delegations.usecases.granting import Granting
from services.identity.delegations.usecases.keeping import Keeping
from services.identity.families.rpc import FamiliesRpc
from services.identity.families.usecases.adding import Adding
from services.identity.families.usecases.limiting import Limiting
from services.identity.families.usecases.reading import Families
from services.identity.families.usecases.registering import Registering
from services.identity.families.usecases.relating import Relating


@dataclass(frozen=True, slots=True)
class FamilyArea:
    """Relations and delegations: what begins, limits and ends them, and what follows from an end."""

    relating: Relating
    families: Families
    adding: Adding
    registering: Registering
    limiting: Limiting
    trust: Keeping
    granting: Granting
    answering: Answering

    def serve(self, server: aio.Server) -> None:
        """Open the doors of these."""
        families_pb2_grpc.add_FamiliesServiceServicer_to_server(
            FamiliesRpc(self.families, self.adding, self.registering, self.limiting), server
        )
        delegations_pb2_grpc.add_DelegationsServiceServicer_to_server(
            DelegationsRpc(self.granting, self.answering), server
        )


def family_of(ground: Ground, proof: ProofArea) -> FamilyArea:
    """The area. Delegations stand above relations, so what ends them by a relation's end is handed down."""
    database, telling, zone, clock = ground.database, ground.telling, ground.zone, ground.clock
    trust = Keeping(ground.keyring, telling, zone, clock)
    relating = Relating(
        telling,
        zone,
        clock,
        relation_over=trust.relation_over,
        forbidden=trust.forbidden,
        own_right_over=trust.own_right_over,
    )
    return FamilyArea(
        relating=relating,
        families=Families(database, ground.reader, relating, zone, clock),
        adding=Adding(database, relating, accounts=proof.accounts, codes=proof.codes, zone=zone, clock=clock),
        registering=Registering(database, relating, clock),
        limiting=Limiting(database, relating, clock),
        trust=trust,
        granting=Granting(database, trust, telling, address=ground.address, clock=clock),
        answering=Answering(database, trust, telling, clock),
    )
