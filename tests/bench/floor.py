"""The floor under the week: one process, Starlette, the diary's own statements by SQLAlchemy Core, same JSON.

No token, no policy, no second process: whatever the mesh adds is measured against this. The diary itself
runs these statements by the driver (`services.kit.reader`); the floor is what one would write first.
`python -m tests.bench.floor DATABASE_URL PORT` serves it.
"""

from __future__ import annotations

import sys
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import orjson
import uvicorn
from sqlalchemy.ext.asyncio import create_async_engine
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from services.diary.week.storage import LAST_DAY, LESSONS, PLACES


def app(database_url: str) -> Starlette:
    """The floor's application."""
    # As the services open their pools; a read needs no transaction, here as there.
    engine = create_async_engine(
        database_url,
        pool_size=10,
        max_overflow=0,
        pool_use_lifo=True,
        isolation_level="AUTOCOMMIT",
        connect_args={"server_settings": {"jit": "off", "timezone": "UTC"}},
    )

    async def week(request: Request) -> Response:
        pupil_id = UUID(request.path_params["pupil_id"])
        caller_id = UUID(request.query_params["caller"])
        day = date.fromisoformat(request.query_params["date"])
        monday = day - timedelta(days=day.weekday())
        saturday = monday + timedelta(days=5)
        async with engine.connect() as connection:
            asked = {"caller_id": caller_id, "pupil_id": pupil_id, "since": monday, "until": saturday}
            place = (await connection.execute(PLACES, asked)).first()
            if place is None or place.valid_from is None:
                return Response(status_code=403)
            page = {
                "school_id": place.school_id,
                "class_id": place.class_id,
                "pupil_id": pupil_id,
                "from_on": max(place.from_on, monday),
                "to_on": saturday,
            }
            rows = (await connection.execute(LESSONS, page)).all()
            last = None
            if not rows:
                before = page | {"from_on": place.from_on, "to_on": monday - timedelta(days=1)}
                last = await connection.scalar(LAST_DAY, before)
        week = _json(pupil_id, place, monday, rows) | {"last_lessons_on": last.isoformat() if last else ""}
        return Response(orjson.dumps(week), media_type="application/json")

    return Starlette(routes=[Route("/v1/pupils/{pupil_id}/week", week)])


def _json(pupil_id: UUID, place: Any, monday: date, rows: Any) -> dict[str, Any]:
    days: dict[date, list[dict[str, Any]]] = {monday + timedelta(days=n): [] for n in range(6)}
    # Taken apart at once, as the diary does: reading rows by name would make the floor slower than it is.
    for (
        lesson_id,
        day,
        number,
        starts_at,
        ends_at,
        subject,
        room,
        teacher,
        topic,
        homework,
        work_type,
        mark,
        comment,
        version,
        remarks,
    ) in rows:
        shown = {"text": mark, "work_type": work_type, "comment": comment, "version": str(version)}
        days[day].append(
            {
                "lesson_id": str(lesson_id),
                "number": number,
                "starts_at": starts_at.isoformat("minutes"),
                "ends_at": ends_at.isoformat("minutes"),
                "subject_title": subject,
                "room": room,
                "teacher_name": teacher or "",
                "topic": topic,
                "homework": homework or "",
                "marks": [shown] if mark is not None else [],
                "remarks": remarks or [],
            }
        )
    return {
        "pupil": {
            "pupil_id": str(pupil_id),
            "display_name": place.display_name,
            "school_title": place.school_title,
            "class_title": place.class_title,
            "zone": place.zone,
        },
        "days": [{"date": day.isoformat(), "holiday": "", "lessons": found} for day, found in days.items()],
    }


if __name__ == "__main__":
    uvicorn.run(
        app(sys.argv[1]), host="127.0.0.1", port=int(sys.argv[2]), access_log=False, log_level="warning"
    )
