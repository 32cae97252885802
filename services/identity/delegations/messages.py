"""Delegations in the contract's words."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from google.protobuf.timestamp_pb2 import Timestamp

from school.identity.v1 import delegations_pb2
from services.identity.delegations.rules import State, hint_of
from services.identity.delegations.usecases.facts import scope_numbers
from services.identity.delegations.usecases.keeping import Seen


def delegation_message(seen: Seen, *, reader: UUID) -> delegations_pb2.Delegation:
    """A delegation as the pupil's family sees it; who was invited only who invited them."""
    known, one = seen.known, seen.known.delegation
    accepted = one.accepted_at is not None
    message = delegations_pb2.Delegation(
        delegation_id=str(one.id),
        state=delegations_pb2.DelegationState.Value(f"DELEGATION_STATE_{seen.state}"),
        scopes=scope_numbers(one.scopes),
        valid_until=one.valid_until.isoformat(),
        grantor_id=str(one.grantor_id),
        grantor_name=known.grantor.display,
        # Whose login was invited stays unsaid until they accept: it may be nobody's.
        trusted_id=str(one.trusted_id) if accepted else "",
        trusted_name=known.trusted.display if accepted and known.trusted else "",
        invitee=one.invitee if one.grantor_id == reader else "",
    )
    for field, instant in (
        ("invited_at", one.invited_at),
        ("answer_by", one.answer_by),
        ("accepted_at", one.accepted_at),
        ("ended_at", one.ended_at),
    ):
        _set(getattr(message, field), instant)
    return message


def trust_message(seen: Seen) -> delegations_pb2.Trust:
    """A delegation as the trusted person sees it; an invitation names little of the child."""
    known, one = seen.known, seen.known.delegation
    holds = seen.state is State.HOLDS
    message = delegations_pb2.Trust(
        delegation_id=str(one.id),
        pupil_id=str(one.pupil_id) if holds else "",
        pupil_name=known.pupil.display if holds else hint_of(known.pupil),
        grantor_name=known.grantor.display if holds else "",
        scopes=scope_numbers(one.scopes),
        valid_until=one.valid_until.isoformat(),
    )
    if not holds:
        _set(message.answer_by, one.answer_by)
    return message


def _set(field: Timestamp, instant: datetime | None) -> None:
    if instant is not None:
        field.FromDatetime(instant)
