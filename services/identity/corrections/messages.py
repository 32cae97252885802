"""A correction in the contract's words."""

from __future__ import annotations

from school.identity.v1 import corrections_pb2
from services.identity.corrections.rules import Correction, Field
from services.identity.people.rules import BadField, FullName, Snils


def correction_message(
    correction: Correction, name: FullName, *, for_themselves: bool
) -> corrections_pb2.Correction:
    """The message for a correction.

    Args:
        correction: the correction.
        name: of the person, as it is registered now.
        for_themselves: the person reads it, who knows their SNILS; others see its last four digits.
    """
    message = corrections_pb2.Correction(
        correction_id=str(correction.id),
        person_id=str(correction.person_id),
        person_name=name.display,
        school_id=str(correction.school_id),
        field=corrections_pb2.CorrectableField.Value(f"CORRECTABLE_FIELD_{correction.field}"),
        registered_value=_shown(correction.field, correction.registered),
        right_value=correction.right if for_themselves else _shown(correction.field, correction.right),
        comment=correction.comment,
        state=corrections_pb2.CorrectionState.Value(f"CORRECTION_STATE_{correction.state}"),
        reason=correction.reason,
    )
    message.requested_at.FromDatetime(correction.requested_at)
    message.due_at.FromDatetime(correction.due_at)
    if correction.decided_at is not None:
        message.decided_at.FromDatetime(correction.decided_at)
    return message


def field_of(number: corrections_pb2.CorrectableField.ValueType) -> Field:
    """The field that a request names. Raises `BadField` when it is none that can be wrong."""
    try:
        return Field(corrections_pb2.CorrectableField.Name(number).removeprefix("CORRECTABLE_FIELD_"))
    except ValueError:
        raise BadField(field="field") from None


def _shown(field: Field, text: str) -> str:
    return Snils(text).masked if field is Field.SNILS and text else text
