"""`EsiaChildrenService` on the wire."""

from __future__ import annotations

from school.identity.v1 import esia_children_pb2 as pb
from school.identity.v1 import esia_children_pb2_grpc
from services.identity.esia_children.rules import Proposal
from services.identity.esia_children.usecases.deciding import Deciding
from services.identity.esia_children.usecases.searching import Answered, Searching
from services.identity.people.messages import name_message
from services.kit.caller import caller
from services.kit.rpc.around import Context
from services.kit.rpc.parse import uuid_of


class EsiaChildrenRpc(esia_children_pb2_grpc.EsiaChildrenServiceServicer):
    """Children whom ESIA names, and what schools say to them."""

    def __init__(self, searching: Searching, deciding: Deciding) -> None:
        self._searching = searching
        self._deciding = deciding

    async def StartChildSearch(
        self, request: pb.StartChildSearchRequest, context: Context
    ) -> pb.StartChildSearchResponse:
        """Where the browser goes."""
        return pb.StartChildSearchResponse(authorization_url=await self._searching.start(caller()))

    async def CompleteChildSearch(
        self, request: pb.CompleteChildSearchRequest, context: Context
    ) -> pb.CompleteChildSearchResponse:
        """What became of each child."""
        # A state is good for one call: see `SignInRpc.CompleteEsiaSignIn`.
        await context.send_initial_metadata(())
        answered = Answered(request.state, request.code, request.error, request.error_description)
        named = await self._searching.complete(caller(), answered)
        return pb.CompleteChildSearchResponse(
            children=[
                pb.EsiaChild(
                    given_name=each.given_name,
                    outcome=pb.ChildOutcome.Value(f"CHILD_OUTCOME_{each.outcome}"),
                )
                for each in named
            ]
        )

    async def ListMyProposals(
        self, request: pb.ListMyProposalsRequest, context: Context
    ) -> pb.ListMyProposalsResponse:
        """What the caller waits for."""
        mine = await self._searching.mine(caller())
        return pb.ListMyProposalsResponse(
            proposals=[_message(each) for each in mine], can_search=self._searching.is_open
        )

    async def ListSchoolProposals(
        self, request: pb.ListSchoolProposalsRequest, context: Context
    ) -> pb.ListSchoolProposalsResponse:
        """What waits at the school."""
        waiting = await self._deciding.waiting(caller(), uuid_of(request.school_id, "school_id"))
        return pb.ListSchoolProposalsResponse(proposals=[_message(each) for each in waiting])

    async def AcceptProposal(
        self, request: pb.AcceptProposalRequest, context: Context
    ) -> pb.AcceptProposalResponse:
        """Nothing: the guardian stands for the pupil."""
        await self._deciding.accept(
            caller(),
            school_id=uuid_of(request.school_id, "school_id"),
            proposal_id=uuid_of(request.proposal_id, "proposal_id"),
        )
        return pb.AcceptProposalResponse()

    async def RefuseProposal(
        self, request: pb.RefuseProposalRequest, context: Context
    ) -> pb.RefuseProposalResponse:
        """Nothing: the guardian is told why."""
        await self._deciding.refuse(
            caller(),
            school_id=uuid_of(request.school_id, "school_id"),
            proposal_id=uuid_of(request.proposal_id, "proposal_id"),
            reason=request.reason,
        )
        return pb.RefuseProposalResponse()


def _message(proposal: Proposal) -> pb.RelationProposal:
    message = pb.RelationProposal(
        proposal_id=str(proposal.id),
        guardian_id=str(proposal.guardian_id),
        guardian_name=name_message(proposal.guardian),
        pupil_id=str(proposal.pupil_id),
        pupil_name=name_message(proposal.pupil),
    )
    message.proposed_at.FromDatetime(proposal.proposed_at)
    return message
