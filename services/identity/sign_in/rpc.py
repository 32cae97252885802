"""`SignInService` on the wire."""

from __future__ import annotations

from school.identity.v1 import sign_in_pb2, sign_in_pb2_grpc
from services.identity.binding.usecases.entering import PasswordAwaited
from services.identity.sessions.messages import signed_in_message
from services.identity.sessions.usecases import SignedIn
from services.identity.sign_in.usecases import Redirect, SignIns
from services.kit.caller import caller
from services.kit.rpc.around import Context


class SignInRpc(sign_in_pb2_grpc.SignInServiceServicer):
    """The doors."""

    def __init__(self, sign_ins: SignIns) -> None:
        self._sign_ins = sign_ins

    async def StartEsiaSignIn(
        self, request: sign_in_pb2.StartEsiaSignInRequest, context: Context
    ) -> sign_in_pb2.StartEsiaSignInResponse:
        """Where the browser goes next."""
        started = await self._sign_ins.start(request.region_code)
        reply = sign_in_pb2.StartEsiaSignInResponse(
            authorization_url=started.authorization_url, browser_key=started.browser_key
        )
        reply.expires_at.FromDatetime(started.expires_at)
        return reply

    async def CompleteEsiaSignIn(
        self, request: sign_in_pb2.CompleteEsiaSignInRequest, context: Context
    ) -> sign_in_pb2.CompleteEsiaSignInResponse:
        """What became of the sign-in."""
        # Once headers are sent, the client's channel does not repeat the call. A state is good for one call:
        # after "ESIA does not answer" a repetition would hide that behind "this sign-in is unknown".
        await context.send_initial_metadata(())
        outcome = await self._sign_ins.complete(
            Redirect(
                state=request.state,
                code=request.code,
                error=request.error,
                error_description=request.error_description,
                browser_key=request.browser_key,
            )
        )
        match outcome:
            case SignedIn():
                return sign_in_pb2.CompleteEsiaSignInResponse(signed_in=signed_in_message(outcome))
            case PasswordAwaited():
                needed = sign_in_pb2.PasswordNeeded()
                needed.expires_at.FromDatetime(outcome.until)
                return sign_in_pb2.CompleteEsiaSignInResponse(password_needed=needed)

    async def StartEsiaStepUp(
        self, request: sign_in_pb2.StartEsiaStepUpRequest, context: Context
    ) -> sign_in_pb2.StartEsiaStepUpResponse:
        """Where the browser goes next."""
        started = await self._sign_ins.start_step_up(caller())
        reply = sign_in_pb2.StartEsiaStepUpResponse(
            authorization_url=started.authorization_url, browser_key=started.browser_key
        )
        reply.expires_at.FromDatetime(started.expires_at)
        return reply

    async def SignInWithPassword(
        self, request: sign_in_pb2.SignInWithPasswordRequest, context: Context
    ) -> sign_in_pb2.SignInWithPasswordResponse:
        """The person who is in."""
        signed_in = await self._sign_ins.with_password(request.login, request.password)
        return sign_in_pb2.SignInWithPasswordResponse(signed_in=signed_in_message(signed_in))
