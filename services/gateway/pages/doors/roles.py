"""The switch of somebody who holds several roles: in which of them they act from now on."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from school.access.v1.policy_pb2 import Role
from school.identity.v1.sessions_pb2 import SwitchRoleRequest
from services.gateway.pages.answers import Answers
from services.gateway.pages.frame import HOME
from services.gateway.problems import BadRequest

ROLE_NAMES = frozenset(Role.keys())


class RolePages:
    """`/role`."""

    def __init__(self, answers: Answers) -> None:
        self._answers = answers

    async def switch(self, request: Request) -> Response:
        """Act in another role, and begin at the cabinet: the present page may not be open to that role."""
        sessions = self._answers.door.sessions
        name = str(sessions.form(request).get("role", ""))
        if name and name not in ROLE_NAMES:
            raise BadRequest
        wish = SwitchRoleRequest(role=Role.Value(name) if name else Role.ROLE_UNSPECIFIED)
        reply = await self._answers.door.services.identity.sessions.SwitchRole(wish)
        response = self._answers.see_other(HOME)
        sessions.enter(response, reply.session)
        return response
