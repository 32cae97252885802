"""Any sequence of requests: no step is skipped, no code or link counts twice, a dead one never (A17, A25)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from services.identity.activation.rules import (
    GIVEN_LIFE,
    Act,
    Admission,
    AlreadyActive,
    FieldFilled,
    Progress,
    Standing,
    Step,
    StepNotDue,
)
from services.identity.contacts.rules import (
    CODE_LIFE,
    LINK_LIFE,
    Contact,
    Email,
    Kind,
    Mobile,
    Proof,
    Value,
)
from services.identity.people.rules import BadField, FullName, Gender
from services.kit.ids import new_id

BEGAN = datetime(2026, 9, 1, 8, tzinfo=UTC)
ORDER = [Step.CONFIRM_DATA, Step.GIVE_CONTACTS, Step.SET_PASSWORD, Step.CONFIRM_CONTACTS, Step.FINISH]
EMAILS = [Email(f"reader{number}@post.example.com") for number in range(3)]
MOBILES = [Mobile(f"+7916123456{number}") for number in range(3)]


def beginning(issued_at: datetime = BEGAN) -> Standing:
    """Somebody who has just got the slip."""
    return Standing(
        account_id=new_id(),
        person_id=new_id(),
        name=FullName("Королёва", "Алёна"),
        birth_date=date(1986, 4, 12),
        snils_masked="",
        gender=None,
        issue=1,
        issued_at=issued_at,
        temporary_until=issued_at + timedelta(days=300),
        has_password=True,
        activated_at=None,
        data_confirmed_at=None,
        contacts_given_at=None,
        password_repeats=0,
        contacts={kind: Contact(kind) for kind in Kind},
        correction_waiting=False,
    )


@dataclass
class Sent:
    """A code or link, as whoever got it knows it."""

    kind: Kind
    value: Value
    digest: bytes
    until: datetime
    dead: bool = False


class Activation(RuleBasedStateMachine):
    """A person, and whoever else sends requests in their name; what was sent is kept by all for ever."""

    def __init__(self) -> None:
        super().__init__()
        self.now = BEGAN
        self.at = beginning()
        self.sent: list[Sent] = []
        self.numbers = 0
        self.answered: str = ""
        self.holders: dict[Kind, Value] = {}

    # --- requests ---

    @rule(wait=st.sampled_from([1, 61, 700, 90_000, 40 * 86_400]))
    def time_passes(self, wait: int) -> None:
        self.now += timedelta(seconds=wait)

    @rule()
    def confirm_data(self) -> None:
        if self.admitted(Act.CONFIRM_DATA) is Admission.DO:
            self.at = replace(self.at, data_confirmed_at=self.now)

    @rule(email=st.sampled_from(EMAILS), mobile=st.sampled_from(MOBILES))
    def give_contacts(self, email: Email, mobile: Mobile) -> None:
        self.take_contacts(email, mobile)

    def take_contacts(self, email: Email, mobile: Mobile) -> None:
        if self.admitted(Act.GIVE_CONTACTS) is not Admission.DO:
            return
        for value in (email, mobile):
            before = self.at.contacts[value.kind]
            after = self.at.with_contact(before, value, self.now)
            if after is not before:
                self.kill(value.kind)
                self.holders.pop(value.kind, None)
            self.keep(after)
        self.at = replace(self.at, contacts_given_at=self.now)
        if self.at.progress(self.now).due is Step.CONFIRM_CONTACTS:
            self.send_to([each for each in self.at.unconfirmed() if each.change and not each.change.proof])

    @rule()
    def set_password(self) -> None:
        if self.admitted(Act.SET_PASSWORD) is Admission.DO:
            self.at = replace(self.at, temporary_until=None)
            self.send_to(self.at.unconfirmed())

    @rule()
    def send_codes(self) -> None:
        if self.admitted(Act.SEND_CODES) is Admission.DO and self.at.wait_for_codes(self.now) is None:
            self.send_to(self.at.unconfirmed())

    @rule(data=st.data())
    def give_a_code(self, data: st.DataObject) -> None:
        shown = data.draw(st.sampled_from([None, *(each for each in self.sent if each.kind is Kind.MOBILE)]))
        if self.admitted(Act.CONFIRM_MOBILE) is Admission.DO:
            self.show(Kind.MOBILE, shown)

    @precondition(lambda self: self.sent)
    @rule(data=st.data())
    def follow_a_link(self, data: st.DataObject) -> None:
        """By anybody, signed in or not, whatever step is due."""
        shown = data.draw(st.sampled_from([None, *(each for each in self.sent if each.kind is Kind.EMAIL)]))
        contact = self.at.contacts[Kind.EMAIL]
        if shown and contact.change and contact.change.proof and contact.change.proof.digest == shown.digest:
            self.show(Kind.EMAIL, shown)

    @rule()
    def finish(self) -> None:
        if self.admitted(Act.FINISH) is Admission.DO:
            assert set(self.holders) == set(Kind)
            self.at = replace(self.at, activated_at=self.now)

    @rule(steps=st.integers(1, 6))
    def go_on_as_one_should(self, steps: int) -> None:
        """Else hardly any sequence would come to the end."""
        for _ in range(steps):
            match self.at.progress(self.now).due:
                case Step.CONFIRM_DATA:
                    self.confirm_data()
                case Step.GIVE_CONTACTS:
                    self.take_contacts(EMAILS[0], MOBILES[0])
                case Step.SET_PASSWORD:
                    self.set_password()
                case Step.CONFIRM_CONTACTS:
                    self.now += timedelta(minutes=2)
                    self.send_codes()
                    alive = [sent for sent in self.sent if not sent.dead and sent.kind not in self.holders]
                    for sent in alive[:1]:
                        self.show(sent.kind, sent)
                case Step.FINISH:
                    self.finish()

    @precondition(lambda self: self.at.activated_at is not None or self.at.issue < 2)
    @rule(really=st.integers(0, 4))
    def the_school_issues_anew(self, really: int) -> None:
        if really:
            return
        self.now += timedelta(seconds=1)
        self.at = replace(
            beginning(self.now),
            contacts={kind: contact.cancelled() for kind, contact in self.at.contacts.items()},
            issue=self.at.issue + 1,
        )
        self.holders = {}
        for kind in Kind:
            self.kill(kind)

    # --- what must hold ---

    @invariant()
    def the_next_step_is_the_first_undone_one(self) -> None:
        due = self.at.progress(self.now).due
        done = {
            Step.CONFIRM_DATA: self.at.data_confirmed_at,
            Step.SET_PASSWORD: self.at.temporary_until is None,
            Step.CONFIRM_CONTACTS: set(self.holders) == set(Kind),
        }
        before = ORDER[: ORDER.index(due)] if due in ORDER else ORDER
        assert all(done.get(step, True) for step in before)

    @invariant()
    def only_what_its_holder_showed_is_confirmed(self) -> None:
        for kind, contact in self.at.contacts.items():
            if self.at.contacts_given_at is not None and self.at.confirmed(contact):
                assert self.holders.get(kind) == contact.value

    # --- how it is done ---

    def admitted(self, act: Act) -> Admission | None:
        due = self.at.progress(self.now).due
        try:
            return self.at.progress(self.now).admit(act)
        except StepNotDue as refused:
            self.answered = refused.metadata["next_step"]
        except AlreadyActive:
            self.answered = Step.DONE
        assert self.answered == due
        return None

    def send_to(self, contacts: list[Contact]) -> None:
        for contact in contacts:
            if contact.change is None or contact.wait_to_send(self.now) is not None:
                continue
            self.kill(contact.kind)
            self.numbers += 1
            digest = f"{self.numbers}".encode()
            life = LINK_LIFE if contact.kind is Kind.EMAIL else CODE_LIFE
            proof = Proof(digest, self.now + life, 5, new_id())
            self.sent.append(Sent(contact.kind, contact.change.value, digest, proof.until))
            self.keep(contact.sent(proof, self.now, until=self.now + GIVEN_LIFE))

    def show(self, kind: Kind, shown: Sent | None) -> None:
        contact, refused = self.at.contacts[kind].tried([shown.digest if shown else b"none"], self.now)
        self.keep(contact)
        if refused is None:
            assert shown is not None
            assert not shown.dead
            assert self.now < shown.until
            assert contact.value == shown.value
            self.holders[kind] = shown.value
            shown.dead = True
        elif not self.guessable(kind):
            self.kill(kind)

    def guessable(self, kind: Kind) -> bool:
        change = self.at.contacts[kind].change
        return change is not None and change.proof is not None and change.proof.attempts_left > 0

    def kill(self, kind: Kind) -> None:
        for each in self.sent:
            if each.kind is kind:
                each.dead = True

    def keep(self, contact: Contact) -> None:
        self.at = replace(self.at, contacts={**self.at.contacts, contact.kind: contact})


TestActivation = Activation.TestCase
TestActivation.settings = settings(max_examples=150, stateful_step_count=40)


def everything() -> Progress:
    return Progress(
        data_confirmed=True,
        contacts_given=True,
        password_set=True,
        email_confirmed=True,
        mobile_confirmed=True,
    )


@pytest.mark.parametrize(
    ("progress", "due"),
    [
        (Progress(), Step.CONFIRM_DATA),
        (Progress(data_confirmed=True), Step.GIVE_CONTACTS),
        (Progress(data_confirmed=True, contacts_given=True), Step.SET_PASSWORD),
        (replace(everything(), email_confirmed=False), Step.CONFIRM_CONTACTS),
        (replace(everything(), mobile_confirmed=False), Step.CONFIRM_CONTACTS),
        (everything(), Step.FINISH),
        (replace(everything(), active=True), Step.DONE),
        (replace(everything(), data_confirmed=False), Step.CONFIRM_DATA),
    ],
)
def test_the_first_undone_step_is_due(progress: Progress, due: Step) -> None:
    assert progress.due is due


@pytest.mark.parametrize("act", [act for act in Act if act is not Act.FINISH])
def test_nothing_but_the_end_can_be_done_again_at_the_end(act: Act) -> None:
    with pytest.raises(AlreadyActive):
        replace(everything(), active=True).admit(act)


def test_a_gender_is_filled_where_there_is_none() -> None:
    empty = beginning()
    full = replace(empty, gender=Gender.FEMALE)

    assert empty.filled_gender("") is None
    assert empty.filled_gender("M") is Gender.MALE
    assert full.filled_gender("F") is None
    with pytest.raises(FieldFilled):
        full.filled_gender("M")
    with pytest.raises(BadField):
        empty.filled_gender("f")


def test_contacts_that_nobody_confirms_are_asked_for_again() -> None:
    at = replace(beginning(), data_confirmed_at=BEGAN, contacts_given_at=BEGAN, temporary_until=None)
    given = {
        value.kind: at.with_contact(Contact(value.kind), value, BEGAN) for value in (EMAILS[0], MOBILES[0])
    }
    at = replace(at, contacts=given)

    assert at.progress(BEGAN).due is Step.CONFIRM_CONTACTS
    assert at.progress(BEGAN + GIVEN_LIFE).due is Step.GIVE_CONTACTS
