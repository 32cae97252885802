"""What migration 0002 does for schools."""

from __future__ import annotations

STATEMENTS: tuple[str, ...] = (
    """
    CREATE TABLE schools (
        school_id uuid PRIMARY KEY,
        title text NOT NULL,
        zone text NOT NULL,
        version bigint NOT NULL,
        source_event uuid NOT NULL
    )
    """,
    """
    CREATE TABLE classes (
        class_id uuid PRIMARY KEY,
        school_id uuid NOT NULL,
        title text NOT NULL,
        grade smallint NOT NULL,
        homeroom_teacher_id uuid,
        version bigint NOT NULL,
        source_event uuid NOT NULL
    )
    """,
    "CREATE INDEX classes_by_homeroom_teacher ON classes (homeroom_teacher_id, school_id)",
    "CREATE INDEX classes_by_school ON classes (school_id)",
    """
    CREATE TABLE memberships (
        membership_id uuid PRIMARY KEY,
        class_id uuid NOT NULL,
        school_id uuid NOT NULL,
        pupil_id uuid NOT NULL,
        valid_from date NOT NULL,
        valid_until date,
        version bigint NOT NULL,
        source_event uuid NOT NULL
    )
    """,
    "CREATE INDEX memberships_by_class ON memberships (class_id, pupil_id)",
    "CREATE INDEX memberships_by_pupil ON memberships (pupil_id)",
)
