"""A school's office: replies as its pages show them."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from school.access.v1.policy_pb2 import Role
from school.identity.v1.account_requests_pb2 import (
    AccountRequest,
    AccountRequestState,
    ListAccountRequestsResponse,
)
from school.identity.v1.audit_pb2 import VerifyAuditResponse
from school.identity.v1.corrections_pb2 import CorrectableField, Correction, ListSchoolCorrectionsResponse
from school.identity.v1.issuing_pb2 import (
    CredentialsState,
    Document,
    IssueCapacity,
    IssueJob,
    IssueJobState,
    IssuePerson,
    Slip,
)
from school.identity.v1.people_pb2 import FullName
from school.identity.v1.schools_pb2 import GetSchoolResponse, SchoolListing
from school.identity.v1.staff_pb2 import Post, StaffMember
from services.gateway.pages.frame import ROLE_KEYS
from services.gateway.pages.school.applying import view as applying
from services.gateway.pages.school.classes.view import class_view, job_view
from services.gateway.pages.school.corrections.view import correction_views
from services.gateway.pages.school.dates import date_shown, date_typed
from services.gateway.pages.school.desk import SchoolView, school_view
from services.gateway.pages.school.failure import Failure
from services.gateway.pages.school.overview.view import schools_of, waiting_corrections, waiting_requests
from services.gateway.pages.school.people.view import (
    Typed,
    capacity_name,
    capacity_named,
    documents_of,
    issue_form,
    person_view,
    slip_view,
)
from services.gateway.pages.school.region.view import audit_view
from services.gateway.pages.school.requests.view import request_views
from services.gateway.pages.school.staff.view import member_view, scope_of
from services.gateway.pages.school.words import CAPACITIES, CHECKLIST, FIELDS, JOBS, REQUESTS, STATES
from services.identity.issuing.rules.people import CHECKLIST as ASKED
from services.identity.issuing.rules.people import Capacity

OMSK = ZoneInfo("Asia/Omsk")
NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


def person(name: str, *pupils: str, state: str = "NONE", number: int = 0) -> IssuePerson:
    surname, given_name = name.split()
    return IssuePerson(
        person_id=f"{name}-{number}",
        name=FullName(surname=surname, given_name=given_name),
        pupil_names=pupils,
        state=CredentialsState.Value(f"CREDENTIALS_STATE_{state}"),
        capacities=[IssueCapacity.ISSUE_CAPACITY_PARENT],
    )


# --- words ---


@pytest.mark.parametrize(
    ("enum", "words"),
    [
        (IssueCapacity, CAPACITIES),
        (IssueCapacity, CHECKLIST),
        (IssueCapacity, applying.CAPACITIES),
        (CredentialsState, STATES),
        (IssueJobState, JOBS),
        (CorrectableField, FIELDS),
        (AccountRequestState, REQUESTS),
    ],
)
def test_everything_the_contract_numbers_has_words(enum: object, words: dict[int, object]) -> None:
    assert set(words) == set(enum.values()) - {0}  # type: ignore[attr-defined]


def test_the_checklists_ask_for_what_identity_asks_for() -> None:
    """R30: a box that is missing would make issuing impossible, one too many would mislead."""
    shown = {
        Capacity(capacity_name(capacity).upper()): {
            Document.Name(document).removeprefix("DOCUMENT_") for document, _ in documents
        }
        for capacity, documents in CHECKLIST.items()
    }

    assert shown == {capacity: {str(one) for one in documents} for capacity, documents in ASKED.items()}


# --- dates ---


@pytest.mark.parametrize(
    "typed", ["17.04.1986", "17.4.1986", "17 04 1986", "17/04/1986", "17041986", "1986-04-17", " 17.04.1986 "]
)
def test_a_date_is_read_however_it_is_typed(typed: str) -> None:
    assert date_typed(typed) == "1986-04-17"


@pytest.mark.parametrize("typed", ["31.02.1986", "17.04.86", "1704", "апрель", "1.1.0000", "٣.٤.١٩٨٦"])
def test_what_is_no_date_is_none(typed: str) -> None:
    assert date_typed(typed) is None


def test_nothing_typed_is_no_wrong_date() -> None:
    assert date_typed("  ") == ""


def test_a_date_is_shown_as_documents_have_it() -> None:
    assert date_shown("1986-04-17") == "17.04.1986"
    assert date_shown("") == ""


# --- the school and the visitor ---


def posts(*held: tuple[str, Role.ValueType]) -> list[Post]:
    return [Post(school_id=school, role=role, school_title=f"Школа {school}") for school, role in held]


def test_an_office_has_the_sections_of_the_roles_at_this_school() -> None:
    held = posts(("a", Role.ROLE_REGISTRAR), ("b", Role.ROLE_TEACHER))
    acting = {Role.ROLE_REGISTRAR, Role.ROLE_TEACHER}
    told = GetSchoolResponse(school=SchoolListing(title="Школа", zone="Asia/Omsk"))

    here = school_view("a", told, held, acting)
    there = school_view("b", told, held, acting)

    assert [each.name for each in here.sections] == [
        "overview",
        "find",
        "register",
        "cases",
        "corrections",
        "requests",
        "families",
    ]
    assert [each.name for each in there.sections] == ["overview", "find"]
    assert here.zone == OMSK


def test_an_operator_opens_the_staff_of_any_school() -> None:
    held = posts(("", Role.ROLE_OPERATOR))

    view = school_view("any", None, held, {Role.ROLE_OPERATOR})

    assert [each.name for each in view.sections] == ["overview", "staff"]


def test_a_role_that_rests_does_not_count() -> None:
    held = posts(("a", Role.ROLE_REGISTRAR), ("b", Role.ROLE_TEACHER))

    assert schools_of(held, {Role.ROLE_TEACHER}) == ("b",)
    assert not school_view("a", None, held, {Role.ROLE_TEACHER}).registers


# --- queues ---


def correction(due: timedelta, number: int = 0) -> Correction:
    one = Correction(
        correction_id=str(number),
        field=CorrectableField.CORRECTABLE_FIELD_BIRTH_DATE,
        right_value="1986-04-17",
    )
    one.due_at.FromDatetime(NOW + due)
    return one


def test_what_is_overdue_is_counted() -> None:
    reply = ListSchoolCorrectionsResponse(
        corrections=[correction(timedelta(days=-1)), correction(timedelta(days=1))], next_page_token="more"
    )

    waiting = waiting_corrections(reply, NOW)

    assert (waiting.count, waiting.overdue, waiting.more) == (2, 1, True)


def test_accepted_requests_wait_for_somebody_else() -> None:
    reply = ListAccountRequestsResponse(
        account_requests=[
            AccountRequest(state=AccountRequestState.ACCOUNT_REQUEST_STATE_SUBMITTED),
            AccountRequest(state=AccountRequestState.ACCOUNT_REQUEST_STATE_ACCEPTED),
        ]
    )

    undecided, accepted = waiting_requests(reply, NOW)

    assert (undecided.count, accepted) == (1, 1)


def test_a_failure_is_told_beside_its_own_entry() -> None:
    both = [correction(timedelta(days=1), 1), correction(timedelta(days=1), 2)]

    one, two = correction_views(both, OMSK, NOW, Failure("2", "REASON_NEEDED", "потому"))

    assert (one.failure.reason, one.right) == ("", "17.04.1986")
    assert (two.failure.reason, two.failure.typed) == ("REASON_NEEDED", "потому")


def test_an_accepted_request_leads_to_the_form_of_its_person() -> None:
    request = AccountRequest(
        account_request_id="r",
        person_id="p",
        capacity=IssueCapacity.ISSUE_CAPACITY_PARENT,
        state=AccountRequestState.ACCOUNT_REQUEST_STATE_ACCEPTED,
    )

    [view] = request_views([request], "/school/s", OMSK, NOW)

    assert view.issue_url == "/school/s/people/p?request=r&capacity=parent"
    assert not view.overdue, "it is decided"


# --- issuing ---


@pytest.mark.parametrize("capacity", CAPACITIES)
def test_a_capacity_is_read_from_its_name(capacity: IssueCapacity.ValueType) -> None:
    assert capacity_named(capacity_name(capacity)) == capacity


def test_what_is_no_capacity_or_document_is_none() -> None:
    assert capacity_named("king") == IssueCapacity.ISSUE_CAPACITY_UNSPECIFIED
    assert documents_of({"PASSPORT", "UNSPECIFIED", "x"}) == [Document.DOCUMENT_PASSPORT]


@pytest.mark.parametrize(
    ("state", "has"), [("NONE", False), ("ISSUED", True), ("EXPIRED", True), ("ACTIVE", True)]
)
def test_issuing_again_is_told_from_issuing(state: str, has: bool) -> None:
    assert person_view(person("Ёлкин Пётр", state=state), OMSK).has is has


def test_nobody_is_issued_to_who_is_blocked_or_out_of_reach() -> None:
    out_of_reach = person("Ёлкин Пётр")
    del out_of_reach.capacities[:]

    assert not person_view(person("Ёлкин Пётр", state="BLOCKED"), OMSK).can_be_given
    assert not person_view(out_of_reach, OMSK).can_be_given


def test_without_an_electronic_request_the_application_is_on_paper() -> None:
    view = person_view(person("Ёлкин Пётр"), OMSK)

    form = issue_form(
        view,
        IssueCapacity.ISSUE_CAPACITY_PARENT,
        url="/p",
        request_id="r",
        answered=None,
        typed=Typed(electronic=True),
    )

    assert not form.electronic
    assert [box.name for box in form.documents] == ["PASSPORT", "BIRTH_CERTIFICATE", "APPLICATION", "CONSENT"]


def test_a_slip_says_its_last_day_at_the_school_and_hides_itself_from_logs() -> None:
    slip = Slip(login="elkin.p", temporary_password="hk7wrt3mpq9x", address="https://diary.test/")
    slip.expires_at.FromDatetime(datetime(2026, 12, 23, 20, 0, tzinfo=UTC))

    view = slip_view(slip, OMSK)

    assert (view.until, view.host) == (date(2026, 12, 24), "diary.test")
    assert "hk7wrt3mpq9x" not in repr(view)


# --- a class ---


def test_guardians_stand_below_their_pupil() -> None:
    listed = [
        person("Ёлкин Пётр"),
        person("Ёлкина Анна", "Ёлкин Пётр", state="ACTIVE"),
        person("Ёлкин Иван", "Ёлкин Пётр"),
        person("Иванов Олег", state="ISSUED"),
    ]

    view = class_view("c", "7Б", listed, OMSK)

    assert [(line.pupil.name, len(line.guardians)) for line in view.lines] == [
        ("Ёлкин Пётр", 2),
        ("Иванов Олег", 0),
    ]
    assert (view.pupils_without, view.guardians_without) == (1, 1)


def test_an_ended_job_with_nobody_issued_has_no_slips() -> None:
    done = IssueJob(state=IssueJobState.ISSUE_JOB_STATE_DONE, total_count=2)
    done.skipped.add(reason="ISSUED_BEFORE")

    view = job_view(done, OMSK)

    assert not view.slips_wait
    assert not view.running
    assert view.seen_to == 1


# --- staff ---


def scope(*roles: Role.ValueType) -> list[str]:
    school = SchoolView("s", "", OMSK, frozenset(roles))
    member = StaffMember(person_id="p", posts=[Post(role=Role.ROLE_TEACHER)])
    return [offer.name for offer in member_view(member, scope_of(school, roles), OMSK, "me").offers]


def test_an_administrator_gives_less_than_an_operator() -> None:
    assert scope(Role.ROLE_SCHOOL_ADMINISTRATOR) == ["ROLE_REGISTRAR"]
    assert scope(Role.ROLE_OPERATOR) == ["ROLE_REGISTRAR", "ROLE_SCHOOL_ADMINISTRATOR"]


def test_in_the_region_the_regions_roles_are_given() -> None:
    given = scope_of(None, {Role.ROLE_OPERATOR}).grantable

    assert set(given) == {Role.ROLE_AUTHORITY, Role.ROLE_OPERATOR}
    assert set(given) < set(ROLE_KEYS)


def test_nobody_takes_a_role_from_themselves() -> None:
    member = StaffMember(person_id="me", posts=[Post(role=Role.ROLE_REGISTRAR)])
    school = SchoolView("s", "", OMSK, frozenset({Role.ROLE_OPERATOR}))

    view = member_view(member, scope_of(school, {Role.ROLE_OPERATOR}), OMSK, "me")

    assert [post.can_be_taken for post in view.posts] == [False]


# --- the region ---


def test_a_digest_is_shown_in_parts_that_can_be_compared() -> None:
    view = audit_view(VerifyAuditResponse(whole=True, last_digest="0123456789abcdef"), NOW)

    assert view.digest == ("01234567", "89abcdef")


# --- the request from home ---


def test_a_request_that_was_answered_cannot_be_taken_back() -> None:
    can = {
        state: applying.tracked_view(AccountRequest(state=state), "", OMSK).can_be_taken_back
        for state in REQUESTS
    }

    assert [state for state, possible in can.items() if possible] == [
        AccountRequestState.ACCOUNT_REQUEST_STATE_SUBMITTED,
        AccountRequestState.ACCOUNT_REQUEST_STATE_ACCEPTED,
    ]


def test_what_somebody_typed_is_not_printed() -> None:
    filled = applying.Filled(surname="Ёлкин", email="elkin@mail.test")

    assert "Ёлкин" not in repr(filled)
    assert "elkin" not in repr(filled)
