"""What the region asks: its other services, and people who look for their school."""

from __future__ import annotations

from dataclasses import dataclass

from grpc import aio

from school.identity.v1 import directory_pb2_grpc, school_watches_pb2_grpc, schools_pb2_grpc
from services.identity.areas.ground import Ground
from services.identity.areas.proof import ProofArea
from services.identity.directory.rpc import DirectoryRpc
from services.identity.directory.usecases import Directory
from services.identity.school_watches.rpc import SchoolWatchesRpc
from services.identity.school_watches.usecases import SchoolWatches
from services.identity.schools.rpc import SchoolsRpc
from services.identity.schools.usecases import Schools


@dataclass(frozen=True, slots=True)
class RegionArea:
    """The directory for other services, schools, and who waits for one."""

    directory: Directory
    schools: Schools
    school_watches: SchoolWatches

    def serve(self, server: aio.Server) -> None:
        """Open the doors of these."""
        directory_pb2_grpc.add_DirectoryServiceServicer_to_server(DirectoryRpc(self.directory), server)
        schools_pb2_grpc.add_SchoolsServiceServicer_to_server(SchoolsRpc(self.schools), server)
        school_watches_pb2_grpc.add_SchoolWatchesServiceServicer_to_server(
            SchoolWatchesRpc(self.school_watches), server
        )


def region_of(ground: Ground, proof: ProofArea) -> RegionArea:
    """The area."""
    return RegionArea(
        directory=Directory(ground.database, ground.provider, ground.zone, ground.clock),
        schools=Schools(ground.database),
        school_watches=SchoolWatches(
            ground.database,
            ground.keyring,
            proof.guesses,
            ground.telling,
            address=ground.address,
            clock=ground.clock,
        ),
    )
