"""Looking into the register: people by words of their names, and why somebody was refused on that day."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from school.identity.v1 import register_pb2, register_pb2_grpc
from services.identity.accounts.rules import AccountState
from services.identity.own_data.storage import move_account
from services.identity.people.rules import JOINTS, Role
from services.identity.people.storage import WHOLE_REGION
from services.kit.ids import new_id
from services.kit.paging import page_token
from services.kit.tables import audit
from tests.support.case_office import GUARDIAN, CaseDesk, case_desk, refused_by_name
from tests.support.identity import DEADLINE, Town, bearer, reason

PUPIL = frozenset({Role.PUPIL})
MOSCOW = ZoneInfo("Europe/Moscow")


def stub_of(here: Town) -> register_pb2_grpc.RegisterServiceAsyncStub:
    return register_pb2_grpc.RegisterServiceStub(here.doors.channel)


async def search(
    here: Town, desk: CaseDesk, words: str, *, size: int = 0, token: str = ""
) -> register_pb2.SearchSchoolPeopleResponse:
    request = register_pb2.SearchSchoolPeopleRequest(
        school_id=str(desk.school_id), words=words, page_size=size, page_token=token
    )
    return await stub_of(here).SearchSchoolPeople(request, timeout=DEADLINE, metadata=bearer(desk.session))


async def search_region(here: Town, desk: CaseDesk, words: str) -> register_pb2.SearchRegionPeopleResponse:
    request = register_pb2.SearchRegionPeopleRequest(words=words)
    return await stub_of(here).SearchRegionPeople(request, timeout=DEADLINE, metadata=bearer(desk.session))


async def refusals(
    here: Town, desk: CaseDesk, person_id: UUID, day: str = ""
) -> register_pb2.ListRefusalsResponse:
    request = register_pb2.ListRefusalsRequest(person_id=str(person_id), day=day)
    return await stub_of(here).ListRefusals(request, timeout=DEADLINE, metadata=bearer(desk.session))


def names(reply: register_pb2.SearchSchoolPeopleResponse) -> list[str]:
    return [f"{each.name.surname} {each.name.given_name}" for each in reply.people]


@pytest.mark.parametrize(
    "words",
    [
        "Семёнов",
        "семенов петр",
        "ПЁТР СЕМ",
        "петр  алексе",
        "Се",
    ],
)
async def test_people_are_found_by_beginnings_of_words_in_any_order(here: Town, words: str) -> None:
    """Case, ё and е make no difference."""
    desk = await case_desk(here)
    await here.register("Семёнов Пётр Алексеевич", roles={desk.school_id: PUPIL})
    await here.register("Орлова Анна Ивановна", roles={desk.school_id: PUPIL})

    assert names(await search(here, desk, words)) == ["Семёнов Пётр"]


@pytest.mark.parametrize("joint", sorted(JOINTS - set(" \u00a0\u202f")))
async def test_what_joins_the_words_of_a_name_parts_them_in_a_search(here: Town, joint: str) -> None:
    desk = await case_desk(here)
    await here.register(f"Римская{joint}Летова Анна Олеговна", roles={desk.school_id: PUPIL})

    for words in ("летова", "римская летова", f"римская{joint}летова анна"):
        assert len((await search(here, desk, words)).people) == 1


@pytest.mark.parametrize(
    ("name", "words"),
    [("Ғани Өмір Әділұлы", "ғани әділ"), ("O'Brien Sean Patrick", "brien sean"), ("Эргашев Ўктам", "ўкт")],
)
async def test_other_alphabets_are_folded_as_well(here: Town, name: str, words: str) -> None:
    desk = await case_desk(here)
    await here.register(name, roles={desk.school_id: PUPIL})

    assert len((await search(here, desk, words)).people) == 1


async def test_a_search_shows_what_tells_people_apart_and_never_the_number(here: Town) -> None:
    desk, snils = await case_desk(here), here.snils()
    person = await here.register("Орлова Анна Ивановна", snils=snils, roles={desk.school_id: GUARDIAN})

    (found,) = (await search(here, desk, "орлова")).people

    assert found.person_id == str(person.person_id)
    assert (found.birth_date, found.snils_masked) == ("1986-04-12", f"***-***-*{snils[7:9]} {snils[9:]}")
    assert snils not in str(found)
    assert not found.esia_bound


async def test_only_the_own_school_is_searched(here: Town) -> None:
    """A34."""
    desk, other = await case_desk(here), await case_desk(here)
    await here.register("Журавлёва Лидия Олеговна", roles={other.school_id: PUPIL})

    assert (await search(here, desk, "журавлева")).people == []
    desk.school_id = other.school_id
    assert await reason(search(here, desk, "журавлева")) == "NOT_THEIR_SCHOOL"
    assert await reason(search_region(here, desk, "журавлева")) == "ROLE_NEEDED"


async def test_a_list_is_paged_by_name(here: Town) -> None:
    desk = await case_desk(here)
    for name in ("Аистова Яна", "Аистов Борис", "Аистов Антон", "Аистов Антон"):
        await here.register(name, roles={desk.school_id: PUPIL})

    first = await search(here, desk, "аист", size=3)
    rest = await search(here, desk, "аист", size=3, token=first.next_page_token)

    assert names(first) == ["Аистов Антон", "Аистов Антон", "Аистов Борис"]
    assert names(rest) == ["Аистова Яна"]
    assert not rest.next_page_token


@pytest.mark.parametrize("stranger", ["Аистова Ааа", "Аистова Яяя"])
async def test_a_list_begins_after_nobody_whom_it_does_not_show(here: Town, stranger: str) -> None:
    """A34: else where it began would tell how the name of another school's pupil compares."""
    desk = await case_desk(here)
    await here.register("Аистова Лада", roles={desk.school_id: PUPIL})
    own = await here.register("Орлова Анна", roles={desk.school_id: PUPIL})
    foreign = await here.register(stranger, roles={new_id(): PUPIL})

    for other in (foreign.person_id, own.person_id, new_id()):
        token = page_token(other)
        assert await reason(search(here, desk, "аист", token=token)) == "BAD_PAGE_TOKEN"


@pytest.mark.parametrize("words", ["", "а", "' & !", ":*", "|", "()", "<->"])
async def test_too_little_is_not_searched_for(here: Town, words: str) -> None:
    """Nothing that is typed is read as a part of a query."""
    desk = await case_desk(here)

    assert await reason(search(here, desk, words)) == "WORDS_NEEDED"


async def test_signs_among_letters_are_no_query(here: Town) -> None:
    desk = await case_desk(here)
    await here.register("Орлова Анна Ивановна", roles={desk.school_id: PUPIL})

    assert len((await search(here, desk, "ор:*|лова \\ !анна\x00")).people) == 1


async def test_the_operator_searches_the_region_and_leaves_a_trace(here: Town) -> None:
    operator = await case_desk(here, operator=True)
    await here.register("Соловейчикова Римма Львовна", roles={new_id(): PUPIL})

    assert len((await search_region(here, operator, "соловейч")).people) == 1

    assert await reason(search_region(here, operator, "со")) == "WORDS_NEEDED"
    entries = await here.rows(
        audit, audit.c.action == "search_register", audit.c.actor == str(operator.registered.person_id)
    )
    assert [each.why for each in entries] == ["1 shown"]


async def test_the_registrar_reads_why_somebody_was_refused(here: Town) -> None:
    desk = await case_desk(here)
    person, _ = await refused_by_name(here, desk.school_id)
    today = datetime.now(MOSCOW).date()

    reply = await refusals(here, desk, person.person_id, today.isoformat())

    (told,) = reply.refusals
    assert told.reason == "NAME_DIFFERS"
    assert "surname" in list(told.details)
    assert abs(told.at.ToDatetime(tzinfo=UTC) - datetime.now(UTC)) < timedelta(minutes=5)
    assert reply.person.name.surname == "Королёва"
    assert "Лебедева" not in str(reply)
    assert list((await refusals(here, desk, person.person_id)).refusals) == [told]


async def test_a_person_is_told_with_their_schools_and_whether_the_account_is_blocked(here: Town) -> None:
    """What an operator needs to block it: a role of the whole region is no school."""
    operator = await case_desk(here, operator=True)
    here_and_there = {new_id(), new_id()}
    roles = dict.fromkeys(here_and_there, PUPIL) | {WHOLE_REGION: frozenset({Role.AUTHORITY})}
    person = await here.register("Семёнов Пётр Алексеевич", roles=roles)

    before = (await refusals(here, operator, person.person_id)).person
    async with here.database.transaction() as tx:
        await move_account(tx.connection, person.account_id, AccountState.OPEN, AccountState.BLOCKED)
    after = (await refusals(here, operator, person.person_id)).person

    assert set(before.school_ids) == {str(school_id) for school_id in here_and_there}
    assert [each.account_blocked for each in (before, after)] == [False, True]


async def test_of_another_day_nothing_is_told(here: Town) -> None:
    desk = await case_desk(here)
    person, _ = await refused_by_name(here, desk.school_id)
    yesterday = datetime.now(MOSCOW).date() - timedelta(days=2)

    assert not (await refusals(here, desk, person.person_id, yesterday.isoformat())).refusals
    assert await reason(refusals(here, desk, person.person_id, "вчера")) == "BAD_DATE"


async def test_refusals_of_another_schools_people_are_not_told(here: Town) -> None:
    """A34: the person is as unknown as one who does not exist; the operator sees them all."""
    desk = await case_desk(here)
    person, _ = await refused_by_name(here)

    assert await reason(refusals(here, desk, person.person_id)) == "UNKNOWN_PERSON"
    assert await reason(refusals(here, desk, new_id())) == "UNKNOWN_PERSON"
    operator = await case_desk(here, operator=True)
    assert (await refusals(here, operator, person.person_id)).refusals


async def test_of_whom_nobody_knows_only_day_and_reason_are_counted(here: Town) -> None:
    desk = await case_desk(here)
    before = await unknown(here, desk)
    citizen = here.citizen(snils=here.snils())

    redirect = await here.doors.back_from_esia(citizen)
    assert await reason(here.doors.complete(redirect)) == "SNILS_UNKNOWN"

    today = datetime.now(MOSCOW).date().isoformat()
    after = await unknown(here, desk)
    assert after[today, "SNILS_UNKNOWN"] == before.get((today, "SNILS_UNKNOWN"), 0) + 1


async def unknown(here: Town, desk: CaseDesk) -> dict[tuple[str, str], int]:
    request = register_pb2.CountUnknownRefusalsRequest()
    reply = await stub_of(here).CountUnknownRefusals(request, timeout=DEADLINE, metadata=bearer(desk.session))
    return {(each.day, each.reason): each.count for each in reply.counts}
