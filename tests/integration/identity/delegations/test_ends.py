"""A30: what somebody was trusted with ends with the right behind it, whatever ends that."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import update

from school.identity.v1 import corrections_pb2, corrections_pb2_grpc, events_pb2, families_pb2
from services.identity.families.storage import relations
from services.identity.people.rules import PersonStatus, Role
from services.identity.people.storage import people, person_roles
from tests.integration.identity.delegations.family import (
    Family,
    Somebody,
    events,
    family,
    somebody,
    token_for,
    trusting,
)
from tests.support.clock import MovableClock
from tests.support.identity import DEADLINE, Town, bearer, reason

ACCEPTED, ENDED = events_pb2.MESSAGE_KIND_TRUST_ACCEPTED, events_pb2.MESSAGE_KIND_TRUST_ENDED


async def test_what_was_granted_ends_with_the_relation_it_came_from(here: Town) -> None:
    """A30: at once, told in the same transaction; the other parent's delegations stay."""
    home, granny, delegation_id = await trusting(here)
    await home.father.invite(home.child.id)
    await granny.accept(token=await token_for(here, home.father.id))
    registrar = await _registrar_of(here, home.child.id)

    await here.doors.families.EndRelation(
        families_pb2.EndRelationRequest(
            school_id=registrar[0], relation_id=str(home.relations[home.mother.id]), reason="court"
        ),
        timeout=DEADLINE,
        metadata=bearer(registrar[1].session),
    )

    assert [type(one).__name__ for one in await events(here, delegation_id)] == [
        "DelegationGranted",
        "DelegationEnded",
    ]
    assert await home.father.states(home.child.id) == ["HOLDS", "LAPSED"]
    assert len((await granny.trust()).held) == 1
    assert await reason(home.mother.listed(home.child.id)) == "NOT_THEIR_CHILD"


async def test_what_was_granted_ends_when_a_court_forbids_the_guardian_contacts(here: Town) -> None:
    """A30: the guardian reads on, lets nobody in, and sees nobody whom the other parent lets in."""
    home, granny, delegation_id = await trusting(here)
    [place] = await here.rows(person_roles, person_roles.c.person_id == home.child.id)
    school_id = str(place.school_id)
    registrar = await somebody(here, roles={place.school_id: frozenset({Role.REGISTRAR})})
    limit = families_pb2.PlaceCourtLimitRequest(
        school_id=school_id,
        guardian_id=str(home.mother.id),
        pupil_id=str(home.child.id),
        kind=families_pb2.COURT_LIMIT_KIND_NO_CONTACTS,
        document="Решение суда № 2-118/2026",
        valid_from=here.clock.now().date().isoformat(),
    )

    await here.doors.families.PlaceCourtLimit(limit, timeout=DEADLINE, metadata=bearer(registrar.session))

    assert [type(one).__name__ for one in await events(here, delegation_id)] == [
        "DelegationGranted",
        "DelegationEnded",
    ]
    assert list((await granny.trust()).held) == []
    assert await reason(home.mother.invite(home.child.id)) == "NOT_THEIR_CHILD"
    assert await reason(home.mother.listed(home.child.id)) == "NOT_THEIR_CHILD"
    await home.father.invite(home.child.id)


async def test_what_a_pupil_of_age_granted_ends_when_they_turn_out_to_be_a_child(here: Town) -> None:
    """A30: for a child the guardians decide; the register had the wrong birth date."""
    home, granny = await family(here, age=18), await somebody(here, "Ёлкина Вера Павловна")
    invited = await home.child.invite(home.child.id, login=granny.login)
    await granny.accept(delegation_id=invited.delegation_id)
    [place] = await here.rows(person_roles, person_roles.c.person_id == home.child.id)
    registrar = await somebody(here, roles={place.school_id: frozenset({Role.REGISTRAR})})
    corrections = corrections_pb2_grpc.CorrectionsServiceStub(here.doors.channel)
    right = home.child.today() - timedelta(days=365 * 15)
    asked = await corrections.RequestCorrection(
        corrections_pb2.RequestCorrectionRequest(
            request_id="one",
            field=corrections_pb2.CORRECTABLE_FIELD_BIRTH_DATE,
            right_value=right.isoformat(),
        ),
        timeout=DEADLINE,
        metadata=bearer(home.child.session),
    )

    await corrections.AcceptCorrection(
        corrections_pb2.AcceptCorrectionRequest(
            school_id=str(place.school_id), correction_id=asked.correction.correction_id
        ),
        timeout=DEADLINE,
        metadata=bearer(registrar.session),
    )

    assert [type(one).__name__ for one in await events(here, invited.delegation_id)] == [
        "DelegationGranted",
        "DelegationEnded",
    ]
    assert list((await granny.trust()).held) == []


async def test_a_relation_whose_days_are_over_leaves_nothing_to_its_trusted_persons(
    here: Town, clock: MovableClock
) -> None:
    """A30: also without anybody ending anything, and also when the end came nearer afterwards."""
    home, granny, _ = await trusting(here)
    other = await home.mother.invite(home.child.id, login=(late := await somebody(here)).login)
    async with here.database.transaction() as tx:
        await tx.execute(
            update(relations)
            .where(relations.c.id == home.relations[home.mother.id])
            .values(valid_until=granny.today())
        )

    clock.move(days=1)
    for one in (granny, late, home.father):
        await one.again()

    assert not (await granny.trust()).held
    assert await home.father.states(home.child.id) == ["LAPSED", "LAPSED"]
    assert await reason(late.accept(delegation_id=other.delegation_id)) == "INVITATION_UNKNOWN"


async def _registrar_of(here: Town, pupil_id: UUID) -> tuple[str, Somebody]:
    """The school where the pupil studies looks after the family, whichever has registered it."""
    [place] = await here.rows(person_roles, person_roles.c.person_id == pupil_id)
    registrar = await somebody(here, roles={place.school_id: frozenset({Role.REGISTRAR})})
    return str(place.school_id), registrar


@pytest.mark.parametrize("who", ["mother", "granny"])
async def test_an_erased_account_leaves_no_trust_behind(here: Town, clock: MovableClock, who: str) -> None:
    assert here.inside is not None
    home, granny, delegation_id = await trusting(here)
    leaver = {"mother": home.mother, "granny": granny}[who]
    async with here.database.transaction() as tx:
        await here.inside.use_cases.privacy.own_data.close(tx, leaver.id, by=leaver.id)

    clock.move(days=4)
    while await here.inside.use_cases.privacy.own_data.erase_due():
        pass
    await home.father.again()

    assert await home.father.states(home.child.id) == ["LAPSED" if who == "mother" else "LEFT"]
    assert [one.version for one in await events(here, delegation_id)] == [1, 2]


async def limit(here: Town, home: Family, person: UUID) -> None:
    """A court forbids somebody the child."""
    school_id, registrar = await _registrar_of(here, home.child.id)
    await here.doors.families.PlaceCourtLimit(
        families_pb2.PlaceCourtLimitRequest(
            school_id=school_id,
            guardian_id=str(person),
            pupil_id=str(home.child.id),
            kind=families_pb2.COURT_LIMIT_KIND_NO_ACCESS,
            document="2-123/2026",
            valid_from=home.mother.today().isoformat(),
        ),
        timeout=DEADLINE,
        metadata=bearer(registrar.session),
    )


async def test_nobody_is_trusted_past_a_court(here: Town) -> None:
    """A30: what they were trusted with ends with the decision, and no invitation opens it again."""
    home, granny, delegation_id = await trusting(here)
    await limit(here, home, granny.id)

    assert not (await granny.trust()).held
    assert [one.version for one in await events(here, delegation_id)] == [1, 2]
    again = await home.father.invite(home.child.id, login=granny.login)
    assert await reason(granny.accept(delegation_id=again.delegation_id)) == "COURT_FORBIDS"


async def test_what_a_guardian_granted_ends_when_a_court_limits_them(here: Town) -> None:
    """A30: in the transaction that enters the decision."""
    home, granny, delegation_id = await trusting(here)
    await limit(here, home, home.mother.id)

    assert not (await granny.trust()).held
    assert [one.version for one in await events(here, delegation_id)] == [1, 2]
    assert await reason(home.mother.invite(home.child.id)) == "NOT_THEIR_CHILD"
    assert await home.father.states(home.child.id) == ["LAPSED"]


async def test_whoever_has_left_school_lets_in_nobody_new_and_puts_out_whom_they_trust(here: Town) -> None:
    home, granny, delegation_id = await trusting(here)
    async with here.database.transaction() as tx:
        await tx.execute(update(people).where(people.c.id == home.child.id).values(status=PersonStatus.LEFT))

    assert await reason(home.mother.invite(home.child.id)) == "NOT_THEIR_CHILD"
    await home.father.withdraw(home.child.id, delegation_id)

    assert not (await granny.trust()).held
