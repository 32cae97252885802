"""`ActivationService` on the wire."""

from __future__ import annotations

from school.identity.v1 import activation_pb2, activation_pb2_grpc
from services.identity.activation.messages import activation_message
from services.identity.activation.rules import Standing
from services.identity.activation.usecases import Activations
from services.identity.contacts.rules import Email, Mobile
from services.identity.sessions.messages import session_message
from services.kit.caller import caller
from services.kit.clock import Clock
from services.kit.rpc.around import Context


class ActivationRpc(activation_pb2_grpc.ActivationServiceServicer):
    """The steps from a school's slip to an account of one's own."""

    def __init__(self, activations: Activations, clock: Clock) -> None:
        self._activations = activations
        self._clock = clock

    async def GetActivation(
        self, request: activation_pb2.GetActivationRequest, context: Context
    ) -> activation_pb2.GetActivationResponse:
        """Where the caller stands."""
        at = await self._activations.standing(caller())
        return activation_pb2.GetActivationResponse(activation=self._message(at))

    async def ConfirmMyData(
        self, request: activation_pb2.ConfirmMyDataRequest, context: Context
    ) -> activation_pb2.ConfirmMyDataResponse:
        """Where the caller stands now."""
        at = await self._activations.confirm_data(caller(), gender=request.gender)
        return activation_pb2.ConfirmMyDataResponse(activation=self._message(at))

    async def GiveContacts(
        self, request: activation_pb2.GiveContactsRequest, context: Context
    ) -> activation_pb2.GiveContactsResponse:
        """Where the caller stands now."""
        email, mobile = Email.parse(request.email), Mobile.parse(request.mobile)
        at = await self._activations.give_contacts(caller(), email, mobile)
        return activation_pb2.GiveContactsResponse(activation=self._message(at))

    async def SetFirstPassword(
        self, request: activation_pb2.SetFirstPasswordRequest, context: Context
    ) -> activation_pb2.SetFirstPasswordResponse:
        """Where the caller stands now."""
        at = await self._activations.set_password(caller(), request.password)
        return activation_pb2.SetFirstPasswordResponse(activation=self._message(at))

    async def SendActivationCodes(
        self, request: activation_pb2.SendActivationCodesRequest, context: Context
    ) -> activation_pb2.SendActivationCodesResponse:
        """Where the caller stands now."""
        at = await self._activations.send_codes(caller())
        return activation_pb2.SendActivationCodesResponse(activation=self._message(at))

    async def ConfirmActivationMobile(
        self, request: activation_pb2.ConfirmActivationMobileRequest, context: Context
    ) -> activation_pb2.ConfirmActivationMobileResponse:
        """Where the caller stands now."""
        at = await self._activations.confirm_mobile(caller(), request.code)
        return activation_pb2.ConfirmActivationMobileResponse(activation=self._message(at))

    async def FinishActivation(
        self, request: activation_pb2.FinishActivationRequest, context: Context
    ) -> activation_pb2.FinishActivationResponse:
        """The session that replaces the caller's."""
        tokens = await self._activations.finish(caller())
        return activation_pb2.FinishActivationResponse(session=session_message(tokens))

    def _message(self, at: Standing) -> activation_pb2.Activation:
        return activation_message(at, now=self._clock.now())
