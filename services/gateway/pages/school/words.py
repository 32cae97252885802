"""The words for what the contracts number, as keys of the catalogues."""

from __future__ import annotations

from typing import Final

from school.identity.v1.account_requests_pb2 import AccountRequestState
from school.identity.v1.corrections_pb2 import CorrectableField
from school.identity.v1.families_pb2 import RelationBasis, RelationKind
from school.identity.v1.issuing_pb2 import CredentialsState, Document, IssueCapacity, IssueJobState

CAPACITIES: Final = {
    IssueCapacity.ISSUE_CAPACITY_PARENT: "issue.capacity.parent",
    IssueCapacity.ISSUE_CAPACITY_REPRESENTATIVE: "issue.capacity.representative",
    IssueCapacity.ISSUE_CAPACITY_PUPIL: "issue.capacity.pupil",
    IssueCapacity.ISSUE_CAPACITY_YOUNG_PUPIL: "issue.capacity.young_pupil",
    IssueCapacity.ISSUE_CAPACITY_EMPLOYEE: "issue.capacity.employee",
}

_PASSPORT: Final = (Document.DOCUMENT_PASSPORT, "issue.document.passport")
_BIRTH: Final = (Document.DOCUMENT_BIRTH_CERTIFICATE, "issue.document.birth_certificate")
_APPLICATION: Final = (Document.DOCUMENT_APPLICATION, "issue.document.application")
_CONSENT: Final = (Document.DOCUMENT_CONSENT, "issue.document.consent")

CHECKLIST: Final = {
    IssueCapacity.ISSUE_CAPACITY_PARENT: (_PASSPORT, _BIRTH, _APPLICATION, _CONSENT),
    IssueCapacity.ISSUE_CAPACITY_REPRESENTATIVE: (
        _PASSPORT,
        (Document.DOCUMENT_PROOF_OF_REPRESENTATION, "issue.document.proof_of_representation"),
        _APPLICATION,
        _CONSENT,
    ),
    IssueCapacity.ISSUE_CAPACITY_PUPIL: (
        (Document.DOCUMENT_PASSPORT, "issue.document.own_passport"),
        _APPLICATION,
        _CONSENT,
    ),
    IssueCapacity.ISSUE_CAPACITY_YOUNG_PUPIL: (
        (Document.DOCUMENT_PASSPORT, "issue.document.adults_passport"),
        _BIRTH,
        _APPLICATION,
        _CONSENT,
    ),
    IssueCapacity.ISSUE_CAPACITY_EMPLOYEE: (
        _PASSPORT,
        (Document.DOCUMENT_EMPLOYMENT, "issue.document.employment"),
        _CONSENT,
    ),
}
"""What is to be shown in which capacity, as the contract says beside `IssueCapacity` (R30)."""

STATES: Final = {
    CredentialsState.CREDENTIALS_STATE_NONE: "issue.state.none",
    CredentialsState.CREDENTIALS_STATE_ISSUED: "issue.state.issued",
    CredentialsState.CREDENTIALS_STATE_EXPIRED: "issue.state.expired",
    CredentialsState.CREDENTIALS_STATE_ACTIVE: "issue.state.active",
    CredentialsState.CREDENTIALS_STATE_BLOCKED: "issue.state.blocked",
}

JOBS: Final = {
    IssueJobState.ISSUE_JOB_STATE_RUNNING: "classes.job.running",
    IssueJobState.ISSUE_JOB_STATE_DONE: "classes.job.done",
    IssueJobState.ISSUE_JOB_STATE_STOPPED: "classes.job.stopped",
    IssueJobState.ISSUE_JOB_STATE_TAKEN: "classes.job.taken",
    IssueJobState.ISSUE_JOB_STATE_LAPSED: "classes.job.lapsed",
}

FIELDS: Final = {
    CorrectableField.CORRECTABLE_FIELD_SURNAME: "fixes.field.surname",
    CorrectableField.CORRECTABLE_FIELD_GIVEN_NAME: "fixes.field.given_name",
    CorrectableField.CORRECTABLE_FIELD_PATRONYMIC: "fixes.field.patronymic",
    CorrectableField.CORRECTABLE_FIELD_BIRTH_DATE: "fixes.field.birth_date",
    CorrectableField.CORRECTABLE_FIELD_SNILS: "fixes.field.snils",
}

REQUESTS: Final = {
    AccountRequestState.ACCOUNT_REQUEST_STATE_SUBMITTED: "applying.state.submitted",
    AccountRequestState.ACCOUNT_REQUEST_STATE_ACCEPTED: "applying.state.accepted",
    AccountRequestState.ACCOUNT_REQUEST_STATE_REFUSED: "applying.state.refused",
    AccountRequestState.ACCOUNT_REQUEST_STATE_WITHDRAWN: "applying.state.withdrawn",
    AccountRequestState.ACCOUNT_REQUEST_STATE_ISSUED: "applying.state.issued",
}

KINDS: Final = {
    RelationKind.RELATION_KIND_PARENT: "family.kind.parent",
    RelationKind.RELATION_KIND_REPRESENTATIVE: "family.kind.representative",
}
BASES: Final = {
    RelationBasis.RELATION_BASIS_SCHOOL: "family.basis.school",
    RelationBasis.RELATION_BASIS_CREDENTIALS: "family.basis.credentials",
    RelationBasis.RELATION_BASIS_ESIA: "family.basis.esia",
}


def kind_named(name: str) -> RelationKind.ValueType:
    """The capacity that a form names; unspecified when it names none."""
    found = {key.rpartition(".")[2]: kind for kind, key in KINDS.items()}
    return found.get(name, RelationKind.RELATION_KIND_UNSPECIFIED)
