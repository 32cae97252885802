"""What the pages of an account show; pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from zoneinfo import ZoneInfo

from google.protobuf.timestamp_pb2 import Timestamp

from school.identity.v1.accounts_pb2 import GetMyAccountResponse
from school.identity.v1.audit_pb2 import AuditEntry
from school.identity.v1.consents_pb2 import Consent, ConsentPurpose, ConsentText
from school.identity.v1.contacts_pb2 import Contact, ContactKind
from school.identity.v1.own_data_pb2 import ErasureItem
from school.identity.v1.sessions_pb2 import SessionDoor, SessionInfo
from school.notifications.v1.delivery_pb2 import Delivery, DeliveryState

DOORS: Final = {
    SessionDoor.SESSION_DOOR_ESIA: "account.door.esia",
    SessionDoor.SESSION_DOOR_PASSWORD: "account.door.password",
}
# Deeds whose reason an employee has typed.
_SAID: Final = frozenset(
    {"reissue_credentials", "refuse_account_request", "block_account", "unblock_account"}
)
# The same, behind the names of roles and a colon.
_SAID_OF_ROLES: Final = frozenset({"end_roles", "give_roles_back"})
PURPOSES: Final = {
    ConsentPurpose.CONSENT_PURPOSE_DIARY: "consents.purpose.diary",
    ConsentPurpose.CONSENT_PURPOSE_MESSAGES: "consents.purpose.messages",
}
STATES: Final = {
    DeliveryState.DELIVERY_STATE_WAITING: "messages.state.waiting",
    DeliveryState.DELIVERY_STATE_SENT: "messages.state.sent",
    DeliveryState.DELIVERY_STATE_FAILED: "messages.state.failed",
    DeliveryState.DELIVERY_STATE_EXPIRED: "messages.state.expired",
    DeliveryState.DELIVERY_STATE_WITHDRAWN: "messages.state.withdrawn",
}


@dataclass(frozen=True, slots=True)
class AccountView:
    """The account at a glance."""

    account: GetMyAccountResponse
    password_set_at: datetime | None
    """In the reader's zone."""


@dataclass(frozen=True, slots=True)
class SessionView:
    """One device that is signed in."""

    session_id: str
    current: bool
    door: str
    device: str
    time_zone: str
    began_at: datetime
    last_used_at: datetime


@dataclass(frozen=True, slots=True)
class ContactView:
    """An e-mail or a mobile, and its change."""

    kind: str
    """"email" or "mobile"."""
    value: str
    pending: str
    pending_until: datetime | None


@dataclass(frozen=True, slots=True)
class ConsentView:
    """A consent that was given, or could be."""

    consent_id: str
    text_id: str
    purpose: str
    subject: str
    """Whom it is for, when that is not the reader."""
    given_at: datetime
    on_paper: bool
    withdrawn_at: datetime | None


@dataclass(frozen=True, slots=True)
class PurposeView:
    """What can be consented to, and whether the reader has done so for themselves."""

    text_id: str
    purpose: str
    given: ConsentView | None
    outdated: bool
    """The reader consented to an earlier wording."""


@dataclass(frozen=True, slots=True)
class EntryView:
    """A line of the history."""

    at: datetime
    own: bool
    """Whether the reader did it."""
    actor: str
    """Another person's name; empty for the mesh itself."""
    action: str
    why: str = ""
    """As a key; empty when nothing was said, or nothing for which there is a word."""
    said: str = ""
    """In the words of the employee who did it."""


@dataclass(frozen=True, slots=True)
class DeliveryView:
    """A message that was sent, or was to be."""

    at: datetime
    channel: str
    kind: str
    state: str
    attempts: int


def local(moment: Timestamp, zone: ZoneInfo) -> datetime:
    """An instant in the reader's zone."""
    return moment.ToDatetime(tzinfo=UTC).astimezone(zone)


def account_view(account: GetMyAccountResponse, zone: ZoneInfo) -> AccountView:
    """The account as its person sees it."""
    is_set = account.HasField("password_set_at")
    return AccountView(account, local(account.password_set_at, zone) if is_set else None)


def session_views(sessions: Iterable[SessionInfo], zone: ZoneInfo) -> tuple[SessionView, ...]:
    """The devices in the order given."""
    return tuple(
        SessionView(
            session_id=one.session_id,
            current=one.current,
            door=DOORS.get(one.door, "account.door.other"),
            device=one.device,
            time_zone=one.time_zone,
            began_at=local(one.began_at, zone),
            last_used_at=local(one.last_used_at, zone),
        )
        for one in sessions
    )


def contact_views(contacts: Iterable[Contact], zone: ZoneInfo) -> tuple[ContactView, ...]:
    """E-mail first, then mobile; also one that is not given yet."""
    known = {contact.kind: contact for contact in contacts}
    kinds = {ContactKind.CONTACT_KIND_EMAIL: "email", ContactKind.CONTACT_KIND_MOBILE: "mobile"}
    return tuple(_contact(known.get(kind, Contact(kind=kind)), word, zone) for kind, word in kinds.items())


def consent_views(consents: Iterable[Consent], me: str, zone: ZoneInfo) -> tuple[ConsentView, ...]:
    """The consents in the order given."""
    return tuple(
        ConsentView(
            consent_id=one.consent_id,
            text_id=one.text_id,
            purpose=PURPOSES.get(one.purpose, "consents.purpose.other"),
            subject="" if one.subject_id == me else one.subject_name,
            given_at=local(one.given_at, zone),
            on_paper=one.on_paper,
            withdrawn_at=local(one.withdrawn_at, zone) if one.HasField("withdrawn_at") else None,
        )
        for one in consents
    )


def purpose_views(texts: Iterable[ConsentText], consents: Sequence[ConsentView]) -> tuple[PurposeView, ...]:
    """Every purpose with the reader's own consent to it, if that holds."""
    return tuple(_purpose(text, consents) for text in texts)


def entry_views(
    entries: Iterable[AuditEntry], me: str, known: frozenset[str], zone: ZoneInfo
) -> tuple[EntryView, ...]:
    """The history in the order given; ``known``: the keys that have words."""
    return tuple(
        EntryView(
            at=local(one.at, zone),
            own=one.actor == me,
            actor=one.actor_name if one.actor != me else "",
            action=_known(f"deed.{one.action}", known, "deed.other"),
            why=_why(one.why, known),
            said=_said(one),
        )
        for one in entries
    )


def delivery_views(
    deliveries: Iterable[Delivery], known: frozenset[str], zone: ZoneInfo
) -> tuple[DeliveryView, ...]:
    """The messages in the order given."""
    return tuple(
        DeliveryView(
            at=local(one.requested_at, zone),
            channel=_known(f"messages.channel.{one.channel}", known, "messages.channel.other"),
            kind=_known(f"messages.kind.{one.kind}", known, "messages.kind.other"),
            state=STATES.get(one.state, "messages.state.waiting"),
            attempts=len(one.attempts),
        )
        for one in deliveries
    )


def erased_and_kept(
    items: Iterable[ErasureItem], known: frozenset[str]
) -> tuple[tuple[str, ...], tuple[tuple[str, str], ...]]:
    """What an erasure erases, and what is kept with the reason: keys of words."""
    listed = list(items)
    erased = tuple(
        _known(f"erasure.data.{one.data}", known, "erasure.data.other") for one in listed if one.erased
    )
    kept = tuple(
        (
            _known(f"erasure.data.{one.data}", known, "erasure.data.other"),
            _known(f"erasure.because.{one.kept_because}", known, "erasure.because.other"),
        )
        for one in listed
        if not one.erased
    )
    return erased, kept


def _contact(contact: Contact, kind: str, zone: ZoneInfo) -> ContactView:
    waits = bool(contact.pending_value)
    return ContactView(
        kind=kind,
        value=contact.value,
        pending=contact.pending_value,
        pending_until=local(contact.pending_until, zone) if waits else None,
    )


def _purpose(text: ConsentText, consents: Sequence[ConsentView]) -> PurposeView:
    purpose = PURPOSES.get(text.purpose, "consents.purpose.other")
    mine = [one for one in consents if one.purpose == purpose and not one.subject and not one.withdrawn_at]
    given = mine[0] if mine else None
    outdated = given is not None and given.text_id != text.text_id and not given.on_paper
    return PurposeView(text.text_id, purpose, given, outdated)


def _said(entry: AuditEntry) -> str:
    """What an employee has typed."""
    if entry.action in _SAID_OF_ROLES:
        return entry.why.partition(": ")[2]
    return entry.why if entry.action in _SAID else ""


def _why(said: str, known: frozenset[str]) -> str:
    """The word for a reason; a machine's may be written small."""
    wanted = (f"export.code.{said}", f"export.code.{said.upper()}")
    return next((key for key in wanted if key in known), "")


def _known(key: str, known: frozenset[str], otherwise: str) -> str:
    return key if key in known else otherwise
