"""Activation as its pages show it: where a person stands, and what the step before them needs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Final
from zoneinfo import ZoneInfo

from school.identity.v1.activation_pb2 import Activation, ActivationStep
from school.identity.v1.corrections_pb2 import CorrectableField, Correction, CorrectionState
from services.gateway.pages.language import zone_of
from services.gateway.pages.names import full_name
from services.gateway.pages.passwords.view import PasswordView, password_view
from services.gateway.problems import Problem

TEMPLATES: Final = {
    ActivationStep.ACTIVATION_STEP_CONFIRM_DATA: "activation_data.html",
    ActivationStep.ACTIVATION_STEP_GIVE_CONTACTS: "activation_contacts.html",
    ActivationStep.ACTIVATION_STEP_SET_PASSWORD: "activation_password.html",
    ActivationStep.ACTIVATION_STEP_CONFIRM_CONTACTS: "activation_confirm.html",
    ActivationStep.ACTIVATION_STEP_FINISH: "activation_finish.html",
    ActivationStep.ACTIVATION_STEP_DONE: "activation_done.html",
}
"""The page of each step, in their order."""

BEFORE_CONFIRMED: Final = frozenset(
    {
        ActivationStep.ACTIVATION_STEP_GIVE_CONTACTS,
        ActivationStep.ACTIVATION_STEP_SET_PASSWORD,
        ActivationStep.ACTIVATION_STEP_CONFIRM_CONTACTS,
    }
)
"""The steps from which one may go back to the contacts: a mistyped one is found out when no code comes."""

FIELDS: Final = {
    "surname": CorrectableField.CORRECTABLE_FIELD_SURNAME,
    "given_name": CorrectableField.CORRECTABLE_FIELD_GIVEN_NAME,
    "patronymic": CorrectableField.CORRECTABLE_FIELD_PATRONYMIC,
    "birth_date": CorrectableField.CORRECTABLE_FIELD_BIRTH_DATE,
    "snils": CorrectableField.CORRECTABLE_FIELD_SNILS,
}
"""What can be called wrong, by the word for it in an address."""
FIELD_KEYS: Final = {
    CorrectableField.CORRECTABLE_FIELD_SURNAME: "person.surname",
    CorrectableField.CORRECTABLE_FIELD_GIVEN_NAME: "person.given_name",
    CorrectableField.CORRECTABLE_FIELD_PATRONYMIC: "person.patronymic",
    CorrectableField.CORRECTABLE_FIELD_BIRTH_DATE: "person.birth_date",
    CorrectableField.CORRECTABLE_FIELD_SNILS: "person.snils",
}
_STATE_KEYS: Final = {
    CorrectionState.CORRECTION_STATE_WAITING: "correction.state.waiting",
    CorrectionState.CORRECTION_STATE_ACCEPTED: "correction.state.accepted",
    CorrectionState.CORRECTION_STATE_REFUSED: "correction.state.refused",
    CorrectionState.CORRECTION_STATE_WITHDRAWN: "correction.state.withdrawn",
}
# The fields of the form of contacts, by the refusal of each.
_WRONG_CONTACT: Final = {"BAD_EMAIL": "email", "BAD_MOBILE": "mobile"}


@dataclass(frozen=True, slots=True)
class Aftermath:
    """What became of the form just sent; shows nothing of what was typed when printed."""

    problem: Problem | None = None
    typed: dict[str, str] = field(default_factory=dict, repr=False)
    """What was typed, to be shown again: never a password or a code."""
    differ: bool = False
    """The password was repeated and is another one."""
    sent: bool = False
    """A link or code has just been sent again."""

    @property
    def reason(self) -> str:
        """Why the form was refused; empty when it was not."""
        return self.problem.reason if self.problem else ""

    @property
    def wrong_contact(self) -> str:
        """Which field of the contacts is to be mended; empty when it is none of them or both."""
        return _WRONG_CONTACT.get(self.reason, "")

    @property
    def attempts_left(self) -> int | None:
        """How often a code may still be tried, when that was told."""
        left = self.problem.metadata.get("attempts_left", "") if self.problem else ""
        return int(left) if left.isdecimal() else None


@dataclass(frozen=True, slots=True)
class DataRow:
    """A line of the registered data."""

    field: str
    """The word in the address of the form that corrects it."""
    key: str
    text: str = ""
    day: date | None = None
    waits: bool = False
    """Whether a correction of it is with the school."""


@dataclass(frozen=True, slots=True)
class CorrectionView:
    """A correction and what became of it."""

    correction_id: str
    field_key: str
    right_value: str
    right_day: date | None
    state_key: str
    waits: bool
    reason: str
    due: date


@dataclass(frozen=True, slots=True)
class ActivationView:
    """The page of one step."""

    step: ActivationStep.ValueType
    number: int
    """1 to 5; 6 once everything is done."""
    name: str
    rows: tuple[DataRow, ...]
    asks_gender: bool
    corrections: tuple[CorrectionView, ...]
    email: str
    email_confirmed: bool
    mobile: str
    mobile_confirmed: bool
    wait: int
    """Seconds until a link and code can be sent again."""
    until: date | None
    """The last day of the temporary password; none once it is replaced."""
    login: str
    password: PasswordView
    after: Aftermath
    watched: str
    """What a script compares: changes when the e-mail was confirmed or another step came."""
    returned: bool = False
    """The person went back to a step that they had done."""


def activation_view(
    activation: Activation,
    now: datetime,
    *,
    step: ActivationStep.ValueType | None = None,
    corrections: Sequence[Correction] = (),
    login: str = "",
    least_length: int = 0,
    after: Aftermath | None = None,
) -> ActivationView:
    """The page of ``step``; without one, of the step that is due.

    Args:
        activation: where the person stands.
        now: the present instant.
        step: a step that they went back to.
        corrections: what they asked the school to correct.
        login: what the password goes with.
        least_length: of a password here; 0 when it was not asked for.
        after: what became of the form just sent.
    """
    shown = step or activation.next_step
    after = after or Aftermath()
    zone = zone_of("")
    waiting = {one.field for one in corrections if one.state == CorrectionState.CORRECTION_STATE_WAITING}
    return ActivationView(
        step=shown,
        number=list(TEMPLATES).index(shown) + 1,
        name=full_name(activation.name),
        rows=_rows(activation, waiting),
        asks_gender=not activation.gender,
        corrections=tuple(_correction(one, zone) for one in corrections),
        email=after.typed.get("email", activation.email),
        email_confirmed=activation.email_confirmed,
        mobile=after.typed.get("mobile", spaced_mobile(activation.mobile)),
        mobile_confirmed=activation.mobile_confirmed,
        wait=_seconds_left(activation, now, after),
        until=activation.expires_at.ToDatetime(tzinfo=UTC).astimezone(zone).date()
        if activation.HasField("expires_at")
        else None,
        login=login,
        password=password_view(least_length=least_length, problem=after.problem, differ=after.differ),
        after=after,
        watched=f"{ActivationStep.Name(activation.next_step)} {str(activation.email_confirmed).lower()}",
        returned=shown != activation.next_step,
    )


def spaced_mobile(mobile: str) -> str:
    """``+79123456789`` as people write it: ``+7 912 345-67-89``; anything else as it is."""
    if len(mobile) != 12 or not mobile.startswith("+7"):
        return mobile
    return f"+7 {mobile[2:5]} {mobile[5:8]}-{mobile[8:10]}-{mobile[10:]}"


def _rows(activation: Activation, waiting: set[CorrectableField.ValueType]) -> tuple[DataRow, ...]:
    name = activation.name
    texts = {
        "surname": name.surname,
        "given_name": name.given_name,
        "patronymic": name.patronymic,
        "birth_date": "",
        "snils": activation.snils_masked,
    }
    return tuple(
        DataRow(
            word,
            FIELD_KEYS[FIELDS[word]],
            text,
            _day(activation.birth_date) if word == "birth_date" else None,
            FIELDS[word] in waiting,
        )
        for word, text in texts.items()
    )


def _correction(correction: Correction, zone: ZoneInfo) -> CorrectionView:
    is_date = correction.field == CorrectableField.CORRECTABLE_FIELD_BIRTH_DATE
    return CorrectionView(
        correction.correction_id,
        FIELD_KEYS.get(correction.field, "person.other"),
        correction.right_value,
        _day(correction.right_value) if is_date else None,
        _STATE_KEYS.get(correction.state, "correction.state.waiting"),
        correction.state == CorrectionState.CORRECTION_STATE_WAITING,
        correction.reason,
        correction.due_at.ToDatetime(tzinfo=UTC).astimezone(zone).date(),
    )


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _seconds_left(activation: Activation, now: datetime, after: Aftermath) -> int:
    told = after.problem.metadata.get("retry_after_s", "") if after.problem else ""
    if told.isdecimal():
        return int(told)
    if not activation.HasField("codes_again_at"):
        return 0
    return max(int((activation.codes_again_at.ToDatetime(tzinfo=UTC) - now).total_seconds()) + 1, 0)
