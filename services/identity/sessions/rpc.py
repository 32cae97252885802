"""`SessionsService` on the wire."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from school.access.v1.policy_pb2 import Role as WireRole
from school.identity.v1 import sessions_pb2, sessions_pb2_grpc
from services.identity.people.rules import Role
from services.identity.sessions.messages import session_info_message, session_message
from services.identity.sessions.minting import Tokens
from services.identity.sessions.rules import Door, RoleNotHeld
from services.identity.sessions.usecases import Sessions
from services.kit.caller import Caller, caller
from services.kit.rpc.around import Context
from services.kit.rpc.parse import uuid_of


class StepUps(Protocol):
    """Showing once more who one is; the capability of second factors has it."""

    async def with_password(self, caller: Caller, password: str, code: str) -> Tokens:
        """A new session in the place of the caller's."""
        ...


class SessionsRpc(sessions_pb2_grpc.SessionsServiceServicer):
    """Keeping sessions alive, showing and ending them.

    Args:
        sessions: the use cases.
        step_ups: showing once more who one is.
        esia_logout_url: where a browser ends its session at ESIA as well.
    """

    def __init__(self, sessions: Sessions, step_ups: StepUps, esia_logout_url: Callable[[], str]) -> None:
        self._sessions = sessions
        self._step_ups = step_ups
        self._esia_logout_url = esia_logout_url

    async def RefreshSession(
        self, request: sessions_pb2.RefreshSessionRequest, context: Context
    ) -> sessions_pb2.RefreshSessionResponse:
        """The next pair of tokens."""
        tokens = await self._sessions.refresh(request.refresh_token)
        return sessions_pb2.RefreshSessionResponse(session=session_message(tokens))

    async def EndSession(
        self, request: sessions_pb2.EndSessionRequest, context: Context
    ) -> sessions_pb2.EndSessionResponse:
        """The end of the caller's session, and where the one at ESIA ends."""
        door = await self._sessions.end(caller())
        url = self._esia_logout_url() if door is Door.ESIA else ""
        return sessions_pb2.EndSessionResponse(esia_logout_url=url)

    async def ListMySessions(
        self, request: sessions_pb2.ListMySessionsRequest, context: Context
    ) -> sessions_pb2.ListMySessionsResponse:
        """The caller's live sessions."""
        present = caller()
        found = await self._sessions.mine(present)
        return sessions_pb2.ListMySessionsResponse(
            sessions=[session_info_message(session, current=present.session_id) for session in found]
        )

    async def EndMySession(
        self, request: sessions_pb2.EndMySessionRequest, context: Context
    ) -> sessions_pb2.EndMySessionResponse:
        """The end of one of the caller's sessions."""
        await self._sessions.end_mine(caller(), uuid_of(request.session_id, "session_id"))
        return sessions_pb2.EndMySessionResponse()

    async def EndOtherSessions(
        self, request: sessions_pb2.EndOtherSessionsRequest, context: Context
    ) -> sessions_pb2.EndOtherSessionsResponse:
        """The end of all others."""
        count = await self._sessions.end_others(caller())
        return sessions_pb2.EndOtherSessionsResponse(ended_count=count)

    async def StepUpWithPassword(
        self, request: sessions_pb2.StepUpWithPasswordRequest, context: Context
    ) -> sessions_pb2.StepUpWithPasswordResponse:
        """The session that replaces the caller's."""
        tokens = await self._step_ups.with_password(caller(), request.password, request.code)
        return sessions_pb2.StepUpWithPasswordResponse(session=session_message(tokens))

    async def SwitchRole(
        self, request: sessions_pb2.SwitchRoleRequest, context: Context
    ) -> sessions_pb2.SwitchRoleResponse:
        """The same session with the role in its tokens."""
        tokens = await self._sessions.act_as(caller(), _role(request.role))
        return sessions_pb2.SwitchRoleResponse(session=session_message(tokens))


def _role(number: WireRole.ValueType) -> Role | None:
    """The role; None for all at once. Raises `RoleNotHeld` for a number that is no role."""
    if number == WireRole.ROLE_UNSPECIFIED:
        return None
    try:
        return Role(WireRole.Name(number).removeprefix("ROLE_"))
    except ValueError:
        raise RoleNotHeld from None
