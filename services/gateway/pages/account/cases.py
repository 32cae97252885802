"""What ESIA and the school disagreed in about a person, as they read it themselves."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from school.identity.v1.cases_pb2 import Case, CaseResolution, CaseState
from services.gateway.pages.disagreements import KINDS
from services.gateway.pages.language import zone_of

_ENDS: Final = {
    CaseResolution.CASE_RESOLUTION_ACCEPT_ESIA: "my_cases.accepted",
    CaseResolution.CASE_RESOLUTION_AGREED: "my_cases.agreed",
    CaseResolution.CASE_RESOLUTION_KEEP_REGISTER: "my_cases.kept",
    CaseResolution.CASE_RESOLUTION_KEEPS_SNILS: "my_cases.number",
    CaseResolution.CASE_RESOLUTION_UNBIND: "my_cases.unbound",
}


@dataclass(frozen=True, slots=True)
class MyCase:
    """One disagreement."""

    key: str
    state_key: str
    reason: str
    """Why the school kept its data."""
    opened: datetime
    due: datetime


def my_cases(cases: Iterable[Case]) -> tuple[MyCase, ...]:
    """The disagreements in the order given."""
    zone = zone_of("")
    return tuple(
        MyCase(
            KINDS[each.kind],
            "my_cases.open"
            if each.state == CaseState.CASE_STATE_OPEN
            else _ENDS.get(each.resolution, "my_cases.expired"),
            each.reason,
            each.opened_at.ToDatetime(tzinfo=UTC).astimezone(zone),
            each.due_at.ToDatetime(tzinfo=UTC).astimezone(zone),
        )
        for each in cases
        if each.kind in KINDS
    )
