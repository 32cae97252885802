"""The queue of what ESIA and the register disagree in, as its page shows it and hears its buttons."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

import grpc
import httpx2
import pytest

from school.access.v1.policy_pb2 import Role
from school.identity.v1.activation_pb2 import Activation, ActivationStep, GetActivationResponse
from school.identity.v1.cases_pb2 import (
    Case,
    CaseKind,
    CasePerson,
    CaseProfile,
    CaseResolution,
    CaseState,
    ListMyCasesResponse,
    ListRegionCasesResponse,
    ListSchoolCasesResponse,
    ResolveCaseResponse,
)
from school.identity.v1.people_pb2 import FullName
from school.identity.v1.register_pb2 import (
    CountUnknownRefusalsResponse,
    RefusalCount,
    RegisteredPerson,
    SearchRegionPeopleResponse,
)
from school.identity.v1.schools_pb2 import GetSchoolResponse, SchoolListing
from school.identity.v1.staff_pb2 import ListMyPostsResponse, Post
from services.gateway.sessions import FORM_FIELD
from services.kit.errors import DomainError
from tests.integration.gateway.browser import Browser
from tests.integration.gateway.stage import PUBLIC, Outside

SCHOOL, CASE, OURS, THEIRS = (str(UUID(int=number)) for number in range(1, 5))
QUEUE = f"/school/{SCHOOL}/cases"
KEEPS_SNILS = CaseResolution.CASE_RESOLUTION_KEEPS_SNILS


class CaseClosed(DomainError):
    status = grpc.StatusCode.FAILED_PRECONDITION
    reason = "CASE_CLOSED"
    title = "The case is closed already"


class ReasonNeeded(DomainError):
    status = grpc.StatusCode.INVALID_ARGUMENT
    reason = "REASON_NEEDED"
    title = "Say why"


class Office(Browser):
    """The browser of somebody who settles cases."""

    def __init__(self, gateway: Outside, role: Role.ValueType) -> None:
        super().__init__(gateway)
        self.role = role

    async def get(self, path: str) -> httpx2.Response:
        return await self.gateway.client.get(path, headers=self._headers())

    async def post(self, path: str, **fields: str) -> httpx2.Response:
        headers = {**self._headers(), "Origin": PUBLIC}
        return await self.gateway.client.post(
            path, data={FORM_FIELD: self.form_token(), **fields}, headers=headers
        )

    def _headers(self) -> dict[str, str]:
        session = self.session(roles=frozenset({self.role}), proven=None)
        return {**self.cookies(session), "Accept": "text/html", "Accept-Language": "ru"}


@pytest.fixture
def registrar(gateway: Outside) -> Office:
    post = Post(school_id=SCHOOL, role=Role.ROLE_REGISTRAR, school_title="Школа № 12")
    gateway.stage.on("ListMyPosts", lambda _: ListMyPostsResponse(posts=[post]))
    listing = SchoolListing(school_id=SCHOOL, title="Школа № 12", zone="Europe/Moscow")
    gateway.stage.on("GetSchool", lambda _: GetSchoolResponse(school=listing))
    return Office(gateway, Role.ROLE_REGISTRAR)


@pytest.fixture
def operator(gateway: Outside) -> Office:
    return Office(gateway, Role.ROLE_OPERATOR)


def case(kind: CaseKind.ValueType, *resolutions: CaseResolution.ValueType, **fields: object) -> Case:
    made = Case(
        case_id=CASE,
        kind=kind,
        state=CaseState.CASE_STATE_OPEN,
        resolutions=resolutions,
        **fields,  # type: ignore[arg-type]
    )
    for stamp in (made.opened_at, made.last_at, made.due_at):
        stamp.FromDatetime(datetime(2026, 11, 2, 9, tzinfo=UTC))
    return made


def dispute() -> Case:
    """One SNILS of somebody of this school, and of somebody of another."""
    ours = CasePerson(
        person_id=OURS,
        name=FullName(surname="Королёва", given_name="Алёна"),
        birth_date="1986-04-12",
        snils_masked="***-***-*12 34",
        schools=["Школа № 12"],
    )
    theirs = CasePerson(person_id=THEIRS, schools=["Школа № 7"], may_keep_snils=True)
    return case(CaseKind.CASE_KIND_SEVERAL_REGISTERED, KEEPS_SNILS, people=[ours, theirs])


def name_differs() -> Case:
    somebody = CasePerson(
        person_id=OURS, name=FullName(surname="Семёнова", given_name="Анна"), birth_date="1986-04-12"
    )
    said = CaseProfile(name=FullName(surname="СЕМЕНОВА", given_name="Яна"), birth_date="1986-04-12")
    return case(
        CaseKind.CASE_KIND_NAME_DIFFERS,
        CaseResolution.CASE_RESOLUTION_ACCEPT_ESIA,
        CaseResolution.CASE_RESOLUTION_KEEP_REGISTER,
        people=[somebody],
        profile=said,
    )


async def test_a_school_gives_a_number_up_to_the_person_of_another(
    gateway: Outside, registrar: Office
) -> None:
    """The stranger is a school's name and a button; the own person has none."""
    gateway.stage.on("ListSchoolCases", lambda _: ListSchoolCasesResponse(cases=[dispute()]))
    gateway.stage.on("ResolveCase", lambda _: ResolveCaseResponse())

    page = (await registrar.get(QUEUE)).text
    assert "Человек из другой школы" in page
    assert "Школа № 7" in page
    assert page.count('name="person_id"') == 1
    assert f'value="{THEIRS}"' in page

    pressed = await registrar.post(f"{QUEUE}/number", case_id=CASE, person_id=THEIRS)

    assert pressed.headers["location"] == f"{QUEUE}?done=number"
    (call,) = [one for one in gateway.stage.calls if one.method.endswith("ResolveCase")]
    assert (call.request.resolution, call.request.person_id) == (KEEPS_SNILS, THEIRS)


async def test_whom_nobody_here_can_decide_about_waits_for_the_operator(
    gateway: Outside, registrar: Office
) -> None:
    made = dispute()
    del made.resolutions[:]
    made.people[1].may_keep_snils = False
    gateway.stage.on("ListSchoolCases", lambda _: ListSchoolCasesResponse(cases=[made]))

    page = (await registrar.get(QUEUE)).text

    assert "Решит оператор региона" in page
    assert 'name="person_id"' not in page


async def test_only_what_differs_is_marked(gateway: Outside, registrar: Office) -> None:
    """Case and ё are no difference at the door, nor here."""
    gateway.stage.on("ListSchoolCases", lambda _: ListSchoolCasesResponse(cases=[name_differs()]))

    page = (await registrar.get(QUEUE)).text

    assert page.count('class="differs"') == 1
    assert page.count("said-differs") == 1


async def test_a_reason_that_is_missing_is_asked_for_beside_the_case(
    gateway: Outside, registrar: Office
) -> None:
    def refuse(_: object) -> ResolveCaseResponse:
        raise ReasonNeeded

    gateway.stage.on("ListSchoolCases", lambda _: ListSchoolCasesResponse(cases=[name_differs()]))
    gateway.stage.on("ResolveCase", refuse)

    answer = await registrar.post(f"{QUEUE}/keep", case_id=CASE, reason="")

    assert answer.status_code == 400
    assert "<details" in answer.text
    assert 'aria-invalid="true"' in answer.text


async def test_who_comes_second_reads_that_it_is_settled(gateway: Outside, registrar: Office) -> None:
    """The case is in the list no more: the sentence stands above it."""

    def refuse(_: object) -> ResolveCaseResponse:
        raise CaseClosed

    gateway.stage.on("ListSchoolCases", lambda _: ListSchoolCasesResponse())
    gateway.stage.on("ResolveCase", refuse)

    answer = await registrar.post(f"{QUEUE}/accept", case_id=CASE)

    assert "Расхождение уже закрыто" in answer.text
    assert "Расхождений нет" in answer.text


async def test_a_profile_is_unbound_by_its_own_button(gateway: Outside, registrar: Office) -> None:
    made = case(
        CaseKind.CASE_KIND_BOUND_TO_ANOTHER_PROFILE,
        CaseResolution.CASE_RESOLUTION_UNBIND,
        people=[CasePerson(person_id=OURS, name=FullName(surname="Орлова", given_name="Анна"))],
    )
    gateway.stage.on("ListSchoolCases", lambda _: ListSchoolCasesResponse(cases=[made]))
    gateway.stage.on("ResolveCase", lambda _: ResolveCaseResponse())

    assert "Отвязать Госуслуги" in (await registrar.get(QUEUE)).text
    pressed = await registrar.post(f"{QUEUE}/unbind", case_id=CASE)

    assert pressed.headers["location"] == f"{QUEUE}?done=unbound"


async def test_the_operator_has_the_queue_of_the_region_and_its_count(
    gateway: Outside, operator: Office
) -> None:
    made = dispute()
    made.people[0].may_keep_snils = True
    gateway.stage.on("ListRegionCases", lambda _: ListRegionCasesResponse(cases=[made, name_differs()]))

    queue = await operator.get("/region/cases")
    overview = await operator.get("/region")

    assert queue.text.count('name="person_id"') == 2
    assert 'action="/region/cases/number"' in queue.text
    assert '<span class="queue-count">2</span>' in overview.text


async def test_the_operator_searches_without_an_address(gateway: Outside, operator: Office) -> None:
    person = RegisteredPerson(
        person_id=OURS,
        name=FullName(surname="Королёва", given_name="Алёна"),
        birth_date="1986-04-12",
        schools=["Школа № 7"],
        snils_disputed=True,
    )
    gateway.stage.on(
        "SearchRegionPeople", lambda _: SearchRegionPeopleResponse(people=[person], next_page_token="next")
    )

    found = await operator.post("/region/register/find", words="королёва")

    assert "Школа № 7" in found.text
    assert "СНИЛС спорный" in found.text
    assert 'name="page" value="next"' in found.text
    assert "location" not in found.headers


async def test_of_whom_nobody_knows_the_operator_reads_counts(gateway: Outside, operator: Office) -> None:
    counts = [
        RefusalCount(day="2026-11-02", reason="SNILS_UNKNOWN", count=7),
        RefusalCount(day="2026-11-02", reason="SOMETHING_NEW", count=1),
    ]
    gateway.stage.on("CountUnknownRefusals", lambda _: CountUnknownRefusalsResponse(counts=counts))

    page = (await operator.get("/region/refusals")).text

    assert "СНИЛС не записан ни у кого" in page
    assert "Другая причина" in page


@pytest.mark.parametrize("path", ["/region/cases", "/region/register", "/region/refusals"])
async def test_a_registrar_is_no_operator(gateway: Outside, registrar: Office, path: str) -> None:
    assert (await registrar.get(path)).status_code == 403


async def test_a_person_reads_how_their_case_ended(gateway: Outside) -> None:
    ended = case(CaseKind.CASE_KIND_NAME_DIFFERS)
    ended.state = CaseState.CASE_STATE_RESOLVED
    ended.resolution = CaseResolution.CASE_RESOLUTION_KEEP_REGISTER
    ended.reason = "В паспорте иначе"
    known = Activation(
        next_step=ActivationStep.ACTIVATION_STEP_DONE,
        name=FullName(surname="Королёва", given_name="Алёна"),
        birth_date="1986-04-12",
    )
    gateway.stage.on("GetActivation", lambda _: GetActivationResponse(activation=known))
    gateway.stage.on("ListMyCases", lambda _: ListMyCasesResponse(cases=[ended]))

    page = (await Office(gateway, Role.ROLE_GUARDIAN).get("/account/registered")).text

    assert "Школа оставила свои данные" in page
    assert "В паспорте иначе" in page
