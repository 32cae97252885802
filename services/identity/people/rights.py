"""By which staff role somebody acts: what their token says counts only while the register says so, too.

A token is minutes old, and a role that was taken is taken; one that is held and not acted in opens nothing.
"""

from __future__ import annotations

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from school.access.v1.policy_pb2 import Role as WireRole
from services.identity.people.rules import NotTheirSchool, Role
from services.identity.people.storage import WHOLE_REGION, holds_role
from services.kit.caller import Caller


async def registers(connection: AsyncConnection, caller: Caller, school_id: UUID) -> bool:
    """Whether the caller acts as a registrar of the school."""
    return WireRole.ROLE_REGISTRAR in caller.roles and await holds_role(
        connection, caller.person_id, school_id, Role.REGISTRAR
    )


async def operates(connection: AsyncConnection, caller: Caller) -> bool:
    """Whether the caller acts as the region's operator."""
    return WireRole.ROLE_OPERATOR in caller.roles and await holds_role(
        connection, caller.person_id, WHOLE_REGION, Role.OPERATOR
    )


async def require_registrar(connection: AsyncConnection, caller: Caller, school_id: UUID) -> None:
    """Let only a registrar of the school go on. Raises `NotTheirSchool`."""
    if not await registers(connection, caller, school_id):
        raise NotTheirSchool
