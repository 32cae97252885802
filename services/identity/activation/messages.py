"""Where a person stands, in the contract's words."""

from __future__ import annotations

from datetime import datetime

from school.identity.v1 import activation_pb2
from services.identity.activation.rules import Standing, Step
from services.identity.contacts.rules import Kind
from services.identity.people.messages import name_message


def activation_message(at: Standing, *, now: datetime) -> activation_pb2.Activation:
    """The message for where a person stands."""
    due = at.progress(now).due
    email, mobile = at.given(Kind.EMAIL), at.given(Kind.MOBILE)
    message = activation_pb2.Activation(
        next_step=activation_pb2.ActivationStep.Value(f"ACTIVATION_STEP_{due}"),
        name=name_message(at.name),
        birth_date=at.birth_date.isoformat(),
        snils_masked=at.snils_masked,
        gender=at.gender or "",
        email=email.text if email else "",
        email_confirmed=email is not None and at.confirmed(at.contacts[Kind.EMAIL]),
        mobile=mobile.text if mobile else "",
        mobile_confirmed=mobile is not None and at.confirmed(at.contacts[Kind.MOBILE]),
        correction_waiting=at.correction_waiting,
    )
    wait = at.wait_for_codes(now) if due is Step.CONFIRM_CONTACTS else None
    if wait is not None:
        message.codes_again_at.FromDatetime(now + wait)
    if at.temporary_until is not None:
        message.expires_at.FromDatetime(at.temporary_until)
    return message
