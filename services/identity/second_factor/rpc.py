"""`SecondFactorService` on the wire."""

from __future__ import annotations

from school.identity.v1 import second_factor_pb2, second_factor_pb2_grpc
from services.identity.second_factor.usecases.enrolling import SecondFactors
from services.identity.sessions.messages import session_message
from services.kit.caller import caller
from services.kit.rpc.around import Context


class SecondFactorRpc(second_factor_pb2_grpc.SecondFactorServiceServicer):
    """The second factor of the caller."""

    def __init__(self, second_factors: SecondFactors) -> None:
        self._second_factors = second_factors

    async def GetSecondFactor(
        self, request: second_factor_pb2.GetSecondFactorRequest, context: Context
    ) -> second_factor_pb2.GetSecondFactorResponse:
        """What the caller has."""
        present = await self._second_factors.mine(caller())
        reply = second_factor_pb2.GetSecondFactorResponse(
            enrolled=present.enrolled_at is not None,
            demanded=present.demanded,
            recovery_codes_left=present.recovery_codes_left,
        )
        if present.enrolled_at is not None:
            reply.enrolled_at.FromDatetime(present.enrolled_at)
        return reply

    async def StartSecondFactor(
        self, request: second_factor_pb2.StartSecondFactorRequest, context: Context
    ) -> second_factor_pb2.StartSecondFactorResponse:
        """What the app is to be told."""
        secret = await self._second_factors.start(caller())
        return second_factor_pb2.StartSecondFactorResponse(secret=secret.base32, otpauth_uri=secret.uri)

    async def ConfirmSecondFactor(
        self, request: second_factor_pb2.ConfirmSecondFactorRequest, context: Context
    ) -> second_factor_pb2.ConfirmSecondFactorResponse:
        """The recovery codes, and a whole session when one is due."""
        enrolled = await self._second_factors.confirm(caller(), request.code)
        return second_factor_pb2.ConfirmSecondFactorResponse(
            recovery_codes=enrolled.recovery_codes,
            session=session_message(enrolled.tokens) if enrolled.tokens else None,
        )

    async def ProveSecondFactor(
        self, request: second_factor_pb2.ProveSecondFactorRequest, context: Context
    ) -> second_factor_pb2.ProveSecondFactorResponse:
        """The whole session."""
        tokens = await self._second_factors.prove(caller(), request.code)
        return second_factor_pb2.ProveSecondFactorResponse(session=session_message(tokens))

    async def NewRecoveryCodes(
        self, request: second_factor_pb2.NewRecoveryCodesRequest, context: Context
    ) -> second_factor_pb2.NewRecoveryCodesResponse:
        """The new recovery codes."""
        codes = await self._second_factors.new_recovery_codes(caller())
        return second_factor_pb2.NewRecoveryCodesResponse(recovery_codes=codes)

    async def RemoveSecondFactor(
        self, request: second_factor_pb2.RemoveSecondFactorRequest, context: Context
    ) -> second_factor_pb2.RemoveSecondFactorResponse:
        """Nothing is left of it."""
        await self._second_factors.remove(caller())
        return second_factor_pb2.RemoveSecondFactorResponse()
