"""`BlocksService` on the wire."""

from __future__ import annotations

from school.identity.v1 import blocks_pb2, blocks_pb2_grpc
from services.identity.blocks.usecases import Blocks
from services.kit.caller import caller
from services.kit.rpc.around import Context
from services.kit.rpc.parse import uuid_of


class BlocksRpc(blocks_pb2_grpc.BlocksServiceServicer):
    """Shutting accounts and opening them."""

    def __init__(self, blocks: Blocks) -> None:
        self._blocks = blocks

    async def BlockAccount(
        self, request: blocks_pb2.BlockAccountRequest, context: Context
    ) -> blocks_pb2.BlockAccountResponse:
        """Nobody comes in by it any more."""
        school_id = uuid_of(request.school_id, "school_id")
        person_id = uuid_of(request.person_id, "person_id")
        await self._blocks.block(caller(), school_id, person_id, request.reason)
        return blocks_pb2.BlockAccountResponse()

    async def UnblockAccount(
        self, request: blocks_pb2.UnblockAccountRequest, context: Context
    ) -> blocks_pb2.UnblockAccountResponse:
        """It is as it was."""
        school_id = uuid_of(request.school_id, "school_id")
        person_id = uuid_of(request.person_id, "person_id")
        await self._blocks.unblock(caller(), school_id, person_id, request.reason)
        return blocks_pb2.UnblockAccountResponse()
