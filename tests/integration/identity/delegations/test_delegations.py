"""R34: a trusted person is invited, accepts, and sees no longer than the right behind it lasts (A30)."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from uuid import UUID, uuid4

from sqlalchemy import update

from school.access.v1.scope_pb2 import SCOPE_ATTENDANCE, SCOPE_MARKS, SCOPE_UNSPECIFIED
from school.identity.v1 import delegations_pb2 as pb
from school.identity.v1 import events_pb2
from services.identity.delegations.storage import delegations
from services.identity.families.storage import relations
from tests.integration.identity.delegations.family import (
    SCOPES,
    events,
    family,
    letters,
    relate,
    somebody,
    token_for,
    trusting,
)
from tests.support.clock import MovableClock
from tests.support.identity import Town, reason, refused

ACCEPTED, ENDED = events_pb2.MESSAGE_KIND_TRUST_ACCEPTED, events_pb2.MESSAGE_KIND_TRUST_ENDED


async def test_an_invitation_goes_out_by_letter_and_is_accepted_once(here: Town) -> None:
    home, granny = await family(here), await somebody(here, "Ёлкина Вера Павловна")

    invited = await home.mother.invite(home.child.id)
    letter = (await letters(here, home.mother.id, events_pb2.MESSAGE_KIND_TRUST_INVITATION))[-1]
    token = letter["values"]["link"].rpartition("/")[2]
    before = await granny.look(token=token)
    after = await granny.accept(token=token)

    assert letter["to"] == "babushka@example.ru"
    assert letter["values"] == {"link": f"https://77.diary.test/trusted/invitation/{token}"}
    assert (before.pupil_name, before.pupil_id, before.grantor_name) == ("Пётр К.", "", "")
    assert (after.pupil_name, after.pupil_id) == ("Королёв Пётр Олегович", str(home.child.id))
    assert after.grantor_name == "Королёва Алёна Сергеевна"
    assert list(after.scopes) == SCOPES
    [granted] = await events(here, invited.delegation_id)
    assert granted == events_pb2.DelegationGranted(
        delegation_id=invited.delegation_id,
        trusted_id=str(granny.id),
        pupil_id=str(home.child.id),
        relation_id=str(home.relations[home.mother.id]),
        scopes=SCOPES,
        valid_from=granny.today().isoformat(),
        valid_until=after.valid_until,
        version=1,
    )
    assert await granny.accept(token=token) == after
    assert await reason((await somebody(here)).accept(token=token)) == "INVITATION_UNKNOWN"
    assert await reason(granny.look(token=token)) == "INVITATION_UNKNOWN"


async def test_of_twenty_at_once_one_accepts(here: Town) -> None:
    """R34: the link is single-use, whoever opens it."""
    home = await family(here)
    people = [await somebody(here) for _ in range(4)]
    invited = await home.mother.invite(home.child.id)
    token = await token_for(here, home.mother.id)

    outcomes = await asyncio.gather(
        *(people[number % 4].accept(token=token) for number in range(20)), return_exceptions=True
    )

    # The one who won may have asked five times, and was told the same each time.
    won = [one for one in outcomes if isinstance(one, pb.Trust)]
    assert 1 <= len(won) <= 5
    assert len({one.delegation_id for one in won}) == 1
    assert sum([bool((await person.trust()).held) for person in people]) == 1
    assert len(await events(here, invited.delegation_id)) == 1


async def test_of_accepting_and_taking_back_at_once_the_later_wins(here: Town) -> None:
    """Whatever the order: afterwards nobody sees anything, and what was granted was told to have ended."""
    home, granny = await family(here), await somebody(here)
    for _ in range(8):
        invited = await home.mother.invite(home.child.id)
        token = await token_for(here, home.mother.id)

        await asyncio.gather(
            granny.accept(token=token),
            home.father.withdraw(home.child.id, invited.delegation_id),
            return_exceptions=True,
        )

        told = await events(here, invited.delegation_id)
        assert [one.version for one in told] in ([], [1, 2])
        assert not (await granny.trust()).held
        assert (await home.mother.states(home.child.id))[0] == "WITHDRAWN"


async def test_whether_a_login_exists_is_not_told(here: Town) -> None:
    """A22: the same answer, the same list, and an account that is told."""
    home, granny = await family(here), await somebody(here)

    known = await home.mother.invite(home.child.id, login=granny.login.upper())
    unknown = await home.mother.invite(home.child.id, login="nobody-has-this")

    for one, invitee in ((known, granny.login), (unknown, "nobody-has-this")):
        assert (one.state, one.trusted_id, one.trusted_name) == (pb.DELEGATION_STATE_INVITED, "", "")
        assert one.invitee == invitee
    listed = (await home.mother.listed(home.child.id)).delegations
    assert [one.trusted_id for one in listed] == ["", ""]
    [waiting] = (await granny.trust()).invited
    assert (waiting.delegation_id, waiting.pupil_name) == (known.delegation_id, "Пётр К.")
    await granny.accept(delegation_id=known.delegation_id)
    [held] = (await granny.trust()).held
    assert held.pupil_name == "Королёв Пётр Олегович"


async def test_who_was_not_invited_cannot_answer(here: Town) -> None:
    """A34: neither by an id that is another's, nor by one of a letter."""
    home, granny, stranger = await family(here), await somebody(here), await somebody(here)
    by_login = await home.mother.invite(home.child.id, login=granny.login)
    by_letter = await home.mother.invite(home.child.id)

    for one in (by_login, by_letter):
        for call in (stranger.look, stranger.accept, stranger.refuse):
            assert await reason(call(delegation_id=one.delegation_id)) == "INVITATION_UNKNOWN"
    for key in ({}, {"token": ""}, {"token": "x" * 22}, {"delegation_id": str(uuid4())}):
        assert await reason(stranger.accept(**key)) == "INVITATION_UNKNOWN"
    assert await reason(stranger.leave(by_login.delegation_id)) == "UNKNOWN_DELEGATION"
    assert await reason(granny.leave(by_login.delegation_id)) == "UNKNOWN_DELEGATION"


async def test_a_refused_invitation_is_over(here: Town) -> None:
    home, granny = await family(here), await somebody(here)
    await home.mother.invite(home.child.id)
    token = await token_for(here, home.mother.id)

    await granny.refuse(token=token)

    assert await home.father.states(home.child.id) == ["REFUSED"]
    assert await reason(granny.accept(token=token)) == "INVITATION_UNKNOWN"


async def test_an_invitation_waits_a_week(here: Town, clock: MovableClock) -> None:
    home, granny = await family(here), await somebody(here)
    await home.mother.invite(home.child.id)
    token = await token_for(here, home.mother.id)

    clock.move(days=7)
    await granny.again()
    await home.mother.again()

    assert await reason(granny.accept(token=token)) == "INVITATION_UNKNOWN"
    assert await home.mother.states(home.child.id) == ["UNANSWERED"]


async def test_both_parents_see_whom_one_trusts_and_either_ends_it(here: Town) -> None:
    home, granny, delegation_id = await trusting(here)

    [seen] = (await home.father.listed(home.child.id)).delegations
    await home.father.withdraw(home.child.id, delegation_id)
    await home.father.withdraw(home.child.id, delegation_id)

    assert (seen.trusted_name, seen.grantor_name, seen.invitee) == (
        "Ёлкина Вера Павловна",
        "Королёва Алёна Сергеевна",
        "",
    )
    assert not (await granny.trust()).held
    granted, ended = await events(here, delegation_id)
    assert (granted.version, ended.version) == (1, 2)
    assert [action for action, _ in await here.audited(delegation_id)] == [
        "invite_trusted",
        "accept_trust",
        "withdraw_trust",
    ]


async def test_the_trusted_person_gives_up(here: Town) -> None:
    home, granny, delegation_id = await trusting(here)

    await granny.leave(delegation_id)
    await granny.leave(delegation_id)

    assert await home.mother.states(home.child.id) == ["LEFT"]
    assert [one.version for one in await events(here, delegation_id)] == [1, 2]


async def test_nobody_grants_what_they_do_not_have(here: Town) -> None:
    """A30, A34: strangers, the trusted themselves, a child, who once stood for them."""
    home, granny, _ = await trusting(here)
    stranger, former = await somebody(here), await somebody(here)
    await relate(here, former.id, home.child.id, until=former.today() - timedelta(days=1))

    for one in (stranger, granny, home.child, former):
        assert await reason(one.invite(home.child.id)) == "NOT_THEIR_CHILD"
        seen = "TOO_YOUNG_TO_SEE" if one is home.child else "NOT_THEIR_CHILD"
        assert await reason(one.listed(home.child.id)) == seen
        assert await reason(one.withdraw(home.child.id, str(uuid4()))) == "NOT_THEIR_CHILD"
    assert await reason(home.mother.invite(uuid4())) == "NOT_THEIR_CHILD"
    assert await reason(home.mother.invite(granny.id)) == "NOT_THEIR_CHILD"


async def test_another_childs_delegation_is_not_ended_by_its_id(here: Town) -> None:
    """A34."""
    home, _, delegation_id = await trusting(here)
    other = await family(here)

    assert await reason(other.mother.withdraw(other.child.id, delegation_id)) == "UNKNOWN_DELEGATION"
    assert await home.mother.states(home.child.id) == ["HOLDS"]


async def test_terms_and_scopes_that_cannot_be_are_refused(here: Town) -> None:
    until = (await somebody(here)).today() + timedelta(days=120)
    home = await family(here, until=until)
    child, today = home.child.id, home.mother.today()

    for last in (until + timedelta(days=1), today - timedelta(days=1)):
        told = await refused(home.mother.invite(child, valid_until=last.isoformat()))
        assert (told.reason, told.metadata["latest"]) == ("BAD_TRUST_TERM", until.isoformat())
    in_two_years = (today + timedelta(days=730)).isoformat()
    assert await reason(home.father.invite(child, valid_until=in_two_years)) == "BAD_TRUST_TERM"
    assert await reason(home.mother.invite(child, scopes=[])) == "BAD_SCOPES"
    assert await reason(home.mother.invite(child, scopes=[SCOPE_MARKS, SCOPE_UNSPECIFIED])) == "BAD_SCOPES"
    assert await reason(home.mother.invite(child, scopes=[7])) == "BAD_SCOPES"
    assert await reason(home.mother.invite(child, email="nobody")) == "BAD_EMAIL"
    for login in (" ", "x" * 65, "a\x00b"):
        assert await reason(home.mother.invite(child, login=login)) == "BAD_INVITEE"
    assert (await home.mother.listed(child)).latest_until == until.isoformat()
    longest = await home.mother.invite(child, valid_until=until.isoformat(), scopes=[SCOPE_ATTENDANCE])
    assert longest.valid_until == until.isoformat()


async def test_parents_and_the_child_need_no_trust(here: Town) -> None:
    home = await family(here)
    await home.mother.invite(home.child.id)
    token = await token_for(here, home.mother.id)

    for one in (home.mother, home.father, home.child):
        assert await reason(one.accept(token=token)) == "SEES_ALREADY"
    assert await home.mother.states(home.child.id) == ["INVITED"]


async def test_a_teenager_sees_whom_the_family_trusts_and_ends_nothing(here: Town) -> None:
    """From 14 the pupil's own right to know; R40: not to choose who watches."""
    home, granny, delegation_id = await trusting(here, age=15)

    told = await home.child.listed(home.child.id)

    assert [one.trusted_name for one in told.delegations] == ["Ёлкина Вера Павловна"]
    assert not told.can_invite
    assert not told.can_withdraw
    assert await reason(home.child.withdraw(home.child.id, delegation_id)) == "NOT_THEIR_CHILD"
    assert (await granny.trust()).held


async def test_from_18_the_pupil_alone_decides_and_may_let_a_parent_see(here: Town) -> None:
    home = await family(here, age=18)

    assert await reason(home.mother.listed(home.child.id)) == "NOT_THEIR_CHILD"
    invited = await home.child.invite(home.child.id, login=home.mother.login)
    async with here.database.transaction() as tx:
        await tx.execute(
            update(relations)
            .where(relations.c.pupil_id == home.child.id)
            .values(valid_until=home.child.today() - timedelta(days=1), valid_from=home.child.today())
            .values(valid_from=home.child.today() - timedelta(days=9))
        )
    await home.mother.accept(delegation_id=invited.delegation_id)

    [granted] = await events(here, invited.delegation_id)
    assert granted.relation_id == ""
    await home.child.withdraw(home.child.id, invited.delegation_id)
    assert not (await home.mother.trust()).held


async def test_there_is_an_end_to_how_many_are_trusted_and_invited(here: Town) -> None:
    home = await family(here)
    for number in range(10):
        await home.mother.invite(home.child.id, email=f"person{number}@example.ru")

    assert await reason(home.father.invite(home.child.id)) == "TOO_MANY_DELEGATIONS"
    for one in (await home.father.listed(home.child.id)).delegations:
        await home.father.withdraw(home.child.id, one.delegation_id)
    assert await reason(home.mother.invite(home.child.id)) == "TOO_MANY_INVITATIONS"
    assert (await home.father.invite(home.child.id)).state == pb.DELEGATION_STATE_INVITED


async def test_the_same_request_again_invites_once(here: Town) -> None:
    home = await family(here)

    replies = await asyncio.gather(*(home.mother.invite(home.child.id, request_id="one") for _ in range(5)))

    assert len({one.delegation_id for one in replies}) == 1
    assert len(await letters(here, home.mother.id, events_pb2.MESSAGE_KIND_TRUST_INVITATION)) == 1
    assert await reason(home.mother.invite(home.child.id, request_id="one", email="other@example.ru")) == (
        "REQUEST_ID_REUSED"
    )


async def test_inviting_asks_once_more_who_one_is(here: Town, clock: MovableClock) -> None:
    home = await family(here)
    clock.move(minutes=6)
    home.mother.session = await here.doors.refresh(home.mother.session.refresh_token)

    assert await reason(home.mother.invite(home.child.id)) == "STEP_UP_NEEDED"


async def test_an_address_and_a_token_lie_nowhere_in_clear(here: Town) -> None:
    home = await family(here)
    invited = await home.mother.invite(home.child.id, email="very.private@example.ru")
    token = await token_for(here, home.mother.id)

    [row] = await here.rows(delegations, delegations.c.id == UUID(invited.delegation_id))

    assert b"private" not in bytes(row.invitee_box)
    assert token not in str(row)
    assert len(row.token_digest) == 32


async def test_whose_address_it_was_is_forgotten_once_they_have_accepted(here: Town) -> None:
    """Their name says who it is."""
    home, _, _ = await trusting(here)

    [accepted] = (await home.mother.listed(home.child.id)).delegations

    assert (accepted.invitee, accepted.trusted_name) == ("", "Ёлкина Вера Павловна")


async def test_invitations_that_came_to_nothing_are_forgotten_after_a_year(
    here: Town, clock: MovableClock
) -> None:
    home, _, delegation_id = await trusting(here)
    unanswered = await home.mother.invite(home.child.id)

    clock.move(days=373)
    await here.sweep()

    assert not await here.rows(delegations, delegations.c.id == UUID(unanswered.delegation_id))
    assert await here.rows(delegations, delegations.c.id == UUID(delegation_id))
