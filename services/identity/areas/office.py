"""What a school does with the accounts and posts of its people."""

from __future__ import annotations

from dataclasses import dataclass

from grpc import aio

from school.identity.v1 import (
    account_requests_pb2_grpc,
    blocks_pb2_grpc,
    issuing_pb2_grpc,
    leaving_pb2_grpc,
    staff_pb2_grpc,
)
from services.identity.account_requests.rpc import AccountRequestsRpc
from services.identity.account_requests.usecases import AccountRequests
from services.identity.areas.account import AccountArea
from services.identity.areas.ground import Ground
from services.identity.areas.privacy import PrivacyArea
from services.identity.areas.proof import ProofArea
from services.identity.blocks.rpc import BlocksRpc
from services.identity.blocks.usecases import Blocks
from services.identity.issuing.rpc import IssuingRpc
from services.identity.issuing.usecases.class_issues import ClassIssues
from services.identity.issuing.usecases.desk import Desk, Neighbours
from services.identity.issuing.usecases.issuing import Issuing
from services.identity.issuing.usecases.worker import ClassIssueWorker
from services.identity.leaving.rpc import LeavingRpc
from services.identity.leaving.usecases import Leaving
from services.identity.staff.rpc import StaffRpc
from services.identity.staff.usecases import Staff


@dataclass(frozen=True, slots=True)
class OfficeArea:
    """Accounts issued, asked for and blocked; posts given and taken; who leaves."""

    desk: Desk
    issuing: Issuing
    class_issues: ClassIssues
    class_issue_worker: ClassIssueWorker
    account_requests: AccountRequests
    blocks: Blocks
    leaving: Leaving
    staff: Staff

    def serve(self, ground: Ground, server: aio.Server) -> None:
        """Open the doors of these."""
        allow_test_snils = ground.settings.allow_test_snils
        issuing_pb2_grpc.add_IssuingServiceServicer_to_server(
            IssuingRpc(
                self.issuing,
                self.class_issues,
                address=ground.address,
                allow_test_snils=allow_test_snils,
                clock=ground.clock,
            ),
            server,
        )
        account_requests_pb2_grpc.add_AccountRequestsServiceServicer_to_server(
            AccountRequestsRpc(self.account_requests, self.issuing, allow_test_snils=allow_test_snils), server
        )
        blocks_pb2_grpc.add_BlocksServiceServicer_to_server(BlocksRpc(self.blocks), server)
        leaving_pb2_grpc.add_LeavingServiceServicer_to_server(LeavingRpc(self.leaving, ground.clock), server)
        staff_pb2_grpc.add_StaffServiceServicer_to_server(
            StaffRpc(self.staff, allow_test_snils=allow_test_snils), server
        )


def office_of(ground: Ground, proof: ProofArea, account: AccountArea, privacy: PrivacyArea) -> OfficeArea:
    """The area. Whoever is issued to anew, blocked or gone has no session and no recovery left."""
    database, keyring, telling, clock = ground.database, ground.keyring, ground.telling, ground.clock
    sessions, void = proof.sessions, account.recoveries.void
    desk = Desk(
        ground.passwords,
        Neighbours(sessions, telling, privacy.consents, reopen=privacy.own_data.issued_anew, void=void),
        zone=ground.zone,
        good_for=ground.settings.temporary_password_lifetime,
        clock=clock,
    )
    account_requests = AccountRequests(
        database,
        desk,
        telling,
        keyring,
        proof.guesses,
        address=ground.address,
        due=ground.settings.account_request_due,
        clock=clock,
    )
    worker = ClassIssueWorker(database, desk, keyring, clock)
    leaving = Leaving(database, sessions, telling, void=void, zone=ground.zone, clock=clock)
    return OfficeArea(
        desk=desk,
        issuing=Issuing(database, desk, account_requests, keyring, clock),
        class_issues=ClassIssues(database, desk, keyring, worker.wake, clock),
        class_issue_worker=worker,
        account_requests=account_requests,
        blocks=Blocks(database, desk, sessions, telling, void=void),
        leaving=leaving,
        staff=Staff(
            database,
            keyring,
            sessions,
            leave=leaving.leave_unless_connected,
            zone=ground.zone,
            clock=clock,
        ),
    )
