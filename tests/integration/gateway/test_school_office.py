"""A school's office: what is shown once, what stays out of addresses, and what a refusal keeps."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from functools import partial

import grpc
import pytest
from google.protobuf.message import Message

from school.access.v1.policy_pb2 import Role
from school.identity.v1.account_requests_pb2 import (
    AccountRequest,
    AccountRequestState,
    ListAccountRequestsResponse,
)
from school.identity.v1.corrections_pb2 import (
    CorrectableField,
    Correction,
    ListSchoolCorrectionsResponse,
    RefuseCorrectionRequest,
    RefuseCorrectionResponse,
)
from school.identity.v1.issuing_pb2 import (
    ApplicationChannel,
    CredentialsState,
    Document,
    FindPeopleRequest,
    FindPeopleResponse,
    GetIssueJobResponse,
    GetIssuePersonResponse,
    IssueCapacity,
    IssueCredentialsRequest,
    IssueCredentialsResponse,
    IssueJob,
    IssueJobState,
    IssuePerson,
    IssuingClass,
    ListIssuingClassesResponse,
    Slip,
    StartClassIssueResponse,
)
from services.gateway.pages.answers import DRAFT_COOKIE
from services.kit.errors import DomainError
from tests.integration.gateway.office import (
    CLASS,
    JOB,
    NAME,
    PERSON,
    ROOM,
    SCHOOL,
    SOMEBODY,
    Office,
    ReasonNeeded,
    person,
    refuse,
)

SNILS = "112-233-445 95"


class DocumentsMissing(DomainError):
    status = grpc.StatusCode.FAILED_PRECONDITION
    reason = "DOCUMENTS_MISSING"
    title = "Not all documents were shown"


class SlipShown(DomainError):
    status = grpc.StatusCode.FAILED_PRECONDITION
    reason = "SLIP_SHOWN"
    title = "A temporary password is shown once; issue anew"


class BadSnils(DomainError):
    status = grpc.StatusCode.INVALID_ARGUMENT
    reason = "BAD_SNILS"
    title = "The SNILS is wrong"


class Away(DomainError):
    status = grpc.StatusCode.UNAVAILABLE
    reason = "UNAVAILABLE"
    title = "Not now"


def slip() -> Slip:
    made = Slip(
        person_id=PERSON,
        name=NAME,
        login="koroleva.a",
        temporary_password="hk7wrt3mpq9x",
        address="https://diary.test/",
    )
    made.expires_at.FromDatetime(datetime(2026, 12, 31, 20, 0, tzinfo=UTC))
    return made


# --- finding ---


async def test_what_was_searched_for_is_in_no_address(registrar: Office) -> None:
    found = FindPeopleResponse(people=[person()])
    registrar.gateway.stage.on("FindPeople", lambda _: found)

    answer = await registrar.post(
        f"{ROOM}/find/people", surname="Королёва", given_name="Алёна", birth_date="12.4.1986", snils=SNILS
    )

    assert answer.status_code == 200
    assert f"{ROOM}/people/{PERSON}" in answer.text
    links = re.findall(r'(?:href|action)="([^"]*)"', answer.text)
    assert not [link for link in links if "Корол" in link or "1986" in link]
    [call] = registrar.gateway.stage.called("FindPeople")
    wish: FindPeopleRequest = call.request
    assert (wish.school_id, wish.birth_date, wish.snils) == (SCHOOL, "1986-04-12", SNILS)


async def test_a_paper_that_disagrees_with_the_register_is_said_beside_the_person(registrar: Office) -> None:
    """R7: silence would give the login of one person to another."""
    other = person()
    other.snils_differs = True
    said = "СНИЛС в школе записан другой"

    pages = []
    for found in (person(), other):
        registrar.gateway.stage.on("FindPeople", partial(_found, found))
        answer = await registrar.post(
            f"{ROOM}/find/people", surname="К", given_name="А", birth_date="12.4.1986", snils=SNILS
        )
        pages.append(answer.text)

    assert [said in page for page in pages] == [False, True]


def _found(who: IssuePerson, _: object) -> Message:
    return FindPeopleResponse(people=[who])


@pytest.mark.parametrize("refused", [True, False])
async def test_a_snils_is_not_shown_again(registrar: Office, refused: bool) -> None:
    if refused:
        registrar.gateway.stage.on("FindPeople", refuse(BadSnils()))

    answer = await registrar.post(f"{ROOM}/find/people", surname="К", given_name="А", snils=SNILS)

    assert answer.status_code == (400 if refused else 200)
    assert SNILS not in answer.text
    assert 'value="К"' in answer.text


async def test_a_date_that_is_none_asks_nobody(registrar: Office) -> None:
    answer = await registrar.post(f"{ROOM}/find/people", surname="К", given_name="А", birth_date="31.02.1986")

    assert answer.status_code == 400
    assert 'value="31.02.1986"' in answer.text
    assert not registrar.gateway.stage.called("FindPeople")


async def test_a_saved_address_of_a_search_leads_to_the_form(registrar: Office) -> None:
    answer = await registrar.get(f"{ROOM}/find/people")

    assert answer.headers["location"] == f"{ROOM}/find"


@pytest.mark.parametrize("path", ["/school/x/find", f"{ROOM}/people/x", f"{ROOM}/jobs/..%2f", "/school/1"])
async def test_an_id_that_is_none_is_no_page(registrar: Office, path: str) -> None:
    assert (await registrar.get(path)).status_code == 404


# --- issuing ---


async def test_a_slip_is_shown_in_the_answer_and_kept_nowhere(registrar: Office) -> None:
    registrar.gateway.stage.on("IssueCredentials", lambda _: IssueCredentialsResponse(slip=slip()))

    answer = await registrar.post(
        f"{ROOM}/people/{PERSON}/issue",
        request_id="once",
        capacity="parent",
        document=["PASSPORT", "CONSENT"],
        channel="paper",
    )

    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    assert "hk7wrt3mpq9x" in answer.text
    assert "1 января 2027" in answer.text, "the last day as the school's zone has it"
    [call] = registrar.gateway.stage.called("IssueCredentials")
    wish: IssueCredentialsRequest = call.request
    assert wish.request_id == "once"
    assert wish.capacity == IssueCapacity.ISSUE_CAPACITY_PARENT
    assert set(wish.documents) == {Document.DOCUMENT_PASSPORT, Document.DOCUMENT_CONSENT}
    assert wish.channel == ApplicationChannel.APPLICATION_CHANNEL_PAPER
    assert (await registrar.get(f"{ROOM}/people/{PERSON}/issue")).headers["location"] == (
        f"{ROOM}/people/{PERSON}"
    )


async def test_nothing_can_fail_once_a_slip_is_made(registrar: Office) -> None:
    """All that the page needs was asked before: afterwards nobody could show the slip again."""
    registrar.gateway.stage.on("IssueCredentials", lambda _: IssueCredentialsResponse(slip=slip()))

    await registrar.post(f"{ROOM}/people/{PERSON}/issue", capacity="parent", document="PASSPORT")

    assert [call.method for call in registrar.gateway.stage.calls][-1] == "IssueCredentials"


async def test_a_refusal_keeps_what_was_ticked_and_marks_what_is_missing(registrar: Office) -> None:
    refused = DocumentsMissing(documents="BIRTH_CERTIFICATE,CONSENT")
    registrar.gateway.stage.on("IssueCredentials", refuse(refused))

    answer = await registrar.post(
        f"{ROOM}/people/{PERSON}/issue", capacity="parent", document=["PASSPORT", "APPLICATION"]
    )

    assert answer.status_code == 400
    boxes = re.findall(r'name="document" value="(\w+)"( checked)?( aria-invalid="true")?', answer.text)
    assert boxes == [
        ("PASSPORT", " checked", ""),
        ("BIRTH_CERTIFICATE", "", ' aria-invalid="true"'),
        ("APPLICATION", " checked", ""),
        ("CONSENT", "", ' aria-invalid="true"'),
    ]


async def test_a_form_sent_twice_is_told_that_the_slip_was_shown(registrar: Office) -> None:
    registrar.gateway.stage.on("IssueCredentials", refuse(SlipShown()))

    answer = await registrar.post(f"{ROOM}/people/{PERSON}/issue", capacity="parent")

    assert answer.status_code == 400
    assert f'href="{ROOM}/people/{PERSON}"' in answer.text


async def test_who_has_credentials_is_issued_to_again_for_a_reason(registrar: Office) -> None:
    active = person(CredentialsState.CREDENTIALS_STATE_ACTIVE)
    registrar.gateway.stage.on("GetIssuePerson", lambda _: GetIssuePersonResponse(person=active))

    answer = await registrar.get(f"{ROOM}/people/{PERSON}?capacity=representative")

    assert 'name="reissue_reason"' in answer.text
    assert 'value="PROOF_OF_REPRESENTATION"' in answer.text
    assert 'value="BIRTH_CERTIFICATE"' not in answer.text


@pytest.mark.parametrize(("whose", "offered"), [(PERSON, True), (SOMEBODY, False)])
async def test_an_electronic_request_is_answered_for_its_own_person(
    registrar: Office, whose: str, offered: bool
) -> None:
    accepted = AccountRequestState.ACCOUNT_REQUEST_STATE_ACCEPTED
    request = AccountRequest(account_request_id=JOB, state=accepted, person_id=whose, name=NAME)
    listed = ListAccountRequestsResponse(account_requests=[request])
    registrar.gateway.stage.on("ListAccountRequests", lambda _: listed)

    answer = await registrar.get(f"{ROOM}/people/{PERSON}?request={JOB}")

    assert (f'name="account_request_id" value="{JOB}"' in answer.text) is offered


# --- a class ---


async def test_a_class_issue_leads_to_its_progress_which_loads_itself(registrar: Office) -> None:
    job = IssueJob(job_id=JOB, class_id=CLASS, class_title="7Б", state=IssueJobState.ISSUE_JOB_STATE_RUNNING)
    registrar.gateway.stage.on("StartClassIssue", lambda _: StartClassIssueResponse(job=job))
    registrar.gateway.stage.on("GetIssueJob", lambda _: GetIssueJobResponse(job=job))

    started = await registrar.post(f"{ROOM}/classes/{CLASS}/start", who=["pupils"], documents_seen="yes")
    progress = await registrar.get(started.headers["location"])

    assert started.headers["location"] == f"{ROOM}/jobs/{JOB}"
    assert '<noscript><meta http-equiv="refresh"' in progress.text
    [call] = registrar.gateway.stage.called("StartClassIssue")
    assert (call.request.pupils, call.request.guardians, call.request.documents_seen) == (True, False, True)


async def test_slips_that_were_taken_are_told_beside_the_job(registrar: Office) -> None:
    job = IssueJob(job_id=JOB, class_id=CLASS, state=IssueJobState.ISSUE_JOB_STATE_TAKEN)
    registrar.gateway.stage.on("GetIssueJob", lambda _: GetIssueJobResponse(job=job))
    registrar.gateway.stage.on("TakeIssueSlips", refuse(SlipShown()))

    answer = await registrar.post(f"{ROOM}/jobs/{JOB}/slips")

    assert answer.status_code == 400
    assert "Листок уже показан" in answer.text
    assert "refresh" not in answer.text


# --- the queues ---


async def test_a_refusal_without_a_reason_stays_beside_its_correction(registrar: Office) -> None:
    wrong = Correction(
        correction_id=JOB,
        person_name="Королёва Алёна Сергеевна",
        field=CorrectableField.CORRECTABLE_FIELD_BIRTH_DATE,
        registered_value="1986-04-12",
        right_value="1986-04-21",
    )
    listed = ListSchoolCorrectionsResponse(corrections=[wrong])
    registrar.gateway.stage.on("ListSchoolCorrections", lambda _: listed)

    def decide(wish: RefuseCorrectionRequest) -> RefuseCorrectionResponse:
        if not wish.reason:
            raise ReasonNeeded
        return RefuseCorrectionResponse()

    registrar.gateway.stage.on("RefuseCorrection", decide)

    refused = await registrar.post(f"{ROOM}/corrections/refuse", correction_id=JOB, reason="  ")
    assert refused.status_code == 400
    assert "12.04.1986" in refused.text
    assert "21.04.1986" in refused.text
    assert '<details class="refuse" open>' in refused.text
    done = await registrar.post(f"{ROOM}/corrections/refuse", correction_id=JOB, reason="нет документа")
    assert done.headers["location"] == f"{ROOM}/corrections?done=refused"


async def test_who_had_seen_the_documents_need_not_be_told_again_after_a_proof(registrar: Office) -> None:
    """The number is another person's as well: that was said before."""
    wrong = Correction(
        correction_id=JOB, person_name="Королёва Алёна", field=CorrectableField.CORRECTABLE_FIELD_SNILS
    )
    listed = ListSchoolCorrectionsResponse(corrections=[wrong])
    registrar.gateway.stage.on("ListSchoolCorrections", lambda _: listed)

    away = await registrar.post(f"{ROOM}/corrections/accept", correction_id=JOB, documents_seen="1")
    registrar.kept[DRAFT_COOKIE] = away.cookies[DRAFT_COOKIE]
    back = await registrar.get(f"{ROOM}/corrections")
    del registrar.kept[DRAFT_COOKIE]
    later = await registrar.get(f"{ROOM}/corrections")

    assert away.headers["location"].startswith("/step-up?back=")
    asked = ['name="documents_seen" value="1"' in page.text for page in (back, later)]
    assert asked == [True, False]


async def test_a_request_is_accepted_for_somebody_who_was_chosen(registrar: Office) -> None:
    answer = await registrar.post(f"{ROOM}/requests/accept", account_request_id=JOB)

    assert answer.status_code == 400
    assert not registrar.gateway.stage.called("AcceptAccountRequest")


# --- the overview ---


async def test_the_overview_shows_what_answers(registrar: Office) -> None:
    own = IssuingClass(class_id=CLASS, title="7Б", people_count=50, issued_count=40, active_count=31)
    registrar.gateway.stage.on("ListIssuingClasses", lambda _: ListIssuingClassesResponse(classes=[own]))
    registrar.gateway.stage.on("ListSchoolCorrections", refuse(Away()))

    answer = await registrar.get("/school")

    assert answer.status_code == 200
    assert f"{ROOM}/classes/{CLASS}" in answer.text
    assert "Не всё сейчас отвечает" in answer.text


async def test_a_role_that_is_not_acted_in_opens_no_office(registrar: Office) -> None:
    """The switch of roles holds here as well."""
    registrar.roles = frozenset({Role.ROLE_GUARDIAN})

    answer = await registrar.get("/school")

    assert answer.status_code == 200
    assert SCHOOL not in answer.text
    assert not registrar.gateway.stage.called("ListIssuingClasses")
