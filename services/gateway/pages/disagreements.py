"""What ESIA and the register can disagree in, as keys of the catalogues."""

from __future__ import annotations

from typing import Final

from school.identity.v1.cases_pb2 import CaseKind

KINDS: Final = {
    CaseKind.CASE_KIND_NAME_DIFFERS: "case_kind.name_differs",
    CaseKind.CASE_KIND_BIRTH_DATE_DIFFERS: "case_kind.birth_date_differs",
    CaseKind.CASE_KIND_SNILS_DIFFERS: "case_kind.snils_differs",
    CaseKind.CASE_KIND_SEVERAL_REGISTERED: "case_kind.several",
    CaseKind.CASE_KIND_BOUND_TO_ANOTHER_PROFILE: "case_kind.another_profile",
    CaseKind.CASE_KIND_PROFILE_BOUND_ELSEWHERE: "case_kind.bound_elsewhere",
    CaseKind.CASE_KIND_NAME_CHANGED: "case_kind.name_changed",
    CaseKind.CASE_KIND_PROFILE_CLOSED: "case_kind.profile_closed",
    CaseKind.CASE_KIND_SNILS_UNREGISTERED: "case_kind.snils_unregistered",
}
"""What each kind is called; ``.what`` says what it means, ``.step`` what to do."""
