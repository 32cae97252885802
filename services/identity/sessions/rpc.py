"""`SessionsService` on the wire."""

from __future__ import annotations

from school.identity.v1 import sessions_pb2, sessions_pb2_grpc
from services.identity.sessions.messages import session_message
from services.identity.sessions.usecases import Sessions
from services.kit.caller import caller
from services.kit.rpc.around import Context


class SessionsRpc(sessions_pb2_grpc.SessionsServiceServicer):
    """Refreshing and ending sessions."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions

    async def RefreshSession(
        self, request: sessions_pb2.RefreshSessionRequest, context: Context
    ) -> sessions_pb2.RefreshSessionResponse:
        """The next pair of tokens."""
        tokens = await self._sessions.refresh(request.refresh_token)
        return sessions_pb2.RefreshSessionResponse(session=session_message(tokens))

    async def EndSession(
        self, request: sessions_pb2.EndSessionRequest, context: Context
    ) -> sessions_pb2.EndSessionResponse:
        """The end of the caller's session."""
        await self._sessions.end(caller())
        return sessions_pb2.EndSessionResponse()
