"""No policy, no start: who may call is read from the contracts, and an RPC that does not say is refused."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from google.protobuf import descriptor_pool

from school.access.v1.policy_pb2 import Pending, Policy, Role, policy
from services.kit.caller import Caller
from services.kit.errors import ActivationNeeded, RoleNeeded, SecondFactorNeeded, StepUpNeeded

RECENT = timedelta(minutes=5)
"""How long after showing who they are a person may make dangerous changes."""


class PolicyMissing(Exception):
    """An RPC says nothing, or nonsense, about who may call it. The text names each one."""


def policies_of(services: Iterable[str]) -> dict[str, Policy]:
    """The policy of every RPC of ``services`` (full names), by method path ``/package.Service/Method``.

    Raises `PolicyMissing` when one RPC has none, admits nobody, or names ROLE_UNSPECIFIED.
    """
    found: dict[str, Policy] = {}
    silent: list[str] = []
    for name in services:
        service = descriptor_pool.Default().FindServiceByName(name)
        for method in service.methods:
            path = f"/{name}/{method.name}"
            options = method.GetOptions()
            said = options.Extensions[policy] if options.HasExtension(policy) else Policy()
            if _admits_somebody(said):
                found[path] = said
            else:
                silent.append(path)
    if silent:
        raise PolicyMissing("no school.access.v1.policy on: " + ", ".join(silent))
    return found


def admit(policy: Policy, caller: Caller, *, now: datetime) -> None:
    """Let a signed-in caller pass an RPC's policy.

    Raises:
        RoleNeeded: they hold none of its roles.
        ActivationNeeded, SecondFactorNeeded: their session owes a step that the RPC is not part of.
        StepUpNeeded: the RPC asks for it, and they have not shown who they are within `RECENT`.
    """
    if caller.pending and caller.pending not in policy.pending:
        raise ActivationNeeded if caller.pending == Pending.PENDING_ACTIVATION else SecondFactorNeeded
    if policy.HasField("any_of") and caller.roles.isdisjoint(policy.any_of.roles):
        raise RoleNeeded
    if policy.step_up:
        require_recent(caller, now=now)


def require_recent(caller: Caller, *, now: datetime) -> None:
    """Let only who has shown who they are within `RECENT` go on. Raises `StepUpNeeded`."""
    if now - caller.authenticated_at > RECENT:
        raise StepUpNeeded


def _admits_somebody(said: Policy) -> bool:
    match said.WhichOneof("admits"):
        case "anyone":
            return said.anyone
        case "signed_in":
            return said.signed_in
        case "internal":
            return said.internal
        case "any_of":
            roles = said.any_of.roles
            return bool(roles) and Role.ROLE_UNSPECIFIED not in roles
        case _:
            return False
