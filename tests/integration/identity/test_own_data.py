"""One's own data: all of them to take along; erased after three days, once, and not by a stranger's hand."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from datetime import UTC, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import delete, insert, text

from school.identity.v1 import own_data_pb2, own_data_pb2_grpc, sessions_pb2
from school.identity.v1.events_pb2 import AccountErased, MessageKind, MessageSealed
from services.identity.accounts.storage import accounts
from services.identity.binding.storage import bindings
from services.identity.consents.storage import consents
from services.identity.contacts.rules import Contact, Kind, Sends, known_value
from services.identity.contacts.storage import contacts, save
from services.identity.own_data.catalogue import CATALOGUE
from services.identity.own_data.export import ids_of
from services.identity.own_data.rules import KEPT, Data
from services.identity.own_data.storage import rows_of
from services.identity.own_data.usecases import OwnData
from services.identity.own_data.worker import Eraser
from services.identity.people.rules import Role
from services.identity.people.storage import WHOLE_REGION, insert_roles, people, person_roles
from services.kit.errors import Unavailable
from services.kit.ids import new_id
from services.kit.tables import outbox
from tests.support.clock import MovableClock
from tests.support.identity import DEADLINE, Registered, Town, bearer, reason

PASSWORD = "a long enough one"


@dataclass
class Owner:
    """Somebody who is in, and has data of every kind."""

    here: Town
    person: Registered
    session: sessions_pb2.Session
    login: str
    snils: str
    email: str
    mobile: str

    @property
    def door(self) -> own_data_pb2_grpc.OwnDataServiceAsyncStub:
        return own_data_pb2_grpc.OwnDataServiceStub(self.here.doors.channel)

    @property
    def told(self) -> dict[str, Any]:
        return {"timeout": DEADLINE, "metadata": bearer(self.session)}

    async def export(self) -> dict[str, Any]:
        reply = await self.door.ExportMyData(own_data_pb2.ExportMyDataRequest(), **self.told)
        found: dict[str, Any] = json.loads(reply.json)
        return found

    async def preview(self) -> own_data_pb2.PreviewErasureResponse:
        return await self.door.PreviewErasure(own_data_pb2.PreviewErasureRequest(), **self.told)

    async def request(self) -> own_data_pb2.RequestErasureResponse:
        return await self.door.RequestErasure(own_data_pb2.RequestErasureRequest(), **self.told)

    async def cancel(self) -> None:
        await self.door.CancelErasure(own_data_pb2.CancelErasureRequest(), **self.told)


async def owner(here: Town) -> Owner:
    """Somebody new with a login, contacts, a bound profile, a session and a consent."""
    snils = here.snils()
    login = f"owner-{snils}"
    person = await here.register("Ёлкина Зоя", snils=snils, login=login, password=PASSWORD)
    await here.doors.enter(here.citizen("Ёлкина Зоя", snils=snils))
    session = (await here.doors.enter_with_password(login, PASSWORD)).session
    email, mobile = f"zoya.{snils}@example.ru", f"+7916{snils[2:9]}"
    now = here.clock.now()
    async with here.database.transaction() as tx:
        for kind, value in ((Kind.EMAIL, email), (Kind.MOBILE, mobile)):
            contact = Contact(kind, known_value(kind, value), now, None, Sends(None, 0, None), 1)
            await save(tx.connection, here.keyring, person.account_id, contact)
        await tx.execute(
            insert(consents).values(
                id=new_id(),
                text_id="diary-101",
                purpose="DIARY",
                giver_id=person.person_id,
                subject_id=person.person_id,
                given_at=now,
                on_paper=False,
            )
        )
    return Owner(here, person, session, login, snils, email, mobile)


def own_data(here: Town) -> OwnData:
    """The use cases, past the doors."""
    assert here.inside is not None
    return here.inside.use_cases.privacy.own_data


async def erase_everything_due(here: Town) -> None:
    """What the service does every minute."""
    await Eraser(own_data(here)).once()


async def erased_events(here: Town, person_id: UUID) -> list[AccountErased]:
    rows = await here.rows(
        outbox, outbox.c.aggregate_id == person_id, outbox.c.type == AccountErased.DESCRIPTOR.full_name
    )
    return [AccountErased.FromString(row.payload) for row in rows]


async def told_to(here: Town, person_id: UUID, kind: MessageKind.ValueType) -> list[Any]:
    """What notifications reads in the messages of a kind to a person."""
    rows = await here.rows(outbox, outbox.c.type == MessageSealed.DESCRIPTOR.full_name)
    events = [MessageSealed.FromString(row.payload) for row in rows]
    return [
        json.loads(here.unsealer.open(event.sealed))
        for event in events
        if event.person_id == str(person_id) and event.kind == kind
    ]


async def test_an_export_holds_everything_that_identity_keeps(here: Town) -> None:
    """152-ФЗ, article 14: each row of each table that speaks of the person; the SNILS in full."""
    me = await owner(here)

    told = await me.export()

    registered = told["registered_person"]["people"][0]
    assert (registered["surname"], registered["snils"]) == ("Ёлкина", me.snils)
    assert {each["value"] for each in told["contacts"]["contacts"]} == {me.email, me.mobile}
    assert told["login"]["accounts"][0]["login"] == me.login
    assert told["binding"]["bindings"][0]["ended_at"] is None
    assert told["consents"]["consents"][0]["text_id"] == "diary-101"
    assert len(told["sessions"]["sessions"]) == 2
    async with here.database.read() as connection:
        for holding in CATALOGUE:
            if not holding.theirs:
                continue
            theirs = ids_of(holding, me.person.person_id, me.person.account_id)
            kept = await rows_of(connection, holding.table, theirs)
            shown = told[holding.data][holding.table.name]
            assert len(shown) == len(kept)
            for row in shown:
                assert set(row) == {*holding.shown, *holding.opened}
    actions = {entry["action"] for entry in told["audit"]["entries"]}
    assert "bind_profile" in actions
    assert told["audit"]["complete"]


async def test_an_export_holds_no_secret_and_nothing_of_others(here: Town) -> None:
    me, other = await owner(here), await owner(here)

    told = json.dumps(await me.export(), ensure_ascii=False)

    for hidden in ("argon2", other.snils, other.email, other.login, str(other.person.person_id)):
        assert hidden not in told


async def test_that_an_export_was_taken_is_in_the_audit(here: Town) -> None:
    me = await owner(here)
    await me.export()

    assert "export_data" in [action for action, _ in await here.audited(me.person.account_id)]


async def test_an_export_needs_a_recent_proof(here: Town, clock: MovableClock) -> None:
    """A34: a stolen access token takes nothing along."""
    me = await owner(here)
    clock.move(minutes=4)
    me.session = await here.doors.refresh(me.session.refresh_token)
    clock.move(minutes=2)

    assert await reason(me.export()) == "STEP_UP_NEEDED"
    assert await reason(me.request()) == "STEP_UP_NEEDED"


async def test_a_preview_says_of_every_group_what_becomes_of_it(here: Town) -> None:
    me = await owner(here)

    told = await me.preview()

    assert {item.data: item.kept_because for item in told.items} == {
        str(data): str(KEPT.get(data, "")) for data in Data
    }
    assert all(item.erased == (not item.kept_because) for item in told.items)
    assert not told.HasField("erases_at")


async def test_an_erasure_waits_three_days_and_is_announced(here: Town, clock: MovableClock) -> None:
    """Whoever has stolen the session cannot destroy the account unseen."""
    me = await owner(here)

    first = await me.request()
    again = await me.request()

    assert first.erases_at.ToDatetime(UTC) == clock.now() + timedelta(days=3)
    assert (await me.preview()).erases_at == again.erases_at == first.erases_at
    announced = await told_to(here, me.person.person_id, MessageKind.MESSAGE_KIND_ERASURE_COMING)
    assert {one["to"] for one in announced} == {me.email, me.mobile}
    clock.move(days=2, hours=23)
    await erase_everything_due(here)
    assert (await here.doors.refresh(me.session.refresh_token)).access_token
    assert not await erased_events(here, me.person.person_id)


async def test_an_erasure_that_was_taken_back_does_not_happen(here: Town, clock: MovableClock) -> None:
    me = await owner(here)
    await me.request()
    await me.cancel()
    assert await reason(me.cancel()) == "NO_ERASURE"
    clock.move(days=4)

    await erase_everything_due(here)

    assert not await erased_events(here, me.person.person_id)
    assert (await here.doors.enter_with_password(me.login, PASSWORD)).session.access_token
    assert [action for action, _ in await here.audited(me.person.account_id)] == [
        "request_erasure",
        "cancel_erasure",
    ]


async def erase(me: Owner, clock: MovableClock) -> None:
    """The wish, three days, the deed."""
    await me.request()
    clock.move(days=3)
    await erase_everything_due(me.here)


async def test_an_erasure_leaves_what_the_law_keeps_and_nothing_else(here: Town, clock: MovableClock) -> None:
    """152-ФЗ, article 21: the register, relations, consents and the audit stay; all else is gone."""
    me = await owner(here)
    await erase(me, clock)

    async with here.database.read() as connection:
        for holding in CATALOGUE:
            theirs = ids_of(holding, me.person.person_id, me.person.account_id)
            kept = await rows_of(connection, holding.table, theirs)
            if holding.left_with is not None and not holding.left_with:
                assert not kept, holding.table.name
        (row,) = await rows_of(connection, accounts, {"person_id": me.person.person_id})
    assert (row["login"], row["login_skeleton"], row["password_hash"]) == (None, None, None)
    assert row["state"] == "closed"
    assert len(await here.rows(people, people.c.id == me.person.person_id)) == 1
    (consent,) = await here.rows(consents, consents.c.giver_id == me.person.person_id)
    assert consent.withdrawn_at is not None
    assert len(await erased_events(here, me.person.person_id)) == 1
    assert (await here.audited(me.person.account_id))[-1] == ("erase_account", "WISH")


async def test_after_an_erasure_no_door_opens_and_the_goodbye_was_sent(
    here: Town, clock: MovableClock
) -> None:
    """Not even that of Gosuslugi, which finds the registered person: the school alone opens it again."""
    me = await owner(here)
    await erase(me, clock)

    assert await reason(here.doors.refresh(me.session.refresh_token)) == "SESSION_ENDED"
    assert await reason(here.doors.enter_with_password(me.login, PASSWORD)) == "WRONG_CREDENTIALS"
    clock.move(days=-3)  # ESIA's own clock has not moved
    entering = here.doors.enter(here.citizen("Ёлкина Зоя", snils=me.snils))
    assert await reason(entering) == "ACCOUNT_BLOCKED"
    goodbye = await told_to(here, me.person.person_id, MessageKind.MESSAGE_KIND_ERASED)
    assert {one["to"] for one in goodbye} == {me.email, me.mobile}


async def test_twenty_workers_erase_once(here: Town, clock: MovableClock) -> None:
    me = await owner(here)
    await me.request()
    clock.move(days=3)

    await asyncio.gather(*(erase_everything_due(here) for _ in range(20)))

    assert len(await erased_events(here, me.person.person_id)) == 1
    assert [action for action, _ in await here.audited(me.person.account_id)].count("erase_account") == 1


@pytest.mark.parametrize(
    "table", ["login_reservations", "contacts", "sessions", "bindings", "outbox", "audit"]
)
async def test_a_worker_killed_between_two_steps_leaves_everything_and_the_next_one_erases_once(
    here: Town, clock: MovableClock, table: str
) -> None:
    """The connection is cut when the erasure comes to a table: whichever it is, nothing is half erased."""
    me = await owner(here)
    await me.request()
    clock.move(days=3)
    when = "INSERT" if table in {"outbox", "audit"} else "DELETE"
    async with here.database.transaction() as tx:
        await tx.execute(
            text(
                "CREATE FUNCTION cut() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
                "PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NULL; END $$"
            )
        )
        await tx.execute(
            text(f"CREATE TRIGGER cut BEFORE {when} ON {table} FOR EACH STATEMENT EXECUTE FUNCTION cut()")
        )
    try:
        with pytest.raises(Unavailable):
            await own_data(here).erase_due()
    finally:
        async with here.database.transaction() as tx:
            await tx.execute(text("DROP FUNCTION cut CASCADE"))
    assert len(await here.rows(contacts, contacts.c.account_id == me.person.account_id)) == 2
    assert await here.rows(bindings, bindings.c.account_id == me.person.account_id)
    assert not await erased_events(here, me.person.person_id)

    await erase_everything_due(here)

    assert not await here.rows(contacts, contacts.c.account_id == me.person.account_id)
    assert len(await erased_events(here, me.person.person_id)) == 1


async def test_a_cancellation_and_an_erasure_at_once_agree(here: Town, clock: MovableClock) -> None:
    """Either it was taken back or it has happened."""
    me = await owner(here)
    await me.request()
    clock.move(days=3)
    me.session = await here.doors.refresh(me.session.refresh_token)

    outcomes = await asyncio.gather(me.cancel(), erase_everything_due(here), return_exceptions=True)

    happened = len(await erased_events(here, me.person.person_id))
    assert happened == (0 if outcomes[0] is None else 1)


async def only_operators(here: Town, *persons: Registered) -> None:
    """The region has these operators and no others."""
    async with here.database.transaction() as tx:
        await tx.execute(delete(person_roles).where(person_roles.c.role == Role.OPERATOR))
        for person in persons:
            await insert_roles(
                tx.connection, person.person_id, WHOLE_REGION, [Role.OPERATOR], at=here.clock.now()
            )


async def test_the_last_operator_stays(here: Town) -> None:
    """Of two who want to go one must wait: for somebody has to run the region."""
    one, other = await owner(here), await owner(here)
    await only_operators(here, one.person)
    assert await reason(one.request()) == "LAST_OPERATOR"
    await only_operators(here, one.person, other.person)

    outcomes = await asyncio.gather(one.request(), other.request(), return_exceptions=True)

    assert sum(isinstance(outcome, BaseException) for outcome in outcomes) == 1
    await only_operators(here)


async def test_an_operator_who_became_the_last_one_meanwhile_is_not_erased(
    here: Town, clock: MovableClock
) -> None:
    one, other = await owner(here), await owner(here)
    await only_operators(here, one.person, other.person)
    await one.request()
    await only_operators(here, one.person)
    clock.move(days=3)

    await erase_everything_due(here)

    assert not await erased_events(here, one.person.person_id)
    assert (await here.audited(one.person.account_id))[-1] == ("cancel_erasure", "LAST_OPERATOR")
    await only_operators(here)


async def test_what_the_school_issues_again_opens_a_closed_account(here: Town, clock: MovableClock) -> None:
    """And takes back an erasure that still waits."""
    me, other = await owner(here), await owner(here)
    await erase(me, clock)
    await other.here.doors.refresh(other.session.refresh_token)
    async with here.database.transaction() as tx:
        await own_data(here).issued_anew(tx, me.person.account_id)

    (row,) = await here.rows(accounts, accounts.c.id == me.person.account_id)
    assert row.state == "open"
