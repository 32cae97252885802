"""What migration 0002 does for staff."""

from __future__ import annotations

STATEMENTS: tuple[str, ...] = (
    """
    CREATE INDEX person_roles_staff ON person_roles (school_id, person_id)
    WHERE role NOT IN ('PUPIL', 'GUARDIAN')
    """,
)
