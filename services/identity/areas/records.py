"""Who is registered, and how what the register says is put right."""

from __future__ import annotations

from dataclasses import dataclass

from grpc import aio

from school.identity.v1 import cases_pb2_grpc, corrections_pb2_grpc, people_pb2_grpc, register_pb2_grpc
from services.identity.accounts.storage import insert_account
from services.identity.areas.entry import EntryArea
from services.identity.areas.family import FamilyArea
from services.identity.areas.ground import Ground
from services.identity.areas.proof import ProofArea
from services.identity.binding.rules.names import is_same
from services.identity.binding.storage.standing import person_and_binding
from services.identity.cases.rpc import CasesRpc
from services.identity.cases.usecases.asking import Asking
from services.identity.cases.usecases.office import CaseOffice
from services.identity.corrections.rpc import CorrectionsRpc
from services.identity.corrections.usecases import Corrections
from services.identity.people.rpc import PeopleRpc
from services.identity.people.usecases import People
from services.identity.register.rpc import RegisterRpc
from services.identity.register.usecases import Register


@dataclass(frozen=True, slots=True)
class RecordsArea:
    """Registering and finding persons; corrections that they ask for; cases that the school settles."""

    people: People
    register: Register
    corrections: Corrections
    case_office: CaseOffice
    case_asking: Asking

    def serve(self, ground: Ground, server: aio.Server) -> None:
        """Open the doors of these."""
        people_pb2_grpc.add_PeopleServiceServicer_to_server(
            PeopleRpc(self.people, allow_test_snils=ground.settings.allow_test_snils), server
        )
        register_pb2_grpc.add_RegisterServiceServicer_to_server(RegisterRpc(self.register), server)
        corrections_pb2_grpc.add_CorrectionsServiceServicer_to_server(
            CorrectionsRpc(self.corrections), server
        )
        cases_pb2_grpc.add_CasesServiceServicer_to_server(
            CasesRpc(self.case_office, self.case_asking), server
        )


def records_of(ground: Ground, proof: ProofArea, family: FamilyArea, entry: EntryArea) -> RecordsArea:
    """The area. What changes the register is looked at once more by relations, bindings and cases."""
    database, keyring, telling = ground.database, ground.keyring, ground.telling
    zone, clock = ground.zone, ground.clock
    return RecordsArea(
        people=People(
            database,
            ground.reader,
            keyring,
            open_account=insert_account,
            find=person_and_binding,
            quarantine=entry.cases,
            same_name=is_same,
            provider=ground.provider,
            zone=zone,
            clock=clock,
        ),
        register=Register(database, keyring, zone=zone, clock=clock),
        corrections=Corrections(
            database,
            keyring=keyring,
            telling=telling,
            cases=entry.cases,
            relating=family.relating,
            zone=zone,
            allow_test_snils=ground.settings.allow_test_snils,
            clock=clock,
        ),
        case_office=CaseOffice(
            database,
            entry.cases,
            bindings=entry.unbindings,
            relating=family.relating,
            keyring=keyring,
            telling=telling,
            zone=zone,
            clock=clock,
        ),
        case_asking=Asking(
            database,
            keyring=keyring,
            guesses=proof.guesses,
            telling=telling,
            address=ground.address,
            zone=zone,
            clock=clock,
        ),
    )
