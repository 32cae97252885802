"""Requests for accounts: handed in by anybody, decided by the registrar, answered by issuing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final, Protocol
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncConnection

from school.identity.v1 import account_requests_pb2
from school.identity.v1.events_pb2 import MessageKind
from services.identity.account_requests import storage
from services.identity.account_requests.rules import (
    MOST_PER_ADDRESS,
    MOST_PER_EMAIL,
    MOST_WAITING_PER_SCHOOL,
    NEWS_LIFE,
    SCHOOL_FULL_WAIT,
    WINDOW,
    AccountRequest,
    Applicant,
    TooManyRequests,
    UnknownRequest,
)
from services.identity.contacts.rules import Email
from services.identity.guesses.rules import Scope, origin_of
from services.identity.guesses.usecases import Guesses
from services.identity.issuing.rules.people import Capacity, Reach
from services.identity.issuing.usecases.desk import Desk
from services.identity.issuing.usecases.issuing import Issuing, Search, Seen
from services.identity.keyring import Keyring
from services.identity.people.rules import NotTheirSchool, UnknownPerson, require_plausible
from services.identity.schools.rules import UnknownSchool
from services.identity.schools.storage import school as find_school
from services.identity.telling.rules import Channel
from services.identity.tracking import new_tracking_code, tracking_digest
from services.kit.caller import Caller
from services.kit.client import client
from services.kit.clock import Clock
from services.kit.database import Database, Transaction
from services.kit.idempotency import once
from services.kit.ids import new_id
from services.kit.paging import Page, PageWish

TRACKING_PATH: Final = "/account-request/track"
"""Where an applicant looks after their request, behind the region's address. The code is never in it."""
_ANYONE: Final = "anyone"
_OF: Final = "account request"
_APPLICANT: Final = "applicant"


class Tells(Protocol):
    """Sends one message."""

    def tell(
        self,
        tx: Transaction,
        *,
        person_id: UUID | None,
        channel: Channel,
        to: str,
        kind: MessageKind.ValueType,
        values: Mapping[str, str],
        expires_at: datetime,
        language: str,
    ) -> UUID:
        """Have it sent once the transaction has committed."""
        ...


@dataclass(frozen=True, slots=True)
class NewRequest:
    """What an applicant hands in."""

    school_id: UUID
    capacity: Capacity
    applicant: Applicant


@dataclass(frozen=True, slots=True)
class Submitted:
    """What an applicant keeps."""

    tracking_code: str
    due_at: datetime

    def __repr__(self) -> str:
        return "Submitted(***)"


@dataclass(frozen=True, slots=True)
class Listed:
    """A request as the registrar sees it, with the persons it may be about."""

    request: AccountRequest
    candidates: list[Seen]


class AccountRequests:
    """Carries requests through the school.

    Args:
        address: of the region's pages.
        due: within what time a school is to decide.
    """

    def __init__(
        self,
        database: Database,
        desk: Desk,
        tells: Tells,
        keyring: Keyring,
        guesses: Guesses,
        *,
        address: str,
        due: timedelta,
        clock: Clock,
    ) -> None:
        self._database = database
        self._desk = desk
        self._tells = tells
        self._keyring = keyring
        self._guesses = guesses
        self._address = address.rstrip("/")
        self._due = due
        self._clock = clock

    async def submit(self, new: NewRequest, *, request_id: str, address: str) -> Submitted:
        """Hand in a request; its code is told here and by e-mail.

        Args:
            new: what the applicant wrote.
            request_id: chosen by the client; sent again, it gets the first answer.
            address: from where it comes; empty when nobody knows.

        Raises:
            UnknownSchool: there is no such school.
            BadBirthDate: nobody alive has it.
            TooManyRequests: the address, the e-mail or the school has too many.
        """

        async def act() -> account_requests_pb2.SubmitAccountRequestResponse:
            accepted = await self._submit(tx, new, address, zone)
            # The code is remembered sealed, beside the request; here only which request it was.
            return account_requests_pb2.SubmitAccountRequestResponse(tracking_code=str(accepted.id))

        async with self._database.transaction() as tx:
            school = await find_school(tx.connection, new.school_id)
            if school is None:
                raise UnknownSchool
            zone = school.zone
            require_plausible(
                new.applicant.birth_date, today=await self._desk.today(tx.connection, new.school_id)
            )
            reply = await once(
                tx,
                method="SubmitAccountRequest",
                actor=_ANYONE,
                request_id=request_id,
                request=self._fingerprint(new),
                reply_type=account_requests_pb2.SubmitAccountRequestResponse,
                act=act,
            )
            request = await storage.by_id(tx.connection, self._keyring, UUID(reply.tracking_code))
        if request is None:
            raise UnknownRequest
        return Submitted(request[1], request[0].due_at)

    async def track(self, code: str) -> AccountRequest:
        """How a request stands.

        Raises:
            UnknownRequest: none has this code.
            TooManyAttempts: codes from this address must wait, the right one too.
        """
        async with self._database.read() as connection:
            await self._guesses.count(connection, Scope.TRACKING_CODE, None)
            request = await storage.by_code(connection, self._keyring, tracking_digest(code, of=_OF))
            if request is None:
                raise UnknownRequest
            await self._guesses.forgive(connection, Scope.TRACKING_CODE, None)
        return request

    async def withdraw(self, code: str) -> AccountRequest:
        """Take a request back; once more changes nothing. Raises as `track`, and `RequestDecided`."""
        await self.track(code)
        async with self._database.transaction() as tx:
            before = await storage.by_code(
                tx.connection, self._keyring, tracking_digest(code, of=_OF), for_update=True
            )
            if before is None:
                raise UnknownRequest
            after = before.withdrawn(self._clock.now())
            if after is not before:
                await storage.save(tx.connection, after, by=None)
                _audit(tx, _APPLICANT, "withdraw_account_request", after)
        return after

    async def listed(self, caller: Caller, issuing: Issuing, school_id: UUID, wish: PageWish) -> Page[Listed]:
        """The open requests of a school, the oldest first. Raises `NotTheirSchool`."""
        async with self._database.read() as connection:
            reach = await self._registrar(connection, caller, school_id)
            today = await self._desk.today(connection, school_id)
            found = await storage.open_requests(
                connection, self._keyring, school_id, after=wish.after, limit=wish.limit
            )
            page = wish.page(found, lambda request: request.id)
            candidates = await issuing.matching(
                connection, reach, [self._search(issuing, each) for each in page.rows], today=today
            )
        return Page(list(map(Listed, page.rows, candidates)), page.next_token)

    async def accept(
        self, caller: Caller, school_id: UUID, request_id: UUID, person_id: UUID
    ) -> AccountRequest:
        """Accept a request for a registered person of the school; the applicant is told to come.

        Raises `NotTheirSchool`, `UnknownRequest`, `UnknownPerson`, `RequestDecided`.
        """
        async with self._database.transaction() as tx:
            reach = await self._registrar(tx.connection, caller, school_id)
            before = await self._for_update(tx, school_id, request_id)
            today = await self._desk.today(tx.connection, school_id)
            if not await self._desk.is_in_reach(tx.connection, reach, person_id, today=today):
                raise UnknownPerson
            after = before.accepted(person_id, self._clock.now())
            await storage.save(tx.connection, after, by=caller.person_id)
            school = await find_school(tx.connection, school_id)
            self._tell(
                tx,
                after,
                MessageKind.MESSAGE_KIND_ACCOUNT_REQUEST_ACCEPTED,
                {"school": school.title if school else ""},
            )
            _audit(tx, str(caller.person_id), "accept_account_request", after)
        return after

    async def refuse(self, caller: Caller, school_id: UUID, request_id: UUID, reason: str) -> AccountRequest:
        """Refuse a request; the applicant is told why.

        Raises `NotTheirSchool`, `UnknownRequest`, `ReasonNeeded`, `RequestDecided`.
        """
        async with self._database.transaction() as tx:
            await self._registrar(tx.connection, caller, school_id)
            before = await self._for_update(tx, school_id, request_id)
            after = before.refused(reason, self._clock.now())
            await storage.save(tx.connection, after, by=caller.person_id)
            self._tell(tx, after, MessageKind.MESSAGE_KIND_ACCOUNT_REQUEST_REFUSED, {"reason": after.reason})
            _audit(tx, str(caller.person_id), "refuse_account_request", after, why=after.reason)
        return after

    async def answer(
        self, tx: Transaction, *, school_id: UUID, account_request_id: UUID, person_id: UUID, by: UUID
    ) -> None:
        """Close an accepted request in the transaction in which the credentials are issued.

        Raises `UnknownRequest`, `RequestNotAccepted`.
        """
        before = await self._for_update(tx, school_id, account_request_id)
        after = before.answered(person_id, self._clock.now())
        await storage.save(tx.connection, after, by=by)

    async def _submit(self, tx: Transaction, new: NewRequest, address: str, zone: ZoneInfo) -> AccountRequest:
        now = self._clock.now()
        applicant = replace(new.applicant, language=client().language)
        request = AccountRequest(
            new_id(), new.school_id, new.capacity, applicant, submitted_at=now, due_at=now + self._due
        )
        address_digest = self._address_digest(address)
        email_digest = self._digest(Email(new.applicant.email).folded, "e-mail of an applicant")
        await self._require_room(tx, new.school_id, address_digest, email_digest)
        code = new_tracking_code()
        await storage.insert_request(
            tx.connection,
            request,
            self._keyring,
            code=code,
            tracking_digest=tracking_digest(code, of=_OF),
            address_digest=address_digest,
            email_digest=email_digest,
        )
        self._tell(
            tx,
            request,
            MessageKind.MESSAGE_KIND_ACCOUNT_REQUEST_SUBMITTED,
            {
                "tracking_code": code,
                "link": f"{self._address}{TRACKING_PATH}",
                "due": request.due_at.astimezone(zone).date().isoformat(),
            },
        )
        _audit(tx, _APPLICANT, "submit_account_request", request)
        return request

    async def _require_room(
        self, tx: Transaction, school_id: UUID, address_digest: bytes | None, email_digest: bytes
    ) -> None:
        """Raises `TooManyRequests`; of calls at once exactly those go on for whom there is room."""
        now = self._clock.now()
        counted = [("email_digest", email_digest, MOST_PER_EMAIL)]
        if address_digest is not None:
            counted.append(("address_digest", address_digest, MOST_PER_ADDRESS))
        await storage.count_alone(
            tx.connection, [school_id.bytes[::-1], *(digest for _, digest, _ in counted)]
        )
        for column, digest, most in counted:
            count, oldest = await storage.recent(tx.connection, column, digest, now=now)
            if count >= most and oldest is not None:
                raise TooManyRequests(oldest + WINDOW - now)
        if await storage.waiting(tx.connection, school_id) >= MOST_WAITING_PER_SCHOOL:
            raise TooManyRequests(SCHOOL_FULL_WAIT)

    async def _registrar(self, connection: AsyncConnection, caller: Caller, school_id: UUID) -> Reach:
        today = await self._desk.today(connection, school_id)
        reach = await self._desk.reach_of(connection, caller, school_id, today=today)
        if not reach.whole:
            raise NotTheirSchool
        return reach

    async def _for_update(self, tx: Transaction, school_id: UUID, request_id: UUID) -> AccountRequest:
        request = await storage.for_update(tx.connection, self._keyring, school_id, request_id)
        if request is None:
            raise UnknownRequest
        return request

    def _search(self, issuing: Issuing, request: AccountRequest) -> Search:
        applicant = request.applicant
        return issuing.search(applicant.name, applicant.birth_date, applicant.snils)

    def _tell(
        self,
        tx: Transaction,
        request: AccountRequest,
        kind: MessageKind.ValueType,
        values: Mapping[str, str],
    ) -> None:
        self._tells.tell(
            tx,
            person_id=None,
            channel=Channel.EMAIL,
            to=Email(request.applicant.email).to,
            kind=kind,
            values=values,
            expires_at=self._clock.now() + NEWS_LIFE,
            language=request.applicant.language,
        )

    def _address_digest(self, address: str) -> bytes | None:
        origin = origin_of(address)
        return self._digest(origin.address, "address of an applicant") if origin else None

    def _digest(self, text: str, kind: str) -> bytes:
        return self._keyring.index(text, kind=kind).digest

    def _fingerprint(self, new: NewRequest) -> account_requests_pb2.SubmitAccountRequestRequest:
        """By which a repetition is recognised: keyed, for what is hashed could be tried out."""
        applicant = new.applicant
        content = "\0".join(
            (
                applicant.name.surname,
                applicant.name.given_name,
                applicant.name.patronymic,
                applicant.birth_date.isoformat(),
                applicant.snils.digits if applicant.snils else "",
                applicant.pupil,
                applicant.email,
                new.capacity,
            )
        )
        return account_requests_pb2.SubmitAccountRequestRequest(
            school_id=str(new.school_id), pupil=self._digest(content, "account request").hex()
        )


def _audit(
    tx: Transaction, actor: str, action: str, request: AccountRequest, *, why: str | None = None
) -> None:
    tx.audit(
        actor=actor,
        action=action,
        object_kind="account_request",
        object_id=str(request.id),
        why=why,
        subject=request.person_id,
    )
