"""Who may read the audit, and what they find in it."""

from __future__ import annotations

from typing import Any

from sqlalchemy import delete, func, insert, select

from school.identity.v1 import audit_pb2, audit_pb2_grpc
from services.identity.families.storage import relations
from services.identity.people.rules import Role
from services.identity.people.storage import WHOLE_REGION, person_roles
from services.kit.ids import new_id
from services.kit.tables import audit, audit_chain
from tests.support.identity import DEADLINE, Registered, Town, bearer, reason
from tests.support.waiting import eventually

PASSWORD = "a long enough one"


async def somebody(here: Town, name: str = "Королёва Алёна Сергеевна") -> tuple[Registered, dict[str, Any]]:
    """A person, and how they call."""
    login = f"person-{here.snils()}"
    person = await here.register(name, login=login, password=PASSWORD)
    entered = await here.doors.enter_with_password(login, PASSWORD)
    return person, {"timeout": DEADLINE, "metadata": bearer(entered.session)}


def door(here: Town) -> audit_pb2_grpc.AuditServiceAsyncStub:
    return audit_pb2_grpc.AuditServiceStub(here.doors.channel)


async def note(here: Town, action: str, **entry: Any) -> None:
    """An entry as any use case leaves it."""
    async with here.database.transaction() as tx:
        tx.audit(**{"actor": "somebody", "action": action, "object_kind": "thing", "object_id": "1", **entry})


async def mine(here: Town, call: dict[str, Any], **page: Any) -> audit_pb2.ListMyAuditResponse:
    return await door(here).ListMyAudit(audit_pb2.ListMyAuditRequest(**page), **call)


async def all_is_sealed(here: Town) -> None:
    """Wait until the chain holds everything."""

    async def sealed() -> bool:
        async with here.database.read() as connection:
            counts = select(
                select(func.count()).select_from(audit).scalar_subquery(),
                select(func.count()).select_from(audit_chain).scalar_subquery(),
            )
            entries, links = (await connection.execute(counts)).one()
        return bool(entries == links)

    await eventually(sealed)


async def test_a_person_sees_what_was_done_to_them_and_by_them_with_names(here: Town) -> None:
    """To the person, the account, a relation; what names them as the subject; and their own deeds."""
    me, call = await somebody(here)
    registrar = await here.register("Сергеева Ольга")
    pupil, relation = await here.register("Королёв Пётр"), new_id()
    async with here.database.transaction() as tx:
        await tx.execute(
            insert(relations).values(
                id=relation,
                guardian_id=me.person_id,
                pupil_id=pupil.person_id,
                school_id=new_id(),
                kind="PARENT",
                valid_from=here.clock.now().date(),
                registered_at=here.clock.now(),
            )
        )
    actor = str(registrar.person_id)
    await note(here, "register_person", actor=actor, object_kind="person", object_id=str(me.person_id))
    await note(here, "issue_credentials", actor=actor, object_kind="account", object_id=str(me.account_id))
    await note(here, "end_relation", actor=actor, object_kind="relation", object_id=str(relation), why="суд")
    await note(here, "decide", actor=actor, subject=me.person_id)
    await note(here, "act", actor=str(me.person_id))
    await note(here, "nothing_of_theirs", actor=actor)

    told = (await mine(here, call)).entries

    assert [entry.action for entry in told if entry.action != "begin_session"] == [
        "act",
        "decide",
        "end_relation",
        "issue_credentials",
        "register_person",
    ]
    names = {entry.action: entry.actor_name for entry in told}
    assert (names["decide"], names["act"]) == ("Сергеева Ольга", "Королёва Алёна Сергеевна")
    assert {entry.why for entry in told if entry.action == "end_relation"} == {"суд"}


async def test_who_came_in_and_by_which_door_is_written_down(here: Town) -> None:
    """FSTEC order 21; a wrong password leaves no entry: nobody has come in."""
    login = f"person-{here.snils()}"
    await here.register(login=login, password=PASSWORD)
    assert await reason(here.doors.enter_with_password(login, "another one")) == "WRONG_CREDENTIALS"
    entered = await here.doors.enter_with_password(login, PASSWORD)
    call = {"timeout": DEADLINE, "metadata": bearer(entered.session)}

    (entry,) = (await mine(here, call)).entries

    assert (entry.action, entry.object_kind, entry.why) == ("begin_session", "session", "password")


async def test_nobody_sees_what_concerns_others(here: Town) -> None:
    """A34."""
    _, call = await somebody(here)
    other, _ = await somebody(here)
    await note(here, "secret", subject=other.person_id)

    assert "secret" not in {entry.action for entry in (await mine(here, call)).entries}


async def test_pages_leave_nothing_out_and_show_nothing_twice(here: Town) -> None:
    """An entry that concerns a person in two ways is one entry."""
    me, call = await somebody(here)
    for number in range(7):
        await note(here, f"deed-{number}", actor=str(me.person_id), subject=me.person_id)
    seen, token = [], ""
    while True:
        page = await mine(here, call, page_size=3, page_token=token)
        seen += [entry.action for entry in page.entries if entry.action.startswith("deed")]
        token = page.next_page_token
        if not token:
            break

    assert seen == [f"deed-{number}" for number in reversed(range(7))]
    assert await reason(mine(here, call, page_token="x")) == "BAD_PAGE_TOKEN"


async def test_a_sealed_entry_shows_its_place(here: Town) -> None:
    me, call = await somebody(here)
    await note(here, "deed", subject=me.person_id)
    await all_is_sealed(here)

    (entry,) = [one for one in (await mine(here, call)).entries if one.action == "deed"]

    assert entry.position > 0
    assert len(entry.digest) == 64


async def test_archive_and_check_are_for_operators(here: Town) -> None:
    _, call = await somebody(here)

    exporting = door(here).ExportAudit(audit_pb2.ExportAuditRequest(), **call)
    assert await reason(exporting) == "ROLE_NEEDED"
    assert await reason(door(here).VerifyAudit(audit_pb2.VerifyAuditRequest(), **call)) == "ROLE_NEEDED"


async def test_the_operators_archive_is_in_order_and_the_chain_whole(here: Town) -> None:
    """Page after page, and piece after piece."""
    for number in range(5):
        await note(here, f"deed-{number}")
    await all_is_sealed(here)
    login = f"operator-{here.snils()}"
    await here.register(login=login, password=PASSWORD, roles={WHOLE_REGION: frozenset({Role.OPERATOR})})
    entered = await here.doors.enter_with_password(login, PASSWORD)
    call: dict[str, Any] = {"timeout": DEADLINE, "metadata": bearer(entered.session)}

    after = 0
    entries: list[audit_pb2.AuditEntry] = []
    while True:
        request = audit_pb2.ExportAuditRequest(after_position=after, page_size=3)
        page = (await door(here).ExportAudit(request, **call)).entries
        if not page:
            break
        entries += page
        after = page[-1].position

    assert [entry.position for entry in entries] == list(range(1, len(entries) + 1))
    checked = await door(here).VerifyAudit(audit_pb2.VerifyAuditRequest(), **call)
    assert (checked.whole, checked.broken_at, checked.complete) == (True, 0, True)
    assert checked.entry_count == checked.last_position >= len(entries)
    again = audit_pb2.VerifyAuditRequest(after_position=checked.last_position)
    assert (await door(here).VerifyAudit(again, **call)).whole
    async with here.database.transaction() as tx:
        await tx.execute(delete(person_roles).where(person_roles.c.role == Role.OPERATOR))
