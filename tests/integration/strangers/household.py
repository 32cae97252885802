"""A school with one family in it, known to all three services, and the ids of everything that is theirs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from uuid import UUID

import grpc
from sqlalchemy import insert

from school.access.v1 import policy_pb2, scope_pb2
from school.identity.v1 import (
    account_requests_pb2,
    consents_pb2,
    consents_pb2_grpc,
    corrections_pb2,
    corrections_pb2_grpc,
    delegations_pb2,
    delegations_pb2_grpc,
    issuing_pb2,
    people_pb2,
)
from services.identity.app import Identity
from services.identity.cases.storage.tables import case_people
from services.identity.esia_children.storage import relation_proposals
from services.identity.families.storage import relations
from services.identity.families.storage.limits import court_limits
from services.identity.people.rules import FullName, Role
from services.identity.people.storage import person as person_by_id
from services.identity.schools.storage import memberships
from services.identity.sessions.rules import Door
from services.identity.sessions.storage import sessions
from services.identity.sessions.usecases import SignedIn
from services.kit.database import Database
from services.kit.ids import new_id
from services.notifications.inbox.storage import notices
from tests.integration.diary.school import WEDNESDAY, School
from tests.integration.identity.issuing.jobs import ended, start
from tests.integration.identity.issuing.office import Metadata, Office
from tests.support.identity import DEADLINE, Registered, Town
from tests.support.profiles import a_profile, come

# Old enough for an account of their own.
BORN = date(2010, 3, 4)
PASSWORD = "Синий-трамвай-уехал-41"


@dataclass
class Household:
    """One family, the school it belongs to, and what each service keeps of both."""

    office: Office
    school: School
    surname: str
    snils: str
    pupil: Registered
    guardian: Registered
    administrator: Registered
    ids: dict[str, str] = field(default_factory=dict)
    """What a field of this name in a request means: ``lesson_id`` is one of theirs."""

    @property
    def words(self) -> frozenset[str]:
        """What only a reply about them can hold, and only their rows."""
        public = self.ids.get("text_id", "")
        return frozenset(self.ids.values()) - {public} | {self.surname}


async def session_of(
    identity: Identity, who: Registered, door: Door = Door.ESIA
) -> tuple[Metadata, policy_pb2.Pending.ValueType]:
    """Let somebody in, as their account stands: what a call carries, and what the session owes."""
    async with identity.database.transaction() as tx:
        person = await person_by_id(tx.connection, who.person_id)
        assert person is not None
        tokens = await identity.use_cases.proof.sessions.begin(tx, who.account_id, person, door)
    return (("authorization", f"Bearer {tokens.access}"),), tokens.pending


async def settle(
    office: Office, diary: Database, notifications: Database, *, surname: str, founded: School | None = None
) -> Household:
    """A family at a school: a pupil of 7Б, or of another class of a school that is there already.

    Args:
        office: the school in identity, with the class and its homeroom teacher.
        diary: its database.
        notifications: its database.
        surname: nobody else's.
        founded: the school in the diary, where there is one already.
    """
    town, snils = office.town, office.town.snils()
    pupil = await town.register(
        f"{surname} Пётр Ильич",
        birth_date=BORN,
        snils=snils,
        roles={office.school_id: frozenset({Role.PUPIL})},
    )
    await _enrol(office, pupil)
    guardian = await office.guardian_of(pupil, name=f"{surname} Мария Олеговна")
    administrator = await town.register(
        "Строгова Инна",
        roles={office.school_id: frozenset({Role.SCHOOL_ADMINISTRATOR})},
        login=_login(snils),
        password=PASSWORD,
    )
    school = School(
        diary, school_id=office.school_id, class_id=office.class_id, teacher_id=office.teacher.person_id
    )
    if founded is not None:
        school.year_id, school.subject_id = founded.year_id, founded.subject_id
    household = Household(office, school, surname, snils, pupil, guardian, administrator)
    household.ids |= {
        "school_id": str(office.school_id),
        "class_id": str(office.class_id),
        "person_id": str(pupil.person_id),
        "pupil_id": str(pupil.person_id),
        "subject_id": str(pupil.person_id),
        "guardian_id": str(guardian.person_id),
    }
    household.ids |= await _in_identity(household)
    household.ids |= {"lesson_id": str(await _in_the_diary(household, founded=founded is not None))}
    notice = str(await _in_notifications(household, notifications))
    household.ids |= {"up_to_notice_id": notice, "after_notice_id": notice}
    return household


def _login(snils: str) -> str:
    return f"administrator-{snils}"


async def _enrol(office: Office, pupil: Registered, class_id: UUID | None = None) -> None:
    await office.write(
        memberships,
        membership_id=new_id(),
        class_id=class_id or office.class_id,
        school_id=office.school_id,
        pupil_id=pupil.person_id,
        valid_from=date(2025, 9, 1),
    )


async def _in_identity(household: Household) -> Mapping[str, str]:
    """A relation, a limit, a session, a consent, a correction, a request for an account, a class issue."""
    office = household.office
    town, identity = office.town, office.town.inside
    assert identity is not None
    [relation] = await town.rows(relations, relations.c.guardian_id == household.guardian.person_id)
    by_guardian, _ = await session_of(identity, household.guardian)
    consent, text_id = await _consent(town.doors.channel, by_guardian, household.ids["pupil_id"])
    return {
        "relation_id": str(relation.id),
        "session_id": str(await _session_id(town, household.guardian)),
        "consent_id": consent,
        "text_id": text_id,
        "correction_id": await _correction(town.doors.channel, by_guardian),
        "account_request_id": await _account_request(household),
        "job_id": await _job(office),
        "limit_id": str(await _court_limit(household)),
        "proposal_id": str(await _proposal(household)),
        "case_id": await _case(household),
        "delegation_id": await _delegation(household, by_guardian),
    }


async def _proposal(household: Household) -> UUID:
    """A proposal of somebody whom ESIA named; its id."""
    proposal_id = new_id()
    await household.office.write(
        relation_proposals,
        id=proposal_id,
        guardian_id=household.administrator.person_id,
        pupil_id=household.pupil.person_id,
        school_id=household.office.school_id,
        state="WAITING",
        proposed_at=household.office.town.clock.now(),
    )
    return proposal_id


async def _court_limit(household: Household) -> UUID:
    """A limit of somebody who stands for nobody; its id."""
    limit_id = new_id()
    await household.office.write(
        court_limits,
        id=limit_id,
        guardian_id=household.office.teacher.person_id,
        pupil_id=household.pupil.person_id,
        school_id=household.office.school_id,
        kind="NO_CONTACTS",
        document="Решение суда",
        valid_from=date(2025, 9, 1),
        registered_at=household.office.town.clock.now(),
        registered_by=household.office.registrar.person_id,
    )
    return limit_id


async def _session_id(town: Town, who: Registered) -> UUID:
    [row] = await town.rows(sessions, sessions.c.account_id == who.account_id)
    found: UUID = row.id
    return found


async def _consent(channel: grpc.aio.Channel, by: Metadata, pupil_id: str) -> tuple[str, str]:
    stub = consents_pb2_grpc.ConsentsServiceStub(channel)
    mine = await stub.ListMyConsents(consents_pb2.ListMyConsentsRequest(), timeout=DEADLINE, metadata=by)
    text_id = mine.texts[0].text_id
    request = consents_pb2.GiveConsentRequest(text_id=text_id, subject_id=pupil_id)
    given = await stub.GiveConsent(request, timeout=DEADLINE, metadata=by)
    return given.consent.consent_id, text_id


async def _correction(channel: grpc.aio.Channel, by: Metadata) -> str:
    stub = corrections_pb2_grpc.CorrectionsServiceStub(channel)
    request = corrections_pb2.RequestCorrectionRequest(
        request_id=str(new_id()),
        field=corrections_pb2.CorrectableField.CORRECTABLE_FIELD_PATRONYMIC,
        right_value="Ольгинична",
    )
    reply = await stub.RequestCorrection(request, timeout=DEADLINE, metadata=by)
    return reply.correction.correction_id


async def _account_request(household: Household) -> str:
    office = household.office
    submit = account_requests_pb2.SubmitAccountRequestRequest(
        school_id=str(office.school_id),
        request_id=str(new_id()),
        name=people_pb2.FullName(surname=household.surname, given_name="Мария", patronymic="Олеговна"),
        birth_date="1986-04-12",
        capacity=issuing_pb2.IssueCapacity.ISSUE_CAPACITY_PARENT,
        pupil=f"{household.surname} Пётр, 7Б",
        email="family@post.example.com",
        consent=True,
    )
    await office.requests.SubmitAccountRequest(submit, timeout=DEADLINE)
    waiting = await office.requests.ListAccountRequests(
        account_requests_pb2.ListAccountRequestsRequest(school_id=str(office.school_id)),
        timeout=DEADLINE,
        metadata=office.by_registrar,
    )
    return waiting.account_requests[-1].account_request_id


async def _case(household: Household) -> str:
    """The pupil has bound a profile, and somebody of another name came with the same SNILS."""
    town, other = household.office.town, FullName("Иванова", "Ольга")
    own = FullName(household.surname, "Пётр", "Ильич")
    profile = a_profile(f"own-{household.snils}", name=own, snils=household.snils, birth_date=BORN)
    assert isinstance(await come(town, profile), SignedIn)
    await come(town, a_profile(f"case-{household.snils}", name=other, snils=household.snils))
    [row] = await town.rows(case_people, case_people.c.person_id == household.pupil.person_id)
    return str(row.case_id)


async def _delegation(household: Household, by: Metadata) -> str:
    """The guardian has invited the school's administrator."""
    stub = delegations_pb2_grpc.DelegationsServiceStub(household.office.town.doors.channel)
    request = delegations_pb2.InviteTrustedPersonRequest(
        pupil_id=str(household.pupil.person_id),
        request_id=str(new_id()),
        scopes=[scope_pb2.SCOPE_MARKS],
        valid_until="2026-01-31",
        login=_login(household.snils),
    )
    reply = await stub.InviteTrustedPerson(request, timeout=DEADLINE, metadata=by)
    return reply.delegation.delegation_id


async def _job(office: Office) -> str:
    """A class issue of another class of the same teacher, with slips that nobody has taken."""
    beside = await office.add_class("8В", office.teacher)
    await office.pupil("Восьмой Иван Иванович", class_id=beside)
    job = await start(office, class_id=str(beside), guardians=False)
    await ended(office, job.job_id)
    return job.job_id


async def _in_the_diary(household: Household, *, founded: bool) -> UUID:
    """The school, the family, a lesson with a mark; the lesson's id."""
    school = household.school
    if founded:
        await school.add_class(school.class_id, title="7В")
        await school.person(school.teacher_id, "Белозёрова Марина", policy_pb2.ROLE_TEACHER)
    else:
        await school.found()
    pupil, guardian = household.pupil.person_id, household.guardian.person_id
    await school.person(pupil, f"{household.surname} Пётр", policy_pb2.ROLE_PUPIL)
    await school.person(guardian, f"{household.surname} Мария", policy_pb2.ROLE_GUARDIAN)
    await school.join(pupil)
    await school.relate(guardian, pupil)
    return await school.lesson()


async def _in_notifications(household: Household, database: Database) -> UUID:
    """A notice in the guardian's inbox; its id."""
    notice_id = new_id()
    async with database.transaction() as tx:
        await tx.execute(
            insert(notices),
            {
                "recipient_id": household.guardian.person_id,
                "notice_id": notice_id,
                "school_id": household.office.school_id,
                "kind": 1,
                "pupil_id": household.pupil.person_id,
                "subject_title": "Алгебра",
                "lesson_date": WEDNESDAY,
                "mark": "5",
                "previous_mark": "",
                "mark_id": new_id(),
                "mark_version": 1,
                "happened_at": household.office.town.clock.now(),
                "posted_at": household.office.town.clock.now(),
            },
        )
    return notice_id
