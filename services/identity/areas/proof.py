"""How people show who they are, how often they may guess, and how long it holds."""

from __future__ import annotations

from dataclasses import dataclass

from grpc import aio

from school.identity.v1 import accounts_pb2_grpc, second_factor_pb2_grpc, sessions_pb2_grpc
from services.identity.accounts.rpc import AccountsRpc
from services.identity.accounts.usecases import Accounts, Logins
from services.identity.areas.ground import Ground
from services.identity.devices.usecases import Devices
from services.identity.guesses.usecases import Guesses
from services.identity.second_factor.codes import Codes
from services.identity.second_factor.rpc import SecondFactorRpc
from services.identity.second_factor.usecases.enrolling import SecondFactors
from services.identity.second_factor.usecases.step_up import StepUps
from services.identity.sessions.minting import Mint
from services.identity.sessions.rpc import SessionsRpc
from services.identity.sessions.usecases import Sessions


@dataclass(frozen=True, slots=True)
class ProofArea:
    """Login and password, second factor, sessions."""

    guesses: Guesses
    devices: Devices
    accounts: Accounts
    logins: Logins
    codes: Codes
    second_factors: SecondFactors
    sessions: Sessions
    step_ups: StepUps

    def serve(self, ground: Ground, server: aio.Server) -> None:
        """Open the doors of these."""
        accounts_pb2_grpc.add_AccountsServiceServicer_to_server(AccountsRpc(self.logins), server)
        second_factor_pb2_grpc.add_SecondFactorServiceServicer_to_server(
            SecondFactorRpc(self.second_factors), server
        )
        sessions_pb2_grpc.add_SessionsServiceServicer_to_server(
            SessionsRpc(self.sessions, self.step_ups, ground.esia.logout_url), server
        )


def proof_of(ground: Ground) -> ProofArea:
    """The area, which needs no other."""
    settings, database, keyring, clock = ground.settings, ground.database, ground.keyring, ground.clock
    guesses = Guesses(keyring, settings.guesses.allowances, clock)
    devices = Devices(keyring, ground.telling, clock)
    accounts = Accounts(database, ground.passwords, guesses, devices, clock)
    codes = Codes(database, keyring, guesses, clock)
    mint = Mint(keyring, ground.tokens, settings.second_factor_roles)
    sessions = Sessions(database, mint, settings.lifetimes, clock, ground.ended)
    return ProofArea(
        guesses=guesses,
        devices=devices,
        accounts=accounts,
        logins=Logins(database, guesses, ground.telling, clock),
        codes=codes,
        second_factors=SecondFactors(
            database,
            keyring=keyring,
            codes=codes,
            sessions=sessions,
            telling=ground.telling,
            demanding=settings.second_factor_roles,
            issuer=f"Дневник, {ground.regions.here.title}",
            clock=clock,
        ),
        sessions=sessions,
        step_ups=StepUps(database, accounts, codes, sessions),
    )
