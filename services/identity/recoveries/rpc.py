"""`PasswordsService` on the wire."""

from __future__ import annotations

from uuid import UUID

from school.identity.v1 import contacts_pb2, passwords_pb2, passwords_pb2_grpc
from services.identity.contacts.rules import Kind
from services.identity.credentials.usecases import Credentials
from services.identity.recoveries.rules import RecoveryUnknown
from services.identity.recoveries.usecases.changing import PasswordChanges
from services.identity.recoveries.usecases.recovering import Recoveries
from services.kit.caller import caller
from services.kit.rpc.around import Context


class PasswordsRpc(passwords_pb2_grpc.PasswordsServiceServicer):
    """Passwords: judged, changed, recovered."""

    def __init__(self, credentials: Credentials, changes: PasswordChanges, recoveries: Recoveries) -> None:
        self._credentials = credentials
        self._changes = changes
        self._recoveries = recoveries

    async def JudgePassword(
        self, request: passwords_pb2.JudgePasswordRequest, context: Context
    ) -> passwords_pb2.JudgePasswordResponse:
        """What is to be said about a password."""
        judged = await self._credentials.judge(caller(), request.password)
        return passwords_pb2.JudgePasswordResponse(
            broken_rules=[
                passwords_pb2.PasswordRule.Value(f"PASSWORD_RULE_{rule}") for rule in judged.broken
            ],
            strength=judged.strength,
            least_length=judged.least_length,
        )

    async def ChangePassword(
        self, request: passwords_pb2.ChangePasswordRequest, context: Context
    ) -> passwords_pb2.ChangePasswordResponse:
        """How many other sessions ended."""
        ended = await self._changes.change(caller(), request.new_password)
        return passwords_pb2.ChangePasswordResponse(ended_sessions=ended)

    async def StartRecovery(
        self, request: passwords_pb2.StartRecoveryRequest, context: Context
    ) -> passwords_pb2.StartRecoveryResponse:
        """The same for every login."""
        by_mobile = request.contact == contacts_pb2.ContactKind.CONTACT_KIND_MOBILE
        started = await self._recoveries.start(request.login, Kind.MOBILE if by_mobile else Kind.EMAIL)
        reply = passwords_pb2.StartRecoveryResponse(recovery_key=str(started.key))
        reply.expires_at.FromDatetime(started.expires_at)
        return reply

    async def CompleteRecovery(
        self, request: passwords_pb2.CompleteRecoveryRequest, context: Context
    ) -> passwords_pb2.CompleteRecoveryResponse:
        """Nothing: the person signs in with the new password."""
        if request.token:
            await self._recoveries.complete_by_link(request.token, request.new_password)
        else:
            key = _key(request.recovery_key)
            await self._recoveries.complete_by_code(key, request.code, request.new_password)
        return passwords_pb2.CompleteRecoveryResponse()


def _key(text: str) -> UUID:
    """What is no key is an unknown one."""
    try:
        return UUID(text)
    except ValueError:
        raise RecoveryUnknown from None
