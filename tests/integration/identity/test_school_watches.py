"""Whether a school is connected is told to everybody, and to who waits for it once (R28)."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select, update

from school.diary.v1.events_pb2 import SchoolConnection, SchoolDescribed
from school.identity.v1 import (
    events_pb2,
    school_watches_pb2,
    school_watches_pb2_grpc,
    schools_pb2,
    schools_pb2_grpc,
)
from school.identity.v1.events_pb2 import MessageKind
from school.identity.v1.schools_pb2 import ListedConnection, SchoolListing
from services.identity.people.rules import Role
from services.identity.people.storage import WHOLE_REGION
from services.identity.school_watches.storage import school_watches
from services.identity.school_watches.usecases import SchoolWatches
from services.identity.schools.events import on_school_described
from services.identity.schools.storage import schools
from services.kit.database import Database
from services.kit.ids import new_id
from services.kit.messaging.envelope import EventMeta
from services.kit.tables import outbox
from tests.support.clock import MovableClock
from tests.support.identity import DEADLINE, Doors, Town, bearer, reason
from tests.support.keys import REGION

NOT, PLANNED, CONNECTED = (
    SchoolConnection.SCHOOL_CONNECTION_NOT_CONNECTED,
    SchoolConnection.SCHOOL_CONNECTION_PLANNED,
    SchoolConnection.SCHOOL_CONNECTION_CONNECTED,
)


@dataclass(frozen=True, slots=True)
class Waiting:
    """A school, and people who wait for it."""

    here: Town
    doors: Doors
    school_id: UUID
    title: str

    @property
    def _stub(self) -> school_watches_pb2_grpc.SchoolWatchesServiceAsyncStub:
        return school_watches_pb2_grpc.SchoolWatchesServiceStub(self.doors.channel)

    @property
    def watches(self) -> SchoolWatches:
        """The use cases themselves."""
        assert self.here.inside is not None
        return self.here.inside.use_cases.region.school_watches

    async def becomes(self, state: SchoolConnection.ValueType, *, on: str = "", version: int = 1) -> None:
        """The diary tells how it stands with the school."""
        event = SchoolDescribed(
            school_id=str(self.school_id),
            title=self.title,
            zone="Europe/Moscow",
            version=version,
            connection=state,
            connects_on=on,
        )
        meta = EventMeta(
            new_id(),
            event.DESCRIPTOR.full_name,
            f"/regions/{REGION}/diary",
            datetime.now(UTC),
            str(self.school_id),
            version,
        )
        async with self.here.database.transaction() as tx:
            await on_school_described(tx, event, meta)

    async def listing(self) -> SchoolListing:
        """What everybody is told."""
        stub: schools_pb2_grpc.SchoolsServiceAsyncStub = schools_pb2_grpc.SchoolsServiceStub(
            self.doors.channel
        )
        request = schools_pb2.GetSchoolRequest(school_id=str(self.school_id))
        return (await stub.GetSchool(request, timeout=DEADLINE)).school

    async def ask(self, email: str, *, language: str = "ru", school: UUID | None = None) -> None:
        """Ask to be told."""
        request = school_watches_pb2.WatchSchoolRequest(school_id=str(school or self.school_id), email=email)
        await self._stub.WatchSchool(request, timeout=DEADLINE, metadata=(("x-client-language", language),))

    async def confirm(self, token: str) -> str:
        """Press the button behind the link; the school's title."""
        request = school_watches_pb2.ConfirmSchoolWatchRequest(token=token)
        return (await self._stub.ConfirmSchoolWatch(request, timeout=DEADLINE)).school_title

    async def stop(self, token: str) -> None:
        """Press the other button."""
        request = school_watches_pb2.EndSchoolWatchRequest(token=token)
        await self._stub.EndSchoolWatch(request, timeout=DEADLINE)

    async def counts(self, operator: Any) -> dict[str, int]:
        """What an operator sees."""
        request = school_watches_pb2.CountSchoolWatchesRequest()
        reply = await self._stub.CountSchoolWatches(request, timeout=DEADLINE, metadata=bearer(operator))
        return {each.school_id: each.count for each in reply.schools}

    async def letters(self, email: str, kind: MessageKind.ValueType) -> list[dict[str, Any]]:
        """What was sent to an address, the oldest first."""
        rows = await self.here.rows(outbox, outbox.c.type == "school.identity.v1.MessageSealed")
        sealed = [
            events_pb2.MessageSealed.FromString(row.payload) for row in sorted(rows, key=lambda row: row.id)
        ]
        opened = [
            json.loads(self.here.unsealer.open(one.sealed)) | {"language": one.language}
            for one in sealed
            if one.kind == kind
        ]
        return [one for one in opened if one["to"] == email]

    async def token(self, email: str) -> str:
        """The token of the last link that was sent."""
        letter = (await self.letters(email, MessageKind.MESSAGE_KIND_SCHOOL_WATCH))[-1]
        assert letter["values"]["school"] == self.title
        link: str = letter["values"]["link"]
        assert link.startswith("https://77.diary.test/schools/told/")
        return link.rpartition("/")[2]

    async def wait(self, email: str) -> str:
        """Ask and confirm; the token."""
        await self.ask(email)
        token = await self.token(email)
        await self.confirm(token)
        return token

    async def tell_all(self) -> None:
        """What the service does now and again."""
        while await self.watches.tell_some():
            continue

    async def news(self, email: str) -> int:
        """How often an address was told."""
        return len(await self.letters(email, MessageKind.MESSAGE_KIND_SCHOOL_CONNECTED))


def mailbox() -> str:
    """An address of this test alone."""
    return f"parent-{uuid4().hex[:10]}@example.ru"


@pytest.fixture
async def waiting(here: Town, doors: Doors) -> Waiting:
    found = Waiting(here, doors, new_id(), f"Школа № {uuid4().hex[:6]}")
    await found.becomes(NOT)
    return found


# --- the public answer -------------------------------------------------------------------------------------


async def test_everybody_is_told_how_it_stands_with_a_school(waiting: Waiting) -> None:
    assert (await waiting.listing()).connection == ListedConnection.LISTED_CONNECTION_NOT_CONNECTED
    await waiting.becomes(PLANNED, on="2027-01-11", version=2)
    planned = await waiting.listing()
    assert planned.connection == ListedConnection.LISTED_CONNECTION_PLANNED
    assert planned.connects_on == "2027-01-11"
    await waiting.becomes(CONNECTED, version=3)
    connected = await waiting.listing()
    assert (connected.connection, connected.connects_on) == (
        ListedConnection.LISTED_CONNECTION_CONNECTED,
        "",
    )


async def test_an_older_word_of_the_diary_takes_nothing_back(waiting: Waiting) -> None:
    await waiting.becomes(CONNECTED, version=3)
    await waiting.becomes(PLANNED, on="2027-01-11", version=2)
    assert (await waiting.listing()).connection == ListedConnection.LISTED_CONNECTION_CONNECTED


async def test_a_diary_that_says_nothing_of_it_means_connected(waiting: Waiting) -> None:
    await waiting.becomes(SchoolConnection.SCHOOL_CONNECTION_UNSPECIFIED, version=2)
    assert (await waiting.listing()).connection == ListedConnection.LISTED_CONNECTION_CONNECTED


# --- waiting -----------------------------------------------------------------------------------------------


async def test_who_has_confirmed_is_told_once_and_forgotten(waiting: Waiting) -> None:
    email = mailbox()
    assert await waiting.confirm(await _asked(waiting, email)) == waiting.title
    await waiting.tell_all()
    assert await waiting.news(email) == 0

    await waiting.becomes(CONNECTED, version=2)
    await waiting.tell_all()
    await waiting.tell_all()

    [letter] = await waiting.letters(email, MessageKind.MESSAGE_KIND_SCHOOL_CONNECTED)
    assert letter["values"] == {"school": waiting.title, "link": "https://77.diary.test/sign-in"}
    assert await waiting.here.rows(school_watches, school_watches.c.school_id == waiting.school_id) == []


async def test_who_has_not_confirmed_is_not_told(waiting: Waiting) -> None:
    email = mailbox()
    await waiting.ask(email)
    await waiting.becomes(CONNECTED, version=2)
    await waiting.tell_all()
    assert await waiting.news(email) == 0


async def test_many_are_told_once_each_by_several_replicas_at_once(waiting: Waiting) -> None:
    everybody = [mailbox() for _ in range(6)]
    for email in everybody:
        await waiting.wait(email)
    await waiting.becomes(CONNECTED, version=2)
    await asyncio.gather(*(waiting.tell_all() for _ in range(5)))
    assert Counter([await waiting.news(email) for email in everybody]) == {1: len(everybody)}


async def test_the_answer_is_the_same_for_an_address_that_waits_already(waiting: Waiting) -> None:
    """A22: nobody learns who waits; and who waits gets no second letter."""
    email = mailbox()
    await waiting.wait(email)
    await waiting.ask(email)
    assert len(await waiting.letters(email, MessageKind.MESSAGE_KIND_SCHOOL_WATCH)) == 1


async def test_asking_again_before_confirming_makes_the_former_link_worthless(waiting: Waiting) -> None:
    email = mailbox()
    first = await _asked(waiting, email)
    second = await _asked(waiting, email)
    assert await reason(waiting.confirm(first)) == "LINK_UNKNOWN"
    assert await waiting.confirm(second) == waiting.title


async def test_confirming_again_succeeds(waiting: Waiting) -> None:
    token = await waiting.wait(mailbox())
    assert await waiting.confirm(token) == waiting.title


async def test_a_link_works_for_a_day(waiting: Waiting, clock: MovableClock) -> None:
    token = await _asked(waiting, mailbox())
    clock.move(seconds=timedelta(hours=25).total_seconds())
    assert await reason(waiting.confirm(token)) == "LINK_UNKNOWN"


@pytest.mark.parametrize("token", ["", "x", "ы" * 1000])
async def test_a_link_that_was_never_sent_confirms_nothing(waiting: Waiting, token: str) -> None:
    assert await reason(waiting.confirm(token)) == "LINK_UNKNOWN"


async def test_the_same_link_forgets_the_address_at_any_time(waiting: Waiting) -> None:
    email = mailbox()
    token = await waiting.wait(email)
    await waiting.stop(token)
    await waiting.stop(token)
    await waiting.becomes(CONNECTED, version=2)
    await waiting.tell_all()
    assert await waiting.news(email) == 0
    assert await reason(waiting.confirm(token)) == "LINK_UNKNOWN"


async def test_the_letter_is_in_the_language_of_who_asks(waiting: Waiting) -> None:
    email = mailbox()
    await waiting.ask(email, language="en")
    [letter] = await waiting.letters(email, MessageKind.MESSAGE_KIND_SCHOOL_WATCH)
    assert letter["language"] == "en"


async def test_for_a_connected_school_there_is_nothing_to_wait_for(waiting: Waiting) -> None:
    await waiting.becomes(CONNECTED, version=2)
    assert await reason(waiting.ask(mailbox())) == "SCHOOL_CONNECTED"


async def test_an_unknown_school_and_a_wrong_address_are_said_to_be(waiting: Waiting) -> None:
    assert await reason(waiting.ask(mailbox(), school=uuid4())) == "UNKNOWN_SCHOOL"
    assert await reason(waiting.ask("parent at home")) == "BAD_EMAIL"


async def test_nobody_fills_a_strangers_mailbox(waiting: Waiting) -> None:
    """Letters to one address wait longer and longer, for whichever school they are."""
    email, refused = mailbox(), ""
    for _ in range(12):
        refused = refused or await _refusal(waiting, email)
    assert refused == "TOO_MANY_ATTEMPTS"
    assert len(await waiting.letters(email, MessageKind.MESSAGE_KIND_SCHOOL_WATCH)) < 6


async def test_an_address_is_kept_sealed_and_for_a_year(waiting: Waiting, clock: MovableClock) -> None:
    email, unconfirmed = mailbox(), mailbox()
    await waiting.wait(email)
    await waiting.ask(unconfirmed)
    rows = await waiting.here.rows(school_watches, school_watches.c.school_id == waiting.school_id)
    assert len(rows) == 2
    assert email.encode() not in b"".join(bytes(row.email_box) + bytes(row.email_index) for row in rows)

    clock.move(seconds=timedelta(days=2).total_seconds())
    await waiting.here.sweep()
    assert len(await _rows(waiting.here.database, waiting.school_id)) == 1
    clock.move(seconds=timedelta(days=364).total_seconds())
    await waiting.here.sweep()
    assert await _rows(waiting.here.database, waiting.school_id) == []


async def test_an_operator_sees_how_many_wait_and_nobody_else_does(waiting: Waiting) -> None:
    await waiting.wait(mailbox())
    await waiting.wait(mailbox())
    await waiting.ask(mailbox())
    operator = await _entered(waiting, {WHOLE_REGION: frozenset({Role.OPERATOR})})
    assert (await waiting.counts(operator))[str(waiting.school_id)] == 2
    parent = await _entered(waiting, {new_id(): frozenset({Role.GUARDIAN})})
    assert await reason(waiting.counts(parent)) == "ROLE_NEEDED"


async def test_a_school_that_was_known_before_is_connected(here: Town) -> None:
    """The migration's default: nobody is told of a school that has always been there."""
    school_id = new_id()
    async with here.database.transaction() as tx:
        await tx.execute(
            schools.insert().values(
                school_id=school_id, title="Школа", zone="Europe/Moscow", version=1, source_event=new_id()
            )
        )
        await tx.execute(update(schools).where(schools.c.school_id == school_id).values(version=2))
    [row] = await here.rows(schools, schools.c.school_id == school_id)
    assert row.connection == "CONNECTED"


async def _asked(waiting: Waiting, email: str) -> str:
    await waiting.ask(email)
    return await waiting.token(email)


async def _refusal(waiting: Waiting, email: str) -> str:
    try:
        return await reason(waiting.ask(email))
    except AssertionError:
        return ""


async def _rows(database: Database, school_id: UUID) -> list[Any]:
    async with database.read() as connection:
        wanted = select(school_watches).where(school_watches.c.school_id == school_id)
        return list(await connection.execute(wanted))


async def _entered(waiting: Waiting, roles: dict[UUID, frozenset[Role]]) -> Any:
    login = f"person-{waiting.here.snils()}"
    await waiting.here.register(login=login, password="a long enough one", roles=roles)
    return (await waiting.doors.enter_with_password(login, "a long enough one")).session
