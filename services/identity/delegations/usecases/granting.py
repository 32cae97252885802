"""What a pupil's family does: whom they trust, inviting, taking back."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Final
from uuid import UUID

from school.access.v1.policy_pb2 import Role
from school.identity.v1.delegations_pb2 import Delegation as DelegationMessage
from school.identity.v1.delegations_pb2 import InviteTrustedPersonRequest, InviteTrustedPersonResponse
from school.identity.v1.events_pb2 import MessageKind
from services.identity.accounts.rules import LONGEST_LOGIN, normal_login
from services.identity.consents.rules import NotTheirChild
from services.identity.contacts.rules import Email
from services.identity.delegations import storage
from services.identity.delegations.rules import (
    ANSWER_WITHIN,
    MOST_PER_DAY,
    MOST_PER_PUPIL,
    BadInvitee,
    Delegation,
    Right,
    Scope,
    State,
    TooManyDelegations,
    TooManyInvitations,
    UnknownDelegation,
    latest_until,
    require_term,
)
from services.identity.delegations.usecases.facts import scope_numbers, write_down
from services.identity.delegations.usecases.keeping import Keeping, Seen
from services.identity.digests import digest_of
from services.identity.families.rules.relations import (
    TooYoungToSee,
)
from services.identity.families.storage.standing import person_exists
from services.identity.pace import taking_at_least
from services.identity.people.rules import FullName
from services.identity.people.storage import person
from services.identity.telling.rules import Channel
from services.identity.telling.usecases import Telling
from services.kit.caller import Caller
from services.kit.clock import Clock
from services.kit.database import Database, Transaction
from services.kit.idempotency import once
from services.kit.ids import new_id

_TOKEN_BYTES: Final = 16
_DAY: Final = timedelta(days=1)
# Finding an account and telling it takes a tenth of this.
_LEAST_TIME: Final = timedelta(seconds=0.2)


@dataclass(frozen=True, slots=True)
class Wish:
    """What a guardian asks for."""

    pupil_id: UUID
    scopes: frozenset[Scope]
    valid_until: date
    email: Email | None
    login: str
    """As it was written; empty for an invitation by e-mail."""


@dataclass(frozen=True, slots=True)
class Sight:
    """Whom a pupil's family trusts, as the caller may see it."""

    pupil: FullName
    right: Right
    latest: date
    delegations: list[Seen]


class Granting:
    """Whom a pupil's family trusts (R34).

    Args:
        database: where it is.
        keeping: delegations as they stand.
        telling: sends invitations.
        address: of the region, which links begin with; never taken from a request (A18).
        clock: what time it is.
    """

    def __init__(
        self, database: Database, keeping: Keeping, telling: Telling, *, address: str, clock: Clock
    ) -> None:
        self._database = database
        self._keeping = keeping
        self._telling = telling
        self._address = address.rstrip("/")
        self._clock = clock

    async def of_pupil(self, caller: Caller, pupil_id: UUID) -> Sight:
        """Whom a pupil's family trusts, the newest first.

        Raises:
            NotTheirChild: the caller does not stand for the pupil today, nor is the pupil.
            TooYoungToSee: the caller is the pupil, and below 14.
        """
        today = self._keeping.today()
        async with self._database.read() as connection:
            right = await storage.right_over(connection, caller.person_id, pupil_id, today=today)
            pupil = None if right is None else await person(connection, pupil_id)
            if right is None or pupil is None:
                own = caller.person_id == pupil_id and Role.ROLE_PUPIL in caller.roles
                raise TooYoungToSee if own else NotTheirChild
            known = await storage.of_pupil(
                connection, self._keeping.keyring, pupil_id, now=self._clock.now(), today=today
            )
        seen = [self._keeping.seen(one) for one in known]
        return Sight(pupil.name, right, latest_until(right, today), seen)

    async def invite(self, caller: Caller, wish: Wish, *, request_id: str) -> Seen:
        """Invite somebody to see a pupil.

        What it answers, and when, is the same whether there is an account with the login or not.

        Raises:
            NotTheirChild: the caller may not decide about the pupil.
            BadInvitee: the login cannot be one.
            BadTrustTerm: the last day is past, or later than the caller may grant.
            TooManyDelegations, TooManyInvitations: the pupil, or the caller today, has enough.
        """
        async with taking_at_least(_LEAST_TIME), self._database.transaction() as tx:

            async def act() -> InviteTrustedPersonResponse:
                invited = await self._invite(tx, caller, wish)
                # The address is nobody's business in the memory of requests.
                return InviteTrustedPersonResponse(delegation=DelegationMessage(delegation_id=str(invited)))

            reply = await once(
                tx,
                method="InviteTrustedPerson",
                actor=str(caller.person_id),
                request_id=request_id,
                request=_fingerprint(wish),
                reply_type=InviteTrustedPersonResponse,
                act=act,
            )
            known = await self._keeping.known(tx.connection, UUID(reply.delegation.delegation_id))
        return self._keeping.seen(known)

    async def withdraw(self, caller: Caller, pupil_id: UUID, delegation_id: UUID) -> None:
        """End a delegation or take an invitation back; again, nothing changes.

        Raises:
            NotTheirChild: the caller may not decide about the pupil.
            UnknownDelegation: the pupil has no such delegation.
        """
        async with self._database.transaction() as tx:
            await self._require_right(tx, caller, pupil_id)
            place = await storage.place_of(tx.connection, delegation_id=delegation_id)
            if place is None or place.pupil_id != pupil_id:
                raise UnknownDelegation
            await storage.hold_pupil(tx.connection, pupil_id)
            await self._keeping.end(tx, delegation_id, State.WITHDRAWN, by=caller.person_id)

    async def _invite(self, tx: Transaction, caller: Caller, wish: Wish) -> UUID:
        now, today = self._clock.now(), self._keeping.today()
        right = await self._require_right(tx, caller, wish.pupil_id)
        if not await person_exists(tx.connection, wish.pupil_id):
            raise NotTheirChild  # who has left keeps whom they trust, until somebody ends it
        require_term(wish.valid_until, right, today)
        login = None if wish.email else _login(wish.login)
        await storage.hold_pupil(tx.connection, wish.pupil_id)
        if await storage.open_of_pupil(tx.connection, wish.pupil_id, now=now, today=today) >= MOST_PER_PUPIL:
            raise TooManyDelegations
        if await storage.invited_since(tx.connection, caller.person_id, now - _DAY) >= MOST_PER_DAY:
            raise TooManyInvitations
        new = Delegation(
            id=new_id(),
            pupil_id=wish.pupil_id,
            grantor_id=caller.person_id,
            relation_id=right.relation_id,
            scopes=wish.scopes,
            valid_until=wish.valid_until,
            invited_at=now,
            answer_by=now + ANSWER_WITHIN,
            invitee=wish.email.text if wish.email else login or "",
        )
        if wish.email:
            await self._invite_by_letter(tx, new, wish.email)
        else:
            await self._invite_account(tx, new, login or "")
        write_down(tx, new, "invite_trusted", by=str(caller.person_id))
        return new.id

    async def _invite_by_letter(self, tx: Transaction, new: Delegation, email: Email) -> None:
        token = secrets.token_urlsafe(_TOKEN_BYTES)
        # Nothing of the child: whose letterbox it is nobody has shown.
        message_id = self._telling.tell(
            tx,
            person_id=new.grantor_id,
            channel=Channel.EMAIL,
            to=email.to,
            kind=MessageKind.MESSAGE_KIND_TRUST_INVITATION,
            values={"link": f"{self._address}/trusted/invitation/{token}"},
            expires_at=new.answer_by,
        )
        with_letter = replace(new, message_id=message_id)
        await storage.insert_delegation(
            tx.connection, self._keeping.keyring, with_letter, token_digest=digest_of(token)
        )

    async def _invite_account(self, tx: Transaction, new: Delegation, login: str) -> None:
        invited = await storage.holder_of_login(tx.connection, login)
        await storage.insert_delegation(
            tx.connection, self._keeping.keyring, replace(new, trusted_id=invited), token_digest=None
        )
        if invited is not None:
            await self._telling.tell_everywhere(tx, invited, MessageKind.MESSAGE_KIND_TRUST_INVITED, {})

    async def _require_right(self, tx: Transaction, caller: Caller, pupil_id: UUID) -> Right:
        right = await storage.right_over(
            tx.connection, caller.person_id, pupil_id, today=self._keeping.today(), lock=True
        )
        if right is None or not right.grants:
            raise NotTheirChild
        return right


def _login(text: str) -> str:
    login = normal_login(text[: LONGEST_LOGIN + 1])
    if not login or len(login) > LONGEST_LOGIN or not login.isprintable():
        raise BadInvitee
    return login


def _fingerprint(wish: Wish) -> InviteTrustedPersonRequest:
    request = InviteTrustedPersonRequest(
        pupil_id=str(wish.pupil_id),
        scopes=scope_numbers(wish.scopes),
        valid_until=wish.valid_until.isoformat(),
    )
    if wish.email:
        request.email = wish.email.folded
    else:
        request.login = wish.login
    return request
