"""Views, as rows; read by pupil alone, for a pupil may change schools."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import Column, Date, DateTime, Index, Table, UniqueConstraint, Uuid, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from services.diary.metadata import metadata
from services.diary.views.rules import View

views = Table(
    "views",
    metadata,
    Column("view_id", Uuid, primary_key=True),  # UUIDv7: the order of time
    Column("pupil_id", Uuid, nullable=False),
    Column("viewer_id", Uuid, nullable=False),
    # The quarter of an hour, as `views.rules.quarter_of` has it.
    Column("quarter", DateTime(timezone=True), nullable=False),
    # The days that were shown.
    Column("first_day", Date, nullable=False),
    Column("last_day", Date, nullable=False),
    # The first time in that quarter.
    Column("seen_at", DateTime(timezone=True), nullable=False),
    # One look at the same days in a quarter of an hour.
    UniqueConstraint("pupil_id", "viewer_id", "quarter", "first_day"),
    # ListViews: a pupil's, the newest first.
    Index("ix_views_pupil", "pupil_id", "view_id"),
)


async def insert_view(connection: AsyncConnection, view: View) -> bool:
    """Keep a view, unless the same days were looked at in the same quarter; whether it was kept."""
    kept = await connection.execute(
        insert(views)
        .values(
            view_id=view.id,
            pupil_id=view.pupil_id,
            viewer_id=view.viewer_id,
            quarter=view.quarter,
            first_day=view.first_day,
            last_day=view.last_day,
            seen_at=view.seen_at,
        )
        .on_conflict_do_nothing()
        .returning(views.c.view_id)
    )
    return kept.first() is not None


async def of_pupil(
    connection: AsyncConnection, pupil_id: UUID, *, before: UUID | None, limit: int
) -> list[View]:
    """Views of a pupil's diary, the newest first; ``before``: older than this one."""
    found = await connection.execute(
        select(views)
        .where(views.c.pupil_id == pupil_id, *([] if before is None else [views.c.view_id < before]))
        .order_by(views.c.view_id.desc())
        .limit(limit)
    )
    return [
        View(row.view_id, row.pupil_id, row.viewer_id, row.seen_at, row.first_day, row.last_day)
        for row in found
    ]
