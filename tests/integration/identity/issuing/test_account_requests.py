"""R31: a request written at home, looked at by the school, answered with credentials, tracked by a code."""

from __future__ import annotations

import asyncio
from collections import Counter
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import insert

from school.identity.v1 import issuing_pb2
from services.identity.account_requests.rules import (
    MOST_PER_ADDRESS,
    MOST_PER_EMAIL,
    MOST_WAITING_PER_SCHOOL,
)
from services.identity.account_requests.storage import account_requests
from services.identity.guesses.settings import GuessSettings
from services.identity.issuing.rules.people import Capacity
from services.identity.issuing.storage.issues import credential_issues
from services.identity.schools.storage import schools
from services.kit.client import LANGUAGE_KEY
from services.kit.ids import new_id
from tests.integration.identity.issuing.applicant import (
    KINDS,
    STATES,
    accept,
    listed,
    mailed,
    outcome,
    refuse,
    submit,
    track,
    wish,
    withdraw,
)
from tests.integration.identity.issuing.office import Office
from tests.support.clock import MovableClock
from tests.support.identity import DEADLINE, reason, refused


async def test_a_request_goes_its_whole_way(office: Office) -> None:
    """Handed in, tracked, accepted, answered; the applicant is told each time at the address given."""
    parent = await office.guardian_of(await office.pupil())
    email = f"maria-{new_id()}@example.org"

    submitted = await submit(office, email=email)
    [told] = await mailed(office, KINDS.MESSAGE_KIND_ACCOUNT_REQUEST_SUBMITTED, email)
    [entry] = (await listed(office)).account_requests
    accepted = await accept(office, entry.account_request_id, parent.person_id)
    slip = await office.issue(
        parent,
        Capacity.PARENT,
        channel=issuing_pb2.ApplicationChannel.APPLICATION_CHANNEL_ELECTRONIC,
        account_request_id=entry.account_request_id,
    )
    answered = await track(office, submitted.tracking_code)

    assert told["tracking_code"] == submitted.tracking_code
    assert submitted.tracking_code not in told["link"]
    assert told["due"] == (office.today + timedelta(days=10)).isoformat()
    assert (entry.name.surname, entry.pupil, entry.email) == ("Ёлкина", "Ёлкин Пётр, 7Б", email)
    assert [each.person_id for each in entry.candidates] == [str(parent.person_id)]
    assert accepted.state == STATES.ACCOUNT_REQUEST_STATE_ACCEPTED
    assert await mailed(office, KINDS.MESSAGE_KIND_ACCOUNT_REQUEST_ACCEPTED, email) == [
        {"school": "Школа № 12"}
    ]
    assert slip.temporary_password
    assert answered.state == STATES.ACCOUNT_REQUEST_STATE_ISSUED
    assert not answered.candidates
    assert not (await listed(office)).account_requests
    [issue] = await office.town.rows(credential_issues, credential_issues.c.account_id == parent.account_id)
    assert (issue.channel, str(issue.account_request_id)) == ("ELECTRONIC", entry.account_request_id)


async def test_the_last_day_is_told_as_the_school_counts_it(office: Office, clock: MovableClock) -> None:
    """In Kamchatka it is tomorrow already while Greenwich has its evening."""
    await office.write(schools, school_id=(far := new_id()), title="Школа № 1", zone="Asia/Kamchatka")
    now = clock.now()
    clock.move(seconds=(now.replace(hour=21, minute=0) - now).total_seconds() % 86_400)
    email = f"maria-{new_id()}@example.org"

    await submit(office, email=email, school_id=str(far))

    [told] = await mailed(office, KINDS.MESSAGE_KIND_ACCOUNT_REQUEST_SUBMITTED, email)
    assert told["due"] == (clock.now().date() + timedelta(days=11)).isoformat()


async def test_an_applicant_is_answered_in_the_language_of_the_request(office: Office) -> None:
    """Also when the registrar who decides reads another one."""
    request = wish(office)
    english = ((LANGUAGE_KEY, "en"),)
    await office.requests.SubmitAccountRequest(request, timeout=DEADLINE, metadata=english)
    [entry] = (await listed(office)).account_requests
    await refuse(office, entry.account_request_id)

    languages = [
        told["language"]
        for kind in (KINDS.MESSAGE_KIND_ACCOUNT_REQUEST_SUBMITTED, KINDS.MESSAGE_KIND_ACCOUNT_REQUEST_REFUSED)
        for told in await office.messages(kind)
        if request.email in told["opened"]
    ]

    assert languages == ["en", "en"]


async def test_a_refusal_says_why(office: Office) -> None:
    email = f"maria-{new_id()}@example.org"
    submitted = await submit(office, email=email)
    [entry] = (await listed(office)).account_requests

    assert await reason(refuse(office, entry.account_request_id, "  ")) == "REASON_NEEDED"
    await refuse(office, entry.account_request_id)

    tracked = await track(office, submitted.tracking_code)
    assert (tracked.state, tracked.reason) == (STATES.ACCOUNT_REQUEST_STATE_REFUSED, "нет связи с учеником")
    assert await mailed(office, KINDS.MESSAGE_KIND_ACCOUNT_REQUEST_REFUSED, email) == [
        {"reason": "нет связи с учеником"}
    ]
    assert await reason(refuse(office, entry.account_request_id)) == "REQUEST_DECIDED"
    assert await reason(withdraw(office, submitted.tracking_code)) == "REQUEST_DECIDED"


async def test_an_applicant_takes_a_request_back_as_often_as_they_like(office: Office) -> None:
    submitted = await submit(office)
    [entry] = (await listed(office)).account_requests

    for _ in range(2):
        after = await withdraw(office, submitted.tracking_code.lower().replace("-", " "))
        assert after.state == STATES.ACCOUNT_REQUEST_STATE_WITHDRAWN

    assert await reason(accept(office, entry.account_request_id, uuid4())) == "UNKNOWN_PERSON"
    parent = await office.guardian_of(await office.pupil())
    assert await reason(accept(office, entry.account_request_id, parent.person_id)) == "REQUEST_DECIDED"


async def test_credentials_answer_only_a_request_accepted_for_the_same_person(office: Office) -> None:
    """A34: not one that waits, and not one of somebody else."""
    pupil = await office.pupil()
    parent, other = await office.guardian_of(pupil), await office.guardian_of(pupil, name="Ёлкин Илья")
    await submit(office)
    [entry] = (await listed(office)).account_requests
    electronic = {
        "channel": issuing_pb2.ApplicationChannel.APPLICATION_CHANNEL_ELECTRONIC,
        "account_request_id": entry.account_request_id,
    }

    assert await reason(office.issue(parent, Capacity.PARENT, **electronic)) == "REQUEST_NOT_ACCEPTED"
    await accept(office, entry.account_request_id, parent.person_id)
    assert await reason(office.issue(other, Capacity.PARENT, **electronic)) == "REQUEST_NOT_ACCEPTED"
    assert (await office.account(other)).login is None
    assert (await office.issue(parent, Capacity.PARENT, **electronic)).login


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"consent": False}, "CONSENT_NEEDED"),
        ({"school_id": str(uuid4())}, "UNKNOWN_SCHOOL"),
        ({"name": {"surname": "", "given_name": "Мария"}}, "BAD_NAME"),
        ({"birth_date": "12.04.1986"}, "BAD_BIRTH_DATE"),
        ({"birth_date": "2999-01-01"}, "BAD_BIRTH_DATE"),
        ({"snils": "123"}, "BAD_SNILS"),
        ({"email": "nobody"}, "BAD_EMAIL"),
        ({"capacity": issuing_pb2.IssueCapacity.ISSUE_CAPACITY_UNSPECIFIED}, "WRONG_CAPACITY"),
        ({"request_id": ""}, "BAD_REQUEST_ID"),
    ],
)
async def test_what_does_not_do_is_not_kept(office: Office, changes: dict[str, Any], why: str) -> None:
    """R35: without consent nothing is kept at all."""
    before = len(await office.town.rows(account_requests))

    assert await reason(submit(office, **changes)) == why
    assert len(await office.town.rows(account_requests)) == before


async def test_the_same_request_again_gets_the_same_code(office: Office) -> None:
    """20 at once are one request, one letter, one code; with another content it is refused."""
    same, email = str(new_id()), f"maria-{new_id()}@example.org"

    replies = await asyncio.gather(*(submit(office, request_id=same, email=email) for _ in range(20)))

    assert len({reply.tracking_code for reply in replies}) == 1
    assert len(await mailed(office, KINDS.MESSAGE_KIND_ACCOUNT_REQUEST_SUBMITTED, email)) == 1
    assert await reason(submit(office, request_id=same)) == "REQUEST_ID_REUSED"


@pytest.mark.parametrize(("column", "most"), [("address", MOST_PER_ADDRESS), ("email", MOST_PER_EMAIL)])
async def test_of_many_at_once_exactly_those_are_taken_for_whom_there_is_room(
    office: Office, clock: MovableClock, column: str, most: int
) -> None:
    """A35: from one address, or to one mailbox; the next day there is room again."""
    one = {"address": f"2001:db8:{new_id().hex[-4:]}::1"} if column == "address" else {
        "email": f"Maria-{new_id()}@example.org"
    }  # fmt: skip

    outcomes = await asyncio.gather(*(outcome(submit(office, **one)) for _ in range(most + 5)))

    assert sorted(outcomes) == ["OK"] * most + ["TOO_MANY_REQUESTS"] * 5
    said = await refused(submit(office, **one))
    assert 0 < int(said.metadata["retry_after_s"]) <= 24 * 3600
    clock.move(hours=24, seconds=1)
    assert (await submit(office, **one)).tracking_code


async def test_a_school_has_too_many_waiting(office: Office) -> None:
    """A35: as many as a large school has pupils were not written by its families."""
    now = office.town.clock.now()
    row = {
        "school_id": office.school_id,
        "capacity": "PARENT",
        "state": "SUBMITTED",
        "box": b"sealed",
        "box_key": 1,
        "submitted_at": now,
        "due_at": now,
    }
    rows = [
        row | {"id": new_id(), "tracking_digest": new_id().bytes, "email_digest": new_id().bytes}
        for _ in range(MOST_WAITING_PER_SCHOOL)
    ]
    async with office.town.database.transaction() as tx:
        await tx.execute(insert(account_requests), rows)

    said = await refused(submit(office))

    assert (said.reason, said.metadata["retry_after_s"]) == ("TOO_MANY_REQUESTS", "3600")


async def test_after_many_wrong_codes_an_address_waits_with_the_right_one_too(
    office: Office, clock: MovableClock
) -> None:
    """A21: it is told to wait and how long, never that there is no such request; another address is not."""
    submitted = await submit(office)
    address = f"2001:db8:{new_id().int % 0xFFFF:x}::1"
    free = GuessSettings().address.free

    wrong = (outcome(track(office, "WRONG", address=address)) for _ in range(free + 20))
    outcomes = await asyncio.gather(*wrong)
    waiting = await refused(track(office, submitted.tracking_code, address=address))

    assert Counter(outcomes) == {"UNKNOWN_REQUEST": free, "TOO_MANY_ATTEMPTS": 20}
    assert (waiting.reason, int(waiting.metadata["retry_after_s"])) == ("TOO_MANY_ATTEMPTS", 2)
    assert (await track(office, submitted.tracking_code, address="198.51.100.1")).pupil
    clock.move(seconds=3)
    assert (await track(office, submitted.tracking_code, address=address)).pupil


async def test_of_20_decisions_at_once_one_counts(office: Office) -> None:
    parent = await office.guardian_of(await office.pupil())
    await submit(office)
    [entry] = (await listed(office)).account_requests

    outcomes = await asyncio.gather(
        *(outcome(accept(office, entry.account_request_id, parent.person_id)) for _ in range(20))
    )

    assert sorted(outcomes) == ["OK"] + ["REQUEST_DECIDED"] * 19
