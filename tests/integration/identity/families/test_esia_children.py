"""Children whom ESIA names, held against the register; at once, or by the school's word."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import pytest

from deploy.local import ports
from deploy.local.esia.people import Kid
from deploy.local.esia.people import Person as Citizen
from school.identity.v1 import esia_children_pb2 as pb
from school.identity.v1 import esia_children_pb2_grpc, sessions_pb2
from services.identity.esia_children.rules import KidsPolicy, confirms_at_once
from services.identity.esia_children.storage import child_searches, relation_proposals
from services.identity.families.storage import relations
from services.identity.people.rules import Role
from tests.integration.identity.families.conftest import open_school
from tests.integration.identity.families.family import School, born_years_ago, children, guardians
from tests.support.backbone import Databases
from tests.support.clock import MovableClock
from tests.support.esia import RETURN_TO, bench
from tests.support.identity import DEADLINE, Doors, Registered, Town, bearer, reason, town
from tests.support.keys import make_keys

BACK = "https://77.diary.test/family/esia"
CHILD = "Королёв Пётр Олегович"
ADDED, KNOWN, PROPOSED, NOT_FOUND, ASK_SCHOOL = (
    pb.CHILD_OUTCOME_ADDED,
    pb.CHILD_OUTCOME_KNOWN,
    pb.CHILD_OUTCOME_PROPOSED,
    pb.CHILD_OUTCOME_NOT_FOUND,
    pb.CHILD_OUTCOME_ASK_SCHOOL,
)


@pytest.fixture(scope="module")
async def asking_town(
    databases: Databases, the_clock: MovableClock, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Town]:
    """A region that lets ESIA and register together confirm."""
    folder = tmp_path_factory.mktemp("asking")
    system: dict[str, Any] = {"redirect_uris": (RETURN_TO, BACK)}
    async with (
        bench(tmp_path_factory.mktemp("esia-of-children"), kind="RSA", people=(), **system) as ready,
        town(
            folder,
            ready,
            make_keys(folder),
            database_url=await databases.fresh("identity"),
            nats_url=f"nats://127.0.0.1:{ports.any_free()}",
            clock=the_clock,
            esia_kids="confirm",
        ) as running,
    ):
        yield running


@dataclass
class Parent:
    """A guardian whose account at ESIA has a child in it, signed in through ESIA."""

    here: Town
    registered: Registered
    citizen: Citizen
    session: sessions_pb2.Session

    @property
    def stub(self) -> esia_children_pb2_grpc.EsiaChildrenServiceAsyncStub:
        return esia_children_pb2_grpc.EsiaChildrenServiceStub(self.here.doors.channel)

    async def start(self) -> str:
        """Press the button; where the browser goes."""
        reply = await self.stub.StartChildSearch(
            pb.StartChildSearchRequest(), timeout=DEADLINE, metadata=bearer(self.session)
        )
        return reply.authorization_url

    async def at_esia(self, url: str, *, decision: str = "provide") -> pb.CompleteChildSearchRequest:
        """Consent there; what the redirect brings."""
        async with self.here.bench.browser() as browser:
            answer = await browser.sign_in(url, self.citizen, decision=decision, back_to=BACK)
        return pb.CompleteChildSearchRequest(**answer)

    async def complete(self, request: pb.CompleteChildSearchRequest) -> list[tuple[str, int]]:
        """Come back; what became of each child."""
        reply = await self.stub.CompleteChildSearch(request, timeout=DEADLINE, metadata=bearer(self.session))
        return [(child.given_name, child.outcome) for child in reply.children]

    async def find(self) -> list[int]:
        """All of it."""
        return [outcome for _, outcome in await self.complete(await self.at_esia(await self.start()))]

    async def waiting(self) -> list[str]:
        """The given names of whom the parent waits for."""
        reply = await self.stub.ListMyProposals(
            pb.ListMyProposalsRequest(), timeout=DEADLINE, metadata=bearer(self.session)
        )
        assert reply.can_search
        return [proposal.pupil_name.given_name for proposal in reply.proposals]


def kid(born: date, snils: str, name: str = CHILD) -> Kid:
    """A child as ESIA has it."""
    surname, given_name, patronymic = name.split(" ", 2)
    return Kid(
        id=7, surname=surname, given_name=given_name, patronymic=patronymic, birth_date=born, snils=snils
    )


async def parent_of(school: School, *kids: Kid, registered_here: bool = True) -> Parent:
    """Somebody whose account at ESIA has these children in it."""
    here, snils = school.here, school.here.snils()
    role = frozenset({Role.GUARDIAN if registered_here else Role.TEACHER})
    registered = await here.register(snils=snils, roles={school.id: role})
    citizen = here.citizen(snils=snils).model_copy(update={"kids": kids})
    known = here.bench.stand.people
    known._by_login[citizen.login] = known._by_oid[citizen.oid] = citizen
    return Parent(here, registered, citizen, (await here.doors.enter(citizen)).session)


@pytest.fixture
async def asking_school(asking_town: Town) -> School:
    """A school of that region."""
    return await open_school(asking_town, asking_town.doors)


async def pupil_of(school: School) -> tuple[Registered, Kid]:
    """A pupil, and the same child as ESIA has it."""
    born, snils = born_years_ago(9, school.today), school.here.snils()
    return await school.pupil(CHILD, birth_date=born, snils=snils), kid(born, snils)


async def test_esia_and_the_school_together_make_a_relation(asking_school: School) -> None:
    school = asking_school
    pupil, child = await pupil_of(school)
    parent = await parent_of(school, child)

    assert await parent.find() == [ADDED]
    assert await parent.find() == [KNOWN]

    assert await children(school.doors, parent.session) == ["Пётр"]
    [seen] = (await guardians(school.doors, parent.session, pupil)).guardians
    assert seen.basis == 3, "by the word of ESIA"


async def test_whom_the_school_does_not_know_as_a_guardian_is_proposed_to_it(asking_school: School) -> None:
    """And proposed once; accepted, the diary opens."""
    school = asking_school
    pupil, child = await pupil_of(school)
    parent = await parent_of(school, child, registered_here=False)

    assert await parent.find() == [PROPOSED]
    assert await parent.find() == [PROPOSED]
    assert await children(school.doors, parent.session) == []
    assert await parent.waiting() == ["Пётр"]
    [proposal] = await waiting_at(school)
    assert (proposal.guardian_name.given_name, proposal.pupil_id) == ("Алёна", str(pupil.person_id))
    await asyncio.gather(*(accept(school, proposal) for _ in range(6)))

    assert await children(school.doors, parent.session) == ["Пётр"]
    assert await waiting_at(school) == await parent.waiting() == []
    assert await reason(refuse(school, proposal)) == "PROPOSAL_DECIDED"


async def test_a_refused_proposal_opens_nothing_and_may_be_made_again(asking_school: School) -> None:
    school = asking_school
    _, child = await pupil_of(school)
    parent = await parent_of(school, child, registered_here=False)
    await parent.find()
    [proposal] = await waiting_at(school)

    assert await reason(refuse(school, proposal, " ")) == "WHY_NEEDED"
    await refuse(school, proposal)
    await refuse(school, proposal)

    assert await children(school.doors, parent.session) == []
    assert await reason(accept(school, proposal)) == "PROPOSAL_DECIDED"
    assert await parent.find() == [PROPOSED]
    [row] = await school.here.rows(
        relation_proposals,
        relation_proposals.c.decided_by.is_not(None),
        relation_proposals.c.guardian_id == parent.registered.person_id,
    )
    assert row.reason == "Нет документов"


async def test_nobody_is_found_unless_all_of_it_agrees(asking_school: School) -> None:
    """A11-A13: another name, birth date or SNILS, or none of it told, finds nobody."""
    school = asking_school
    pupil, child = await pupil_of(school)
    others = [
        child.model_copy(update={"given_name": "Павел"}),
        child.model_copy(
            update={"birth_date": child.birth_date.replace(year=2001)} if child.birth_date else {}
        ),
        child.model_copy(update={"snils": school.here.snils()}),
        child.model_copy(update={"snils": None}),
        child.model_copy(update={"birth_date": None}),
    ]
    parent = await parent_of(school, *others)

    assert await parent.find() == [NOT_FOUND] * 5
    assert await school.here.rows(relations, relations.c.pupil_id == pupil.person_id) == []


async def test_two_who_claim_one_snils_are_nobodys_child(asking_school: School) -> None:
    """A12, A32."""
    school = asking_school
    born, snils = born_years_ago(9, school.today), school.here.snils()
    for _ in range(2):
        await school.pupil(CHILD, birth_date=born, snils=snils, disputed=True)
    parent = await parent_of(school, kid(born, snils))

    assert await parent.find() == [NOT_FOUND]


async def test_neither_a_courts_limit_nor_an_end_is_undone_by_esia(asking_school: School) -> None:
    """A30."""
    school = asking_school
    pupil, child = await pupil_of(school)
    other, other_child = await pupil_of(school)
    parent = await parent_of(school, child, other_child)
    await school.limit(parent.registered, pupil)
    await school.end((await school.relate(parent.registered, other)).relation_id)

    assert await parent.find() == [ASK_SCHOOL, PROPOSED]
    assert await children(school.doors, parent.session) == []


async def test_a_state_is_good_once_and_in_its_own_session(asking_school: School) -> None:
    """A1, A2."""
    school = asking_school
    _, child = await pupil_of(school)
    parent, other = await parent_of(school, child), await parent_of(school)
    request = await parent.at_esia(await parent.start())

    assert await reason(other.complete(request)) == "SIGN_IN_UNKNOWN"
    assert await parent.complete(request) == [("Пётр", ADDED)]
    assert await reason(parent.complete(request)) == "SIGN_IN_UNKNOWN"
    late = await parent.at_esia(await parent.start())
    school.here.clock.move(minutes=11)  # type: ignore[attr-defined]
    renewed = replace(parent, session=await school.doors.refresh(parent.session.refresh_token))
    assert await reason(renewed.complete(late)) == "SIGN_IN_UNKNOWN"
    await school.here.sweep()
    assert (
        await school.here.rows(child_searches, child_searches.c.person_id == parent.registered.person_id)
        == []
    )


async def test_another_profile_at_esia_brings_nobody(asking_school: School) -> None:
    """A3, A8: the mother's session, the neighbour's Gosuslugi."""
    school = asking_school
    _, child = await pupil_of(school)
    parent, neighbour = await parent_of(school), await parent_of(school, child)

    request = await replace(parent, citizen=neighbour.citizen).at_esia(await parent.start())

    assert await reason(parent.complete(request)) == "BOUND_TO_ANOTHER_PROFILE"
    assert await children(school.doors, parent.session) == []


async def test_a_refused_consent_is_told(asking_school: School) -> None:
    parent = await parent_of(asking_school)

    request = await parent.at_esia(await parent.start(), decision="refuse")

    assert await reason(parent.complete(request)) == "ESIA_REFUSED"


async def test_only_the_schools_own_registrar_decides(asking_school: School, asking_town: Town) -> None:
    """A34."""
    school, other = asking_school, await open_school(asking_town, asking_town.doors)
    _, child = await pupil_of(school)
    parent = await parent_of(school, child, registered_here=False)
    await parent.find()
    [proposal] = await waiting_at(school)

    assert await reason(accept(other, proposal)) == "UNKNOWN_PROPOSAL"
    assert await reason(refuse(other, proposal)) == "UNKNOWN_PROPOSAL"
    foreign = replace(other, registrar=parent.session)
    assert await reason(waiting_at(foreign)) == "ROLE_NEEDED"


async def test_a_school_that_the_pupil_has_left_lets_nobody_in(asking_school: School) -> None:
    """A34: what waits from before may be refused there, and no more."""
    school = asking_school
    pupil, child = await pupil_of(school)
    parent = await parent_of(school, child, registered_here=False)
    await parent.find()
    [proposal] = await waiting_at(school)
    await school.leave(pupil)

    assert await reason(accept(school, proposal)) == "PUPIL_LEFT"
    assert await children(school.doors, parent.session) == []
    await refuse(school, proposal)
    assert await parent.waiting() == []


async def test_what_waits_at_a_school_that_the_pupil_has_left_goes_to_the_next_one(
    asking_school: School,
) -> None:
    """Once the guardian asks again; the former school has it no more."""
    school = asking_school
    pupil, child = await pupil_of(school)
    parent = await parent_of(school, child, registered_here=False)
    next_school = await open_school(school.here, school.doors)
    await parent.find()
    await parent.find()
    [waits] = await waiting_at(school)
    await school.leave(pupil)
    await next_school.take(pupil)

    await parent.find()

    assert await waiting_at(school) == []
    [there] = await waiting_at(next_school)
    assert there.proposal_id == waits.proposal_id
    await accept(next_school, there)
    assert await children(school.doors, parent.session) == ["Пётр"]


async def test_letting_in_whom_esia_named_asks_the_registrar_who_they_are(
    asking_school: School, clock: MovableClock
) -> None:
    """A8: refusing does not."""
    school = asking_school
    _, child = await pupil_of(school)
    parent = await parent_of(school, child, registered_here=False)
    await parent.find()
    [proposal] = await waiting_at(school)
    clock.move(minutes=6)
    await school.works_on()

    assert await reason(accept(school, proposal)) == "STEP_UP_NEEDED"
    await refuse(school, proposal)


async def test_a_region_that_does_not_ask_says_so(here: Town, doors: Doors, school: School) -> None:
    """By default nobody is asked."""
    _, session = await school.parent()
    stub = esia_children_pb2_grpc.EsiaChildrenServiceStub(doors.channel)
    mine = await stub.ListMyProposals(pb.ListMyProposalsRequest(), timeout=DEADLINE, metadata=bearer(session))

    assert not mine.can_search
    call = stub.StartChildSearch(pb.StartChildSearchRequest(), timeout=DEADLINE, metadata=bearer(session))
    assert await reason(call) == "ESIA_CHILDREN_CLOSED"


@pytest.mark.parametrize("policy", KidsPolicy)
@pytest.mark.parametrize("registered_here", [True, False])
@pytest.mark.parametrize("related_before", [True, False])
def test_esia_alone_is_never_enough(policy: KidsPolicy, registered_here: bool, related_before: bool) -> None:
    at_once = confirms_at_once(policy, registered_here=registered_here, related_before=related_before)

    assert at_once is (policy is KidsPolicy.CONFIRM and registered_here and not related_before)


async def waiting_at(school: School) -> list[pb.RelationProposal]:
    """What the registrar has to look at."""
    stub = esia_children_pb2_grpc.EsiaChildrenServiceStub(school.doors.channel)
    request = pb.ListSchoolProposalsRequest(school_id=str(school.id))
    reply = await stub.ListSchoolProposals(request, timeout=DEADLINE, metadata=bearer(school.registrar))
    return list(reply.proposals)


async def accept(school: School, proposal: pb.RelationProposal) -> None:
    """The registrar agrees."""
    stub = esia_children_pb2_grpc.EsiaChildrenServiceStub(school.doors.channel)
    request = pb.AcceptProposalRequest(school_id=str(school.id), proposal_id=proposal.proposal_id)
    await stub.AcceptProposal(request, timeout=DEADLINE, metadata=bearer(school.registrar))


async def refuse(school: School, proposal: pb.RelationProposal, why: str = "Нет документов") -> None:
    """The registrar does not."""
    stub = esia_children_pb2_grpc.EsiaChildrenServiceStub(school.doors.channel)
    request = pb.RefuseProposalRequest(school_id=str(school.id), proposal_id=proposal.proposal_id, reason=why)
    await stub.RefuseProposal(request, timeout=DEADLINE, metadata=bearer(school.registrar))
