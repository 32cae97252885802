"""The doors, and the binding of an ESIA profile to the one person it belongs to."""

from __future__ import annotations

from dataclasses import dataclass

from grpc import aio

from school.identity.v1 import binding_pb2_grpc, regions_pb2_grpc, sign_in_pb2_grpc
from services.identity.areas.ground import Ground
from services.identity.areas.office import OfficeArea
from services.identity.areas.proof import ProofArea
from services.identity.binding.rpc import BindingRpc
from services.identity.binding.rules.matching import agrees
from services.identity.binding.usecases.admission import Admission
from services.identity.binding.usecases.entering import Bindings
from services.identity.binding.usecases.password_road import PasswordRoad
from services.identity.binding.usecases.pausing import Pausing
from services.identity.binding.usecases.unbinding import Unbindings
from services.identity.binding.usecases.watching import Watching
from services.identity.cases.usecases.opening import Cases
from services.identity.regions.rpc import RegionsRpc
from services.identity.sign_in.rpc import SignInRpc
from services.identity.sign_in.usecases import SignIns


@dataclass(frozen=True, slots=True)
class EntryArea:
    """Signing in, binding and unbinding, and the cases that come of it."""

    sign_ins: SignIns
    bindings: Bindings
    password_road: PasswordRoad
    unbindings: Unbindings
    cases: Cases

    def serve(self, ground: Ground, server: aio.Server) -> None:
        """Open the doors of these."""
        sign_in_pb2_grpc.add_SignInServiceServicer_to_server(SignInRpc(self.sign_ins), server)
        binding_pb2_grpc.add_BindingServiceServicer_to_server(
            BindingRpc(self.bindings, self.password_road, self.unbindings), server
        )
        regions_pb2_grpc.add_RegionsServiceServicer_to_server(
            RegionsRpc(ground.regions, lambda: ground.esia.available), server
        )


def entry_of(ground: Ground, proof: ProofArea, office: OfficeArea) -> EntryArea:
    """The area. A school unbinds whose account it could issue to."""
    cases = _cases(ground, proof)
    admission = Admission(
        cases,
        keyring=ground.keyring,
        sessions=proof.sessions,
        telling=ground.telling,
        level_policy=ground.settings.esia_level,
        zone=ground.zone,
        clock=ground.clock,
    )
    bindings = _bindings(ground, proof, cases, admission)
    return EntryArea(
        sign_ins=SignIns(
            ground.database,
            directory=ground.regions,
            esia=ground.esia,
            accounts=proof.accounts,
            bindings=bindings,
            sessions=proof.sessions,
            devices=proof.devices,
            provider=ground.provider,
            clock=ground.clock,
        ),
        bindings=bindings,
        password_road=PasswordRoad(
            ground.database,
            admission,
            keyring=ground.keyring,
            accounts=proof.accounts,
            sessions=proof.sessions,
            devices=proof.devices,
            provider=ground.provider,
            zone=ground.zone,
            clock=ground.clock,
        ),
        unbindings=Unbindings(
            ground.database,
            their_account=office.desk.account_of_theirs,
            sessions=proof.sessions,
            telling=ground.telling,
            provider=ground.provider,
            clock=ground.clock,
        ),
        cases=cases,
    )


def _cases(ground: Ground, proof: ProofArea) -> Cases:
    pausing = Pausing(keyring=ground.keyring, sessions=proof.sessions, provider=ground.provider)
    return Cases(
        keyring=ground.keyring,
        telling=ground.telling,
        agrees=agrees,
        recheck=pausing.register_changed,
        zone=ground.zone,
        clock=ground.clock,
    )


def _bindings(ground: Ground, proof: ProofArea, cases: Cases, admission: Admission) -> Bindings:
    watching = Watching(
        admission, cases, keyring=ground.keyring, provider=ground.provider, clock=ground.clock
    )
    return Bindings(
        ground.database,
        admission,
        watching,
        keyring=ground.keyring,
        sessions=proof.sessions,
        provider=ground.provider,
        level_policy=ground.settings.esia_level,
        clock=ground.clock,
    )
