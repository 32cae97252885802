"""Delegations as the facts that others keep copies of, and as the audit has them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from school.access.v1.scope_pb2 import Scope as ScopeNumber
from school.identity.v1.events_pb2 import DelegationEnded, DelegationGranted
from services.identity.delegations.rules import Delegation, Scope
from services.kit.database import Transaction


def scope_numbers(scopes: Iterable[Scope]) -> list[ScopeNumber.ValueType]:
    """Scopes as contracts write them, in a steady order."""
    return [ScopeNumber.ValueType(scope) for scope in sorted(scopes)]


def granted(one: Delegation, *, since: date) -> DelegationGranted:
    """The fact that a trusted person sees a pupil."""
    return DelegationGranted(
        delegation_id=str(one.id),
        trusted_id=str(one.trusted_id),
        pupil_id=str(one.pupil_id),
        relation_id=str(one.relation_id or ""),
        scopes=scope_numbers(one.scopes),
        valid_from=since.isoformat(),
        valid_until=one.valid_until.isoformat(),
        version=one.version,
    )


def ended(one: Delegation) -> DelegationEnded:
    """The fact that they do no more."""
    event = DelegationEnded(
        delegation_id=str(one.id),
        trusted_id=str(one.trusted_id),
        pupil_id=str(one.pupil_id),
        version=one.version,
    )
    if one.ended_at is not None:
        event.ended_at.FromDatetime(one.ended_at)
    return event


def write_down(tx: Transaction, one: Delegation, action: str, *, by: str) -> None:
    """An entry of the audit, which the pupil may read."""
    tx.audit(
        actor=by,
        action=action,
        object_kind="delegation",
        object_id=str(one.id),
        why=" ".join(scope.name for scope in sorted(one.scopes)),
        subject=one.pupil_id,
    )
