"""What a school's registrar says to a child whom ESIA named."""

from __future__ import annotations

from uuid import UUID

from school.identity.v1.events_pb2 import MessageKind
from services.identity.esia_children import storage
from services.identity.esia_children.rules import (
    MOST_WAITING,
    Proposal,
    ProposalDecided,
    ProposalState,
    UnknownProposal,
)
from services.identity.families.rules.relations import (
    Relation,
    RelationBasis,
    RelationKind,
)
from services.identity.families.storage import standing
from services.identity.families.storage.standing import Pupil
from services.identity.families.usecases.charge import (
    reason_of,
    require_charge,
    require_foreign,
)
from services.identity.families.usecases.relating import Relating
from services.identity.people.rights import require_registrar
from services.identity.telling.usecases import Telling
from services.kit.caller import Caller
from services.kit.clock import Clock
from services.kit.database import Database, Transaction
from services.kit.ids import new_id


class Deciding:
    """The school's queue."""

    def __init__(self, database: Database, relating: Relating, telling: Telling, clock: Clock) -> None:
        self._database = database
        self._relating = relating
        self._telling = telling
        self._clock = clock

    async def waiting(self, caller: Caller, school_id: UUID) -> list[Proposal]:
        """What waits at the caller's school. Raises `NotTheirSchool`."""
        async with self._database.read() as connection:
            await require_registrar(connection, caller, school_id)
            return await storage.waiting_at(connection, school_id, most=MOST_WAITING)

    async def accept(self, caller: Caller, *, school_id: UUID, proposal_id: UUID) -> None:
        """Let the guardian stand for the pupil; accepting again succeeds.

        Raises:
            NotTheirSchool: the caller is no registrar of the school.
            PupilLeft: the pupil has left it since.
            UnknownProposal: it has no such proposal.
            ProposalDecided: it was refused.
            OwnFamily: it is the caller's own.
            RelationExists, CourtForbids, PupilOfAge: what has changed since.
        """
        async with self._database.transaction() as tx:
            proposal, pupil = await self._theirs(tx, caller, school_id, proposal_id, ProposalState.ACCEPTED)
            if proposal.state is ProposalState.ACCEPTED:
                return
            await require_charge(tx.connection, school_id, pupil.id, lets_in=True)
            wish = Relation(
                new_id(),
                proposal.guardian_id,
                proposal.pupil_id,
                school_id,
                RelationKind.PARENT,
                valid_from=await self._relating.today(tx.connection, school_id),
                valid_until=None,
                basis=RelationBasis.ESIA,
            )
            await self._relating.begin(tx, wish, pupil, by=caller.person_id)
            await self._decide(tx, caller, proposal, ProposalState.ACCEPTED, "")

    async def refuse(self, caller: Caller, *, school_id: UUID, proposal_id: UUID, reason: str) -> None:
        """Leave it, and tell the guardian why; refusing again succeeds.

        Raises:
            NotTheirSchool, UnknownProposal, OwnFamily: see `accept`.
            ProposalDecided: it was accepted.
            WhyNeeded: no reason is given.
        """
        why = reason_of(reason)
        async with self._database.transaction() as tx:
            proposal, _ = await self._theirs(tx, caller, school_id, proposal_id, ProposalState.REFUSED)
            if proposal.state is ProposalState.REFUSED:
                return
            await self._decide(tx, caller, proposal, ProposalState.REFUSED, why)
            await self._telling.tell_everywhere(
                tx,
                proposal.guardian_id,
                MessageKind.MESSAGE_KIND_CHILD_REFUSED,
                {"child": proposal.pupil.given_name, "reason": why},
            )

    async def _theirs(
        self, tx: Transaction, caller: Caller, school_id: UUID, proposal_id: UUID, wish: ProposalState
    ) -> tuple[Proposal, Pupil]:
        await require_registrar(tx.connection, caller, school_id)
        known = await storage.proposal(tx.connection, proposal_id)
        if known is None or known.school_id != school_id:
            raise UnknownProposal
        pupil = await standing.pupil(tx.connection, known.pupil_id, lock=True)
        # Once more, now that nobody else decides.
        proposal = await storage.proposal(tx.connection, proposal_id)
        if pupil is None or proposal is None:
            raise UnknownProposal
        if proposal.state not in {ProposalState.WAITING, wish}:
            raise ProposalDecided
        today = await self._relating.today(tx.connection, school_id)
        await require_foreign(tx.connection, caller, proposal.guardian_id, proposal.pupil_id, today=today)
        return proposal, pupil

    async def _decide(
        self, tx: Transaction, caller: Caller, proposal: Proposal, state: ProposalState, reason: str
    ) -> None:
        await storage.decide(
            tx.connection, proposal.id, state, by=caller.person_id, at=self._clock.now(), reason=reason
        )
        tx.audit(
            actor=str(caller.person_id),
            action="accept_child" if state is ProposalState.ACCEPTED else "refuse_child",
            object_kind="relation_proposal",
            object_id=str(proposal.id),
            why=reason or None,
            subject=proposal.pupil_id,
        )
