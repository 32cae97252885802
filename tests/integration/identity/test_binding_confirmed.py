"""A password proposes, a second call binds: whose it is, for how long, and once (R22, A8)."""

from __future__ import annotations

import asyncio
from datetime import date
from uuid import UUID

from sqlalchemy import insert, update

from school.access.v1.policy_pb2 import Role as WireRole
from school.identity.v1.binding_pb2 import DeclineBindingRequest, UnbindMyProfileRequest
from services.identity.accounts.storage import accounts
from services.identity.binding.storage import bindings
from services.identity.links.storage import link_transactions
from services.identity.people.rules import PersonStatus, Role
from services.identity.people.storage import people
from services.identity.schools.storage import classes, memberships, schools
from services.identity.sessions.rules import GRACE
from services.identity.sessions.storage import sessions
from services.kit.ids import new_id
from tests.support.clock import MovableClock
from tests.support.identity import DEADLINE, Doors, Town, bearer, reason, refused
from tests.support.newcomer import PERMANENT, TEMPORARY, Step, newcomer


async def test_nothing_is_bound_before_the_person_has_confirmed(here: Town, doors: Doors) -> None:
    """A8: a password names a person, role, school and class; that person binds, by a second call."""
    login, school = f"pupil-{here.snils()}", new_id()
    pupil = await here.register(
        "Королёв Пётр Олегович",
        login=login,
        password="a long enough one",
        roles={school: frozenset({Role.PUPIL})},
    )
    await _told_by_diary(here, school, pupil.person_id)
    browser_key = await doors.password_needed(here.citizen("Королёв Пётр Олегович", snils=None))

    proposed = await doors.propose(browser_key, login, "a long enough one")

    assert proposed.person_id == str(pupil.person_id)
    assert (proposed.name.surname, proposed.name.given_name) == ("Королёв", "Пётр")
    (role,) = proposed.roles
    assert (role.role, role.school_title, role.class_title) == (WireRole.ROLE_PUPIL, "Школа № 7", "5 «Б»")
    assert await here.rows(bindings, bindings.c.account_id == pupil.account_id) == []
    assert await here.rows(sessions, sessions.c.account_id == pupil.account_id) == []
    assert (await doors.confirm(browser_key, proposed.person_id)).bound_now


async def test_a_proposal_is_confirmed_once_by_its_own_browser_for_its_own_person(
    here: Town, doors: Doors, clock: MovableClock
) -> None:
    """A7, A8: another browser, another person, a second time later on: none binds, none enters."""
    login = f"parent-{here.snils()}"
    mother = await here.register(login=login, password="a long enough one")
    browser_key = await doors.password_needed(here.citizen(snils=None))
    await doors.propose(browser_key, login, "a long enough one")
    me = str(mother.person_id)

    other = (await doors.start()).browser_key
    assert await reason(doors.confirm(other, me)) == "SIGN_IN_UNKNOWN"
    assert await reason(doors.confirm(browser_key, str(new_id()))) == "SIGN_IN_UNKNOWN"
    assert (await doors.confirm(browser_key, me)).bound_now
    assert await reason(doors.confirm(other, me)) == "SIGN_IN_UNKNOWN"
    assert await reason(doors.confirm(browser_key, str(new_id()))) == "SIGN_IN_UNKNOWN"
    clock.move(seconds=GRACE.total_seconds() + 1)
    assert await reason(doors.confirm(browser_key, me)) == "SIGN_IN_UNKNOWN"
    assert len(await here.rows(sessions, sessions.c.account_id == mother.account_id)) == 1


async def test_a_confirmation_needs_a_proposal(here: Town, doors: Doors) -> None:
    """A8: who skips the page with the name binds nothing."""
    mother = await here.register(login=f"parent-{here.snils()}", password="a long enough one")
    browser_key = await doors.password_needed(here.citizen(snils=None))

    assert await reason(doors.confirm(browser_key, str(mother.person_id))) == "SIGN_IN_UNKNOWN"


async def test_a_proposal_waits_for_ten_minutes(here: Town, doors: Doors, clock: MovableClock) -> None:
    """A1."""
    login = f"parent-{here.snils()}"
    await here.register(login=login, password="a long enough one")
    browser_key = await doors.password_needed(here.citizen(snils=None))
    clock.move(minutes=9)
    proposed = await doors.propose(browser_key, login, "a long enough one")
    clock.move(minutes=10)

    assert await reason(doors.confirm(browser_key, proposed.person_id)) == "SIGN_IN_UNKNOWN"


async def test_pressing_the_button_shows_nobody_who_it_is(
    here: Town, doors: Doors, clock: MovableClock
) -> None:
    """A8: what asks for a recent proof counts from the password, not from the confirmation."""
    login = f"parent-{here.snils()}"
    await here.register(login=login, password="a long enough one")
    browser_key = await doors.password_needed(here.citizen(snils=None))
    proposed = await doors.propose(browser_key, login, "a long enough one")
    clock.move(minutes=6)

    session = (await doors.confirm(browser_key, proposed.person_id)).session

    unbinding = doors.binding.UnbindMyProfile(
        UnbindMyProfileRequest(), timeout=DEADLINE, metadata=bearer(session)
    )
    assert await reason(unbinding) == "STEP_UP_NEEDED"


async def test_a_proposal_of_an_account_that_changed_meanwhile_binds_nothing(
    here: Town, doors: Doors
) -> None:
    """A6: the password that proposed is not the password any more."""
    login = f"parent-{here.snils()}"
    mother = await here.register(login=login, password="a long enough one")
    browser_key = await doors.password_needed(here.citizen(snils=None))
    proposed = await doors.propose(browser_key, login, "a long enough one")
    async with here.database.transaction() as tx:
        await tx.execute(
            update(accounts)
            .where(accounts.c.id == mother.account_id)
            .values(password_hash="another", version=accounts.c.version + 1)
        )

    assert await reason(doors.confirm(browser_key, proposed.person_id)) == "SIGN_IN_UNKNOWN"
    assert await here.rows(bindings, bindings.c.account_id == mother.account_id) == []


async def test_a_person_blocked_after_the_proposal_is_not_bound(here: Town, doors: Doors) -> None:
    """A16: the status counts in the transaction that binds."""
    login = f"parent-{here.snils()}"
    mother = await here.register(login=login, password="a long enough one")
    browser_key = await doors.password_needed(here.citizen(snils=None))
    proposed = await doors.propose(browser_key, login, "a long enough one")
    async with here.database.transaction() as tx:
        await tx.execute(
            update(people).where(people.c.id == mother.person_id).values(status=PersonStatus.BLOCKED)
        )

    assert await reason(doors.confirm(browser_key, proposed.person_id)) == "ACCOUNT_BLOCKED"


async def test_this_is_not_me_ends_the_sign_in(here: Town, doors: Doors) -> None:
    """A8: neither confirmed nor tried with another password afterwards; the audit remembers."""
    login = f"parent-{here.snils()}"
    mother = await here.register(login=login, password="a long enough one")
    browser_key = await doors.password_needed(here.citizen(snils=None))
    proposed = await doors.propose(browser_key, login, "a long enough one")

    await doors.binding.DeclineBinding(DeclineBindingRequest(browser_key=browser_key), timeout=DEADLINE)

    assert await reason(doors.confirm(browser_key, proposed.person_id)) == "SIGN_IN_UNKNOWN"
    assert await reason(doors.propose(browser_key, login, "a long enough one")) == "SIGN_IN_UNKNOWN"
    assert await here.audited(mother.person_id) == [("decline_binding", None)]
    (link,) = await here.rows(link_transactions, link_transactions.c.person_id == mother.person_id)
    assert (link.stage, link.profile_box) == ("refused", None)


async def test_a_form_sent_twice_proposes_the_same_person_twice(here: Town, doors: Doors) -> None:
    """A9: a double press is no error."""
    login = f"parent-{here.snils()}"
    await here.register(login=login, password="a long enough one")
    browser_key = await doors.password_needed(here.citizen(snils=None))

    twice = await asyncio.gather(*(doors.propose(browser_key, login, "a long enough one") for _ in range(2)))

    assert len({proposed.person_id for proposed in twice}) == 1
    assert (await doors.confirm(browser_key, twice[0].person_id)).bound_now


async def test_an_account_that_was_never_activated_is_led_into_activation(here: Town) -> None:
    """R4: activate, then bind; the temporary password of a slip that somebody found binds nothing (A23)."""
    name = "Королёва Алёна Сергеевна"
    finder = await newcomer(here, name)
    browser_key = await here.doors.password_needed(here.citizen(name, snils=None))

    said = await refused(here.doors.propose(browser_key, finder.login, TEMPORARY))

    assert (said.reason, said.metadata) == ("ACCOUNT_NOT_ACTIVATED", {"next_step": "activate"})
    person = await finder.up_to(Step.ACTIVATION_STEP_DONE)
    assert (await here.doors.bind(browser_key, person.login, PERMANENT)).bound_now


async def _told_by_diary(here: Town, school_id: UUID, pupil_id: UUID) -> None:
    class_id, event = new_id(), new_id()
    async with here.database.transaction() as tx:
        await tx.execute(
            insert(schools).values(
                school_id=school_id, title="Школа № 7", zone="Europe/Moscow", version=1, source_event=event
            )
        )
        await tx.execute(
            insert(classes).values(
                class_id=class_id,
                school_id=school_id,
                title="5 «Б»",
                grade=5,
                version=1,
                source_event=event,
            )
        )
        await tx.execute(
            insert(memberships).values(
                membership_id=new_id(),
                class_id=class_id,
                school_id=school_id,
                pupil_id=pupil_id,
                valid_from=date(2020, 9, 1),
                version=1,
                source_event=event,
            )
        )
