"""People at the desk: who was found, what they need to show, and the slip they take home."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Final
from zoneinfo import ZoneInfo

from school.identity.v1.account_requests_pb2 import AccountRequest
from school.identity.v1.issuing_pb2 import CredentialsState, Document, IssueCapacity, IssuePerson, Slip
from services.gateway.pages.frame import ROLE_KEYS
from services.gateway.pages.names import full_name
from services.gateway.pages.school.dates import date_shown, moment
from services.gateway.pages.school.words import CAPACITIES, CHECKLIST, STATES

_HAVE: Final = frozenset(
    {
        CredentialsState.CREDENTIALS_STATE_ISSUED,
        CredentialsState.CREDENTIALS_STATE_EXPIRED,
        CredentialsState.CREDENTIALS_STATE_ACTIVE,
    }
)
"""States in which something was issued before, so that issuing again needs a reason."""


@dataclass(frozen=True, slots=True)
class PersonView:
    """A person as the desk sees them."""

    person_id: str
    name: str
    born: str
    """As documents have it: "17.04.1986"."""
    class_title: str
    pupils: tuple[str, ...]
    """The pupils they stand for."""
    roles: tuple[str, ...]
    """What they are here, as keys."""
    state: str
    """How their credentials stand, as a key."""
    state_name: str
    """The same for styles: "none", "issued", "expired", "active", "blocked"."""
    until: datetime | None
    """Until when a temporary password admits."""
    has: bool
    """Whether something was issued before."""
    capacities: tuple[IssueCapacity.ValueType, ...]
    birth_date_differs: bool = False
    """From the one in the documents by which they were found."""
    snils_differs: bool = False
    """Likewise."""
    shut_by: str = ""
    """Who has shut the account, as a key; empty when nobody has."""
    shut_by_school: str = ""
    """The school that has, by its title."""
    may_open: bool = False
    """The visitor can open it again."""

    @property
    def can_be_given(self) -> bool:
        """Whether the visitor can issue credentials to them at all."""
        return bool(self.capacities) and self.state_name != "blocked"


def person_view(person: IssuePerson, zone: ZoneInfo) -> PersonView:
    """A person of a reply."""
    key = STATES.get(person.state, "issue.state.none")
    held = set(person.roles)
    return PersonView(
        person_id=person.person_id,
        name=full_name(person.name),
        born=date_shown(person.birth_date),
        class_title=person.class_title,
        pupils=tuple(person.pupil_names),
        roles=tuple(words for role, words in ROLE_KEYS.items() if role in held),
        state=key,
        state_name=key.rpartition(".")[2],
        until=moment(person.expires_at, zone) if person.HasField("expires_at") else None,
        has=person.state in _HAVE,
        capacities=tuple(each for each in person.capacities if each in CAPACITIES),
        birth_date_differs=person.birth_date_differs,
        snils_differs=person.snils_differs,
        shut_by=_shut_by(person),
        shut_by_school=person.block.school_title,
        may_open=person.block.may_open,
    )


def _shut_by(person: IssuePerson) -> str:
    if not person.HasField("block"):
        return ""
    if person.block.by_operator:
        return "block.by_operator"
    if person.block.may_open:
        return "block.by_this_school"
    return "block.by_school" if person.block.school_title else "block.by_some_school"


def person_views(people: Iterable[IssuePerson], zone: ZoneInfo) -> tuple[PersonView, ...]:
    """Persons of a reply, in the order given."""
    return tuple(person_view(person, zone) for person in people)


@dataclass(frozen=True, slots=True)
class Found:
    """What became of a search."""

    surname: str = field(default="", repr=False)
    given_name: str = field(default="", repr=False)
    patronymic: str = field(default="", repr=False)
    birth_date: str = field(default="", repr=False)
    """As typed. The SNILS is never shown again."""
    by_snils: bool = False
    reason: str = ""
    people: tuple[PersonView, ...] | None = None
    """None before a search."""

    @property
    def differs(self) -> bool:
        """Whether somebody was found whose documents say something else than the register."""
        return any(each.birth_date_differs or each.snils_differs for each in self.people or ())


@dataclass(frozen=True, slots=True)
class CapacityChoice:
    """A capacity in which credentials can be given."""

    name: str
    key: str
    url: str
    chosen: bool


@dataclass(frozen=True, slots=True)
class DocumentBox:
    """A document of the checklist."""

    name: str
    key: str
    ticked: bool
    missing: bool
    """The service says that it was not shown."""


@dataclass(frozen=True, slots=True)
class RequestNote:
    """The electronic request that is answered."""

    request_id: str
    submitted: datetime


@dataclass(frozen=True, slots=True)
class IssueForm:
    """The form by which credentials are issued."""

    request_id: str
    capacity: str
    capacity_key: str
    choices: tuple[CapacityChoice, ...]
    documents: tuple[DocumentBox, ...]
    answered: RequestNote | None
    electronic: bool
    reissue_reason: str
    reason: str
    """Why the last try was refused."""


@dataclass(frozen=True, slots=True)
class Typed:
    """What the form held when it was sent."""

    documents: frozenset[str] = frozenset()
    electronic: bool = True
    reissue_reason: str = ""
    reason: str = ""
    missing: frozenset[str] = frozenset()
    block_reason: str = ""
    """Of the form that shuts and opens the account."""


def capacity_named(name: str) -> IssueCapacity.ValueType:
    """The capacity that a form or an address names; unspecified when it names none."""
    return next(
        (each for each in CAPACITIES if capacity_name(each) == name), IssueCapacity.ISSUE_CAPACITY_UNSPECIFIED
    )


def chosen_capacity(wish: str, person: PersonView) -> IssueCapacity.ValueType:
    """The capacity that was chosen by name, if it is one of the person's; else their first one."""
    wanted = capacity_named(wish)
    return wanted if wanted in person.capacities else person.capacities[0]


def capacity_name(capacity: IssueCapacity.ValueType) -> str:
    """Such as "parent": what an address and a form carry."""
    return IssueCapacity.Name(capacity).removeprefix("ISSUE_CAPACITY_").lower()


def document_name(document: Document.ValueType) -> str:
    """Such as "PASSPORT": what a form carries, and what the service calls it."""
    return Document.Name(document).removeprefix("DOCUMENT_")


def documents_of(names: Iterable[str]) -> list[Document.ValueType]:
    """The documents that were ticked."""
    wanted = set(names)
    return [each for each in Document.values() if each and document_name(each) in wanted]


def request_note(request: AccountRequest, zone: ZoneInfo) -> RequestNote:
    """The request beside the form."""
    return RequestNote(request.account_request_id, moment(request.submitted_at, zone))


def issue_form(
    person: PersonView,
    capacity: IssueCapacity.ValueType,
    *,
    url: str,
    request_id: str,
    answered: RequestNote | None,
    typed: Typed,
) -> IssueForm:
    """The form for one capacity; ``url`` is the person's page, for switching to another."""
    suffix = f"&request={answered.request_id}" if answered else ""
    return IssueForm(
        request_id=request_id,
        capacity=capacity_name(capacity),
        capacity_key=CAPACITIES[capacity],
        choices=tuple(
            CapacityChoice(
                capacity_name(each),
                CAPACITIES[each],
                f"{url}?capacity={capacity_name(each)}{suffix}",
                each == capacity,
            )
            for each in person.capacities
        ),
        documents=tuple(
            DocumentBox(
                document_name(document),
                key,
                document_name(document) in typed.documents,
                document_name(document) in typed.missing,
            )
            for document, key in CHECKLIST[capacity]
        ),
        answered=answered,
        electronic=bool(answered) and typed.electronic,
        reissue_reason=typed.reissue_reason,
        reason=typed.reason,
    )


@dataclass(frozen=True, slots=True)
class SlipView:
    """A slip on paper; shows nothing of it when printed into a log."""

    name: str
    class_title: str
    login: str
    password: str
    until: date
    address: str
    host: str

    def __repr__(self) -> str:
        return "SlipView(***)"


def slip_view(slip: Slip, zone: ZoneInfo) -> SlipView:
    """A slip of a reply; its last day in the zone of the school."""
    return SlipView(
        name=full_name(slip.name),
        class_title=slip.class_title,
        login=slip.login,
        password=slip.temporary_password,
        until=moment(slip.expires_at, zone).date(),
        address=slip.address,
        host=slip.address.partition("://")[2].rstrip("/") or slip.address,
    )
