"""Electronic requests before the registrar: who sees them, in which order, for how long (R31)."""

from __future__ import annotations

from collections.abc import Sequence

from school.access.v1.policy_pb2 import Role as WireRole
from services.identity.account_requests.storage import account_requests
from tests.integration.identity.issuing.applicant import (
    accept,
    listed,
    refuse,
    submit,
    track,
    withdraw,
)
from tests.integration.identity.issuing.office import Office, open_office
from tests.support.clock import MovableClock
from tests.support.identity import reason
from tests.support.keys import Keys


async def test_candidates_are_found_by_birth_date_or_snils(office: Office) -> None:
    """A slip of the pen in one of them does not hide the person."""
    snils = office.town.snils()
    parent = await office.guardian_of(await office.pupil(), snils=snils)
    await office.guardian_of(await office.pupil(), name="Сосна Мария")
    await submit(office, snils=snils, birth_date="1968-04-12")
    await submit(office, name={"surname": "Елкина", "given_name": "Мария"})
    await submit(office, name={"surname": "Осина", "given_name": "Мария"})

    entries = (await listed(office)).account_requests

    found: list[Sequence[str]] = [[each.person_id for each in entry.candidates] for entry in entries]
    assert found == [[str(parent.person_id)], [str(parent.person_id)], []]
    assert entries[0].snils_masked == snils[-4:]


async def test_requests_are_paged_the_oldest_first(office: Office) -> None:
    for number in range(5):
        await submit(office, pupil=str(number))

    first = await listed(office, page_size=2)
    second = await listed(office, page_size=2, page_token=first.next_page_token)
    third = await listed(office, page_size=2, page_token=second.next_page_token)

    pages = [[each.pupil for each in page.account_requests] for page in (first, second, third)]
    assert pages == [["0", "1"], ["2", "3"], ["4"]]
    assert not third.next_page_token
    assert await reason(listed(office, page_token="?")) == "BAD_PAGE_TOKEN"


async def test_requests_are_the_registrars_of_the_school(office: Office, office_keys: Keys) -> None:
    """A34."""
    elsewhere = await open_office(office.town, office_keys)
    await submit(office)
    [entry] = (await listed(office)).account_requests
    parent = await office.guardian_of(await office.pupil())

    by_other = office.by(elsewhere.registrar, WireRole.ROLE_REGISTRAR)
    assert await reason(listed(office, by=by_other)) == "NOT_THEIR_SCHOOL"
    foreign = accept(office, entry.account_request_id, parent.person_id, by=by_other)
    assert await reason(foreign) == "NOT_THEIR_SCHOOL"
    assert await reason(listed(office, by=office.by_teacher)) == "ROLE_NEEDED"
    assert await reason(refuse(elsewhere, entry.account_request_id)) == "UNKNOWN_REQUEST"


async def test_what_an_applicant_wrote_lies_sealed_and_not_for_ever(
    office: Office, clock: MovableClock
) -> None:
    """A33."""
    submitted = await submit(office, snils=office.town.snils(), address="192.0.2.9")
    [row] = await office.town.rows(account_requests, account_requests.c.school_id == office.school_id)
    kept = b"".join(value if isinstance(value, bytes) else str(value).encode() for value in row)
    for clear in ("Ёлкин", "1986", "example.org", "192.0.2.9", submitted.tracking_code):
        assert clear.encode() not in kept

    await withdraw(office, submitted.tracking_code)
    clock.move(days=90, seconds=1)
    await office.town.sweep()

    assert await reason(track(office, submitted.tracking_code)) == "UNKNOWN_REQUEST"
