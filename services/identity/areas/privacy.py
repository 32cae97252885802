"""What people may know and decide about what is kept of them (152-ФЗ)."""

from __future__ import annotations

from dataclasses import dataclass

from grpc import aio

from school.identity.v1 import audit_pb2_grpc, consents_pb2_grpc, own_data_pb2_grpc
from services.identity.areas.family import FamilyArea
from services.identity.areas.ground import Ground
from services.identity.areas.proof import ProofArea
from services.identity.audit.rpc import AuditRpc
from services.identity.audit.usecases import Audit
from services.identity.consents.rpc import ConsentsRpc
from services.identity.consents.usecases import Consents
from services.identity.own_data.rpc import OwnDataRpc
from services.identity.own_data.usecases import OwnData


@dataclass(frozen=True, slots=True)
class PrivacyArea:
    """Consents, export and erasure, the audit."""

    audit: Audit
    consents: Consents
    own_data: OwnData

    def serve(self, server: aio.Server) -> None:
        """Open the doors of these."""
        audit_pb2_grpc.add_AuditServiceServicer_to_server(AuditRpc(self.audit), server)
        consents_pb2_grpc.add_ConsentsServiceServicer_to_server(ConsentsRpc(self.consents), server)
        own_data_pb2_grpc.add_OwnDataServiceServicer_to_server(OwnDataRpc(self.own_data), server)


def privacy_of(ground: Ground, proof: ProofArea, family: FamilyArea) -> PrivacyArea:
    """The area. An erasure ends sessions, and what the family has entrusted to whom."""
    own_data = OwnData(
        ground.database,
        ground.keyring,
        proof.sessions,
        ground.telling,
        family.trust,
        zone=ground.zone,
        clock=ground.clock,
    )
    return PrivacyArea(
        audit=Audit(ground.database),
        consents=Consents(ground.database, own_data, ground.zone, ground.clock),
        own_data=own_data,
    )
