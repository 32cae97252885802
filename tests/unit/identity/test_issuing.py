"""Who is issued credentials by whom, on which documents; what stands on a slip."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from itertools import islice
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.identity.accounts.rules import normal_login, skeleton
from services.identity.families.rules.relations import (
    RelationKind,
)
from services.identity.issuing.rules.jobs import Job, JobState
from services.identity.issuing.rules.people import (
    CHECKLIST,
    AccountFacts,
    Candidate,
    Capacity,
    ClassPlace,
    CredentialsState,
    Document,
    Reach,
    Ward,
    capacities,
    require_capacity,
    require_documents,
)
from services.identity.issuing.rules.refusals import (
    DocumentsMissing,
    EmployeeAccount,
    JobRunning,
    NotTheirClass,
    OwnCredentials,
    SlipShown,
    TooYoung,
    WrongCapacity,
)
from services.identity.issuing.rules.slips import (
    PASSWORD_ALPHABET,
    PASSWORD_LENGTH,
    Slip,
    login_stem,
    logins,
    temporary_password,
)
from services.identity.people.rules import FullName, Role, UnknownPerson, age_on

TODAY = date(2026, 11, 23)
NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
HERE, ELSEWHERE = uuid4(), uuid4()
OWN_CLASS, OTHER_CLASS = ClassPlace(uuid4(), "7Б"), ClassPlace(uuid4(), "8А")
REGISTRAR = Reach(uuid4(), HERE)
TEACHER = Reach(uuid4(), HERE, frozenset({OWN_CLASS.class_id}))
ANNA = FullName("Иванова", "Анна")


def somebody(
    *places: tuple[UUID, Role],
    born: date = date(1986, 4, 12),
    wards: Iterable[Ward] = (),
    classes: Iterable[ClassPlace] = (),
    account: AccountFacts | None = None,
) -> Candidate:
    facts = account or AccountFacts(uuid4(), None, may_enter=True)
    return Candidate(uuid4(), ANNA, born, facts, frozenset(places), tuple(wards), tuple(classes))


def ward(place: ClassPlace = OWN_CLASS, kind: RelationKind = RelationKind.PARENT) -> Ward:
    return Ward(uuid4(), FullName("Иванов", "Пётр"), kind, (place,))


def pupil(place: ClassPlace = OWN_CLASS, *, born: date = date(2013, 3, 1)) -> Candidate:
    return somebody((HERE, Role.PUPIL), born=born, classes=[place])


@pytest.mark.parametrize("capacity", list(Capacity))
def test_each_capacity_asks_for_documents_and_names_the_missing_ones(capacity: Capacity) -> None:
    """R30."""
    needed = CHECKLIST[capacity]
    require_documents(capacity, needed)
    for one in needed:
        with pytest.raises(DocumentsMissing) as refused:
            require_documents(capacity, needed - {one})
        assert refused.value.metadata == {"documents": one}


def test_a_parent_brings_what_the_sources_list() -> None:
    """R30: passport, birth certificate, application, consent; a representative brings the proof."""
    assert CHECKLIST[Capacity.PARENT] == {
        Document.PASSPORT, Document.BIRTH_CERTIFICATE, Document.APPLICATION, Document.CONSENT,
    }  # fmt: skip
    assert Document.PROOF_OF_REPRESENTATION in CHECKLIST[Capacity.REPRESENTATIVE]


@pytest.mark.parametrize(
    ("born", "on", "age"),
    [
        (date(2012, 11, 23), TODAY, 14),
        (date(2012, 11, 24), TODAY, 13),
        (date(2012, 2, 29), date(2026, 2, 28), 13),
        (date(2012, 2, 29), date(2026, 3, 1), 14),
    ],
)
def test_the_birthday_counts_and_29_february_is_1_march(born: date, on: date, age: int) -> None:
    """R5."""
    assert age_on(born, on) == age


def test_a_pupil_under_14_comes_with_a_parent_and_from_14_with_own_papers() -> None:
    """R30, R32."""
    young, old = pupil(born=date(2012, 11, 24)), pupil(born=date(2012, 11, 23))
    assert capacities(young, TEACHER, TODAY) == (Capacity.YOUNG_PUPIL,)
    assert capacities(old, TEACHER, TODAY) == (Capacity.PUPIL,)
    with pytest.raises(TooYoung):
        require_capacity(Capacity.PUPIL, young, TEACHER, TODAY)
    with pytest.raises(WrongCapacity):
        require_capacity(Capacity.YOUNG_PUPIL, old, TEACHER, TODAY)


def test_a_guardian_is_what_the_relations_say() -> None:
    both = somebody(wards=[ward(), ward(kind=RelationKind.REPRESENTATIVE)])
    assert capacities(both, REGISTRAR, TODAY) == (Capacity.PARENT, Capacity.REPRESENTATIVE)
    with pytest.raises(WrongCapacity):
        require_capacity(Capacity.PARENT, somebody((HERE, Role.GUARDIAN)), REGISTRAR, TODAY)


def test_a_homeroom_teacher_sees_the_own_class_alone() -> None:
    """R29: and of a guardian's children only those of the class."""
    guardian = somebody(wards=[ward(OWN_CLASS), ward(OTHER_CLASS)])
    seen = TEACHER.require(guardian)
    assert [place.title for each in seen.wards for place in each.classes] == ["7Б"]
    assert TEACHER.sees(pupil(OTHER_CLASS)) is None
    with pytest.raises(NotTheirClass):
        TEACHER.require(somebody(wards=[ward(OTHER_CLASS)]))
    with pytest.raises(NotTheirClass):
        TEACHER.require(None)


def test_a_registrar_sees_the_own_school_alone() -> None:
    """A34: who is elsewhere and who is nobody get the same answer."""
    assert REGISTRAR.sees(somebody((HERE, Role.GUARDIAN))) is not None
    for outside in (somebody((ELSEWHERE, Role.PUPIL)), None):
        with pytest.raises(UnknownPerson):
            REGISTRAR.require(outside)


@pytest.mark.parametrize("role", [Role.TEACHER, Role.REGISTRAR, Role.SCHOOL_ADMINISTRATOR])
def test_employees_are_issued_by_the_registrar_of_their_own_school(role: Role) -> None:
    """A slip is as good as the account: it must not lead to rights that the issuer does not have."""
    here = somebody((HERE, role), wards=[ward()])
    elsewhere = somebody((ELSEWHERE, role), wards=[ward()])
    assert capacities(here, REGISTRAR, TODAY) == (Capacity.PARENT, Capacity.EMPLOYEE)
    for reach, person in ((TEACHER, here), (TEACHER, elsewhere), (REGISTRAR, elsewhere)):
        assert capacities(person, reach, TODAY) == ()
        with pytest.raises(EmployeeAccount):
            reach.require_entrusted(person)


@pytest.mark.parametrize("role", [Role.AUTHORITY, Role.OPERATOR])
def test_who_works_for_the_region_is_issued_by_no_school(role: Role) -> None:
    person = somebody((UUID(int=0), role), (HERE, Role.TEACHER), wards=[ward()])
    with pytest.raises(EmployeeAccount):
        REGISTRAR.require_entrusted(person)


def test_nobody_issues_to_themselves() -> None:
    own = somebody((HERE, Role.REGISTRAR))
    with pytest.raises(OwnCredentials):
        Reach(own.person_id, HERE).require_entrusted(own)


@pytest.mark.parametrize(
    ("facts", "state"),
    [
        (AccountFacts(uuid4(), None, may_enter=True), CredentialsState.NONE),
        (
            AccountFacts(uuid4(), "x.2345", may_enter=True, temporary_until=NOW + timedelta(1)),
            CredentialsState.ISSUED,
        ),
        (AccountFacts(uuid4(), "x.2345", may_enter=True, temporary_until=NOW), CredentialsState.EXPIRED),
        (AccountFacts(uuid4(), "x.2345", may_enter=True, activated_at=NOW), CredentialsState.ACTIVE),
        (AccountFacts(uuid4(), None, may_enter=True, activated_at=NOW), CredentialsState.ACTIVE),
        (AccountFacts(uuid4(), "x.2345", may_enter=False, activated_at=NOW), CredentialsState.BLOCKED),
    ],
)
def test_how_credentials_stand(facts: AccountFacts, state: CredentialsState) -> None:
    assert facts.state(NOW) is state


def test_a_temporary_password_is_random_and_cannot_be_misread() -> None:
    """A23: 52 bits, no letter that looks like another, alone or joined, and no word."""
    several = {temporary_password() for _ in range(1_000)}
    assert len(several) == 1_000
    assert all(len(each) == PASSWORD_LENGTH and set(each) <= set(PASSWORD_ALPHABET) for each in several)
    assert len(set(PASSWORD_ALPHABET)) == len(PASSWORD_ALPHABET) >= 20
    assert not set(PASSWORD_ALPHABET) & set("aeiou0o1lib6gqs5z2rv") - set("256")
    assert all(skeleton(letter) == letter for letter in PASSWORD_ALPHABET)


@pytest.mark.parametrize(
    ("name", "stem"),
    [
        (FullName("Щёголева-Юрьева", "Анна"), "shchegolevayureva"),
        (FullName("Ли", "Юн"), "liyun"),
        (FullName("Müller", "Jörg"), "muller"),
        (FullName("О'Коннор", "Шон"), "okonnor"),
        (FullName("Қасымұлы", "Әлия"), "kasymuly"),
        (FullName("Е", "Я"), "eya"),
    ],
)
def test_a_login_begins_with_the_surname_in_latin_letters(name: FullName, stem: str) -> None:
    assert login_stem(name) == stem


_LETTERS = st.text(st.characters(categories=["L"]), min_size=1, max_size=100)


@given(surname=_LETTERS, given_name=_LETTERS)
def test_every_name_gives_a_login_that_the_rename_would_accept(surname: str, given_name: str) -> None:
    """5 to 64 Latin letters, digits, dots, hyphens and underscores, beginning with a letter."""
    for login in islice(logins(FullName(surname, given_name)), 10):
        assert login == normal_login(login)
        assert 5 <= len(login) <= 64
        assert login[0].isalpha()
        assert set(login) <= set("abcdefghijklmnopqrstuvwxyz23456789.")


def test_a_slip_shows_nothing_when_it_is_printed() -> None:
    """A33."""
    slip = Slip(uuid4(), ANNA, "7Б", "ivanova.2345", "cdfhjkmnptwx", NOW)
    assert not any(secret in repr(slip) for secret in ("ivanova", "cdfhj", "Анна"))


def test_slips_are_there_once_and_for_a_day() -> None:
    def job(state: JobState) -> Job:
        until = None if state is JobState.RUNNING else NOW + timedelta(hours=24)
        return Job(uuid4(), HERE, OWN_CLASS.class_id, "7Б", uuid4(), NOW, state, until)

    for ready in (JobState.DONE, JobState.STOPPED):
        job(ready).require_slips(NOW)
        late = NOW + timedelta(hours=24)
        assert job(ready).state(late) is JobState.LAPSED
        with pytest.raises(SlipShown):
            job(ready).require_slips(late)
    with pytest.raises(SlipShown):
        job(JobState.TAKEN).require_slips(NOW)
    with pytest.raises(JobRunning):
        job(JobState.RUNNING).require_slips(NOW)
