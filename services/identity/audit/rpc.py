"""`AuditService` on the wire."""

from __future__ import annotations

from school.identity.v1 import audit_pb2, audit_pb2_grpc
from services.identity.audit.usecases import Audit
from services.kit.audit.chain import Entry
from services.kit.caller import caller
from services.kit.paging import PageWish
from services.kit.rpc.around import Context


class AuditRpc(audit_pb2_grpc.AuditServiceServicer):
    """Reading and checking the audit."""

    def __init__(self, audit: Audit) -> None:
        self._audit = audit

    async def ListMyAudit(
        self, request: audit_pb2.ListMyAuditRequest, context: Context
    ) -> audit_pb2.ListMyAuditResponse:
        """What concerns the caller."""
        page = await self._audit.mine(caller(), PageWish.of(request))
        return audit_pb2.ListMyAuditResponse(
            entries=[
                _message(one.entry, one.position, one.digest, actor_name=one.actor_name) for one in page.rows
            ],
            next_page_token=page.next_token,
        )

    async def ExportAudit(
        self, request: audit_pb2.ExportAuditRequest, context: Context
    ) -> audit_pb2.ExportAuditResponse:
        """Everything, in order, a page at a time."""
        links = await self._audit.export(after=request.after_position, size=request.page_size)
        return audit_pb2.ExportAuditResponse(
            entries=[_message(link.entry, link.position, link.digest) for link in links]
        )

    async def VerifyAudit(
        self, request: audit_pb2.VerifyAuditRequest, context: Context
    ) -> audit_pb2.VerifyAuditResponse:
        """Whether a piece of the chain is whole."""
        checked = await self._audit.verify(after=request.after_position)
        return audit_pb2.VerifyAuditResponse(
            whole=checked.whole,
            entry_count=checked.count,
            broken_at=checked.broken_at or 0,
            last_digest=checked.digest.hex(),
            last_position=checked.position,
            complete=checked.complete,
        )


def _message(entry: Entry, position: int, digest: bytes, *, actor_name: str = "") -> audit_pb2.AuditEntry:
    message = audit_pb2.AuditEntry(
        entry_id=str(entry.id),
        actor=entry.actor,
        actor_name=actor_name,
        action=entry.action,
        object_kind=entry.object_kind,
        object_id=entry.object_id,
        why=entry.why or "",
        position=position,
        digest=digest.hex(),
        subject_id=str(entry.subject) if entry.subject else "",
    )
    message.at.FromDatetime(entry.at)
    return message
