"""`AccountsService` on the wire."""

from __future__ import annotations

from school.identity.v1 import accounts_pb2, accounts_pb2_grpc
from services.identity.accounts.usecases import Logins
from services.kit.caller import caller
from services.kit.rpc.around import Context


class AccountsRpc(accounts_pb2_grpc.AccountsServiceServicer):
    """What a person has to enter with."""

    def __init__(self, logins: Logins) -> None:
        self._logins = logins

    async def GetMyAccount(
        self, request: accounts_pb2.GetMyAccountRequest, context: Context
    ) -> accounts_pb2.GetMyAccountResponse:
        """The caller's account."""
        mine = await self._logins.mine(caller())
        reply = accounts_pb2.GetMyAccountResponse(
            login=mine.login or "",
            login_can_change=mine.can_rename,
            has_password=mine.has_password,
            esia_bound=mine.esia_bound,
            second_factor=mine.second_factor,
        )
        if mine.password_set_at is not None:
            reply.password_set_at.FromDatetime(mine.password_set_at)
        if mine.activated_at is not None:
            reply.activated_at.FromDatetime(mine.activated_at)
        return reply

    async def RenameLogin(
        self, request: accounts_pb2.RenameLoginRequest, context: Context
    ) -> accounts_pb2.RenameLoginResponse:
        """The login as it is kept."""
        login = await self._logins.rename(caller(), request.login)
        return accounts_pb2.RenameLoginResponse(login=login)
