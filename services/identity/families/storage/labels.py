"""What guardians call their children, as rows."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from sqlalchemy import Column, DateTime, ForeignKey, Index, Table, Text, Uuid, delete
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from services.identity.metadata import metadata

child_labels = Table(
    "child_labels",
    metadata,
    Column("guardian_id", Uuid, ForeignKey("people.id"), primary_key=True),
    Column("pupil_id", Uuid, ForeignKey("people.id"), primary_key=True),
    Column("label", Text, nullable=False),
    Column("folded", Text, nullable=False),  # the label in lower case
    Column("set_at", DateTime(timezone=True), nullable=False),
    # Two children of one guardian are called differently.
    Index("child_labels_one_per_guardian", "guardian_id", "folded", unique=True),
)


async def set_label(
    connection: AsyncConnection,
    guardian_id: UUID,
    pupil_id: UUID,
    label: str,
    *,
    present: Collection[UUID],
    at: datetime,
) -> bool:
    """Call a child so; whether no other child of the guardian is called so.

    ``present``: the guardian's children; a label of one who is none any more makes room. Two at once for one
    guardian wait for each other at the row or the index.
    """
    folded = label.lower()
    await connection.execute(
        delete(child_labels).where(
            child_labels.c.guardian_id == guardian_id,
            child_labels.c.folded == folded,
            child_labels.c.pupil_id.not_in([*present, pupil_id]),
        )
    )
    values = {"label": label, "folded": folded, "set_at": at}
    inserted = await connection.execute(
        insert(child_labels)
        .values(guardian_id=guardian_id, pupil_id=pupil_id, **values)
        .on_conflict_do_nothing()
        .returning(child_labels.c.pupil_id)
    )
    if inserted.first() is not None:
        return True
    known = await connection.execute(
        child_labels.select().where(
            child_labels.c.guardian_id == guardian_id, child_labels.c.folded == folded
        )
    )
    holder = known.first()
    if holder is not None and holder.pupil_id != pupil_id:
        return False
    moved = await connection.execute(
        child_labels.update()
        .where(child_labels.c.guardian_id == guardian_id, child_labels.c.pupil_id == pupil_id)
        .values(**values)
    )
    return moved.rowcount == 1
