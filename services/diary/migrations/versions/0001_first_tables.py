"""Schools, timetable, the copy of who may see whom, marks, homework and remarks; the kit's own tables.

What each table and index is for is said where the code keeps them, in each capability's ``storage.py``.
"""

from __future__ import annotations

from alembic import op

from services.kit.tables import kit_tables_v1

revision = "0001"
down_revision = None

_TABLES = (
    """
    CREATE TABLE persons (
        person_id uuid NOT NULL,
        display_name text NOT NULL,
        roles smallint[] NOT NULL,
        version bigint NOT NULL,
        source_event uuid,
        CONSTRAINT pk_persons PRIMARY KEY (person_id)
    )
    """,
    """
    CREATE TABLE relations (
        relation_id uuid NOT NULL,
        guardian_id uuid NOT NULL,
        pupil_id uuid NOT NULL,
        valid_from date,
        valid_until date,
        ended_at timestamptz,
        version bigint NOT NULL,
        source_event uuid,
        CONSTRAINT pk_relations PRIMARY KEY (relation_id)
    )
    """,
    "CREATE INDEX ix_relations_guardian ON relations (guardian_id, pupil_id)",
    """
    CREATE TABLE schools (
        school_id uuid NOT NULL,
        title text NOT NULL,
        zone text NOT NULL,
        mark_scale text DEFAULT 'five_point' NOT NULL,
        CONSTRAINT pk_schools PRIMARY KEY (school_id)
    )
    """,
    """
    CREATE TABLE years (
        school_id uuid NOT NULL,
        year_id uuid NOT NULL,
        title text NOT NULL,
        starts_on date NOT NULL,
        ends_on date NOT NULL,
        CONSTRAINT pk_years PRIMARY KEY (school_id, year_id),
        CONSTRAINT ck_years_order CHECK (starts_on <= ends_on),
        CONSTRAINT fk_years_schools FOREIGN KEY (school_id) REFERENCES schools (school_id)
    )
    """,
    """
    CREATE TABLE terms (
        school_id uuid NOT NULL,
        term_id uuid NOT NULL,
        year_id uuid NOT NULL,
        title text NOT NULL,
        starts_on date NOT NULL,
        ends_on date NOT NULL,
        CONSTRAINT pk_terms PRIMARY KEY (school_id, term_id),
        CONSTRAINT fk_terms_years FOREIGN KEY (school_id, year_id)
            REFERENCES years (school_id, year_id),
        CONSTRAINT ck_terms_order CHECK (starts_on <= ends_on)
    )
    """,
    """
    CREATE TABLE holidays (
        school_id uuid NOT NULL,
        holiday_id uuid NOT NULL,
        title text NOT NULL,
        starts_on date NOT NULL,
        ends_on date NOT NULL,
        only_grade smallint,
        CONSTRAINT pk_holidays PRIMARY KEY (school_id, holiday_id),
        CONSTRAINT ck_holidays_order CHECK (starts_on <= ends_on),
        CONSTRAINT fk_holidays_schools FOREIGN KEY (school_id) REFERENCES schools (school_id)
    )
    """,
    """
    CREATE TABLE subjects (
        school_id uuid NOT NULL,
        subject_id uuid NOT NULL,
        title text NOT NULL,
        CONSTRAINT pk_subjects PRIMARY KEY (school_id, subject_id),
        CONSTRAINT fk_subjects_schools FOREIGN KEY (school_id) REFERENCES schools (school_id)
    )
    """,
    """
    CREATE TABLE teachers (
        teacher_id uuid NOT NULL,
        school_id uuid NOT NULL,
        CONSTRAINT pk_teachers PRIMARY KEY (teacher_id, school_id),
        CONSTRAINT fk_teachers_schools FOREIGN KEY (school_id) REFERENCES schools (school_id)
    )
    """,
    """
    CREATE TABLE classes (
        school_id uuid NOT NULL,
        class_id uuid NOT NULL,
        year_id uuid NOT NULL,
        grade smallint NOT NULL,
        title text NOT NULL,
        homeroom_teacher_id uuid,
        CONSTRAINT pk_classes PRIMARY KEY (school_id, class_id),
        CONSTRAINT fk_classes_years FOREIGN KEY (school_id, year_id)
            REFERENCES years (school_id, year_id),
        CONSTRAINT ck_classes_grade CHECK (grade BETWEEN 1 AND 11)
    )
    """,
    """
    CREATE TABLE memberships (
        school_id uuid NOT NULL,
        class_id uuid NOT NULL,
        pupil_id uuid NOT NULL,
        from_on date NOT NULL,
        until_on date,
        CONSTRAINT pk_memberships PRIMARY KEY (school_id, class_id, pupil_id, from_on),
        CONSTRAINT fk_memberships_classes FOREIGN KEY (school_id, class_id)
            REFERENCES classes (school_id, class_id),
        CONSTRAINT ck_memberships_order CHECK (from_on <= until_on)
    )
    """,
    "CREATE INDEX ix_memberships_pupil ON memberships (pupil_id, from_on)",
    """
    CREATE TABLE lessons (
        school_id uuid NOT NULL,
        lesson_id uuid NOT NULL,
        class_id uuid NOT NULL,
        subject_id uuid NOT NULL,
        teacher_id uuid NOT NULL,
        date date NOT NULL,
        number smallint NOT NULL,
        starts_at time NOT NULL,
        ends_at time NOT NULL,
        room text DEFAULT '' NOT NULL,
        topic text DEFAULT '' NOT NULL,
        work_type text DEFAULT '' NOT NULL,
        CONSTRAINT pk_lessons PRIMARY KEY (school_id, lesson_id),
        CONSTRAINT fk_lessons_classes FOREIGN KEY (school_id, class_id)
            REFERENCES classes (school_id, class_id),
        CONSTRAINT fk_lessons_subjects FOREIGN KEY (school_id, subject_id)
            REFERENCES subjects (school_id, subject_id),
        CONSTRAINT ck_lessons_number CHECK (number BETWEEN 0 AND 15),
        CONSTRAINT ck_lessons_order CHECK (starts_at < ends_at)
    )
    """,
    "CREATE INDEX ix_lessons_teacher ON lessons (school_id, teacher_id, date)",
    "CREATE INDEX ix_lessons_week ON lessons (school_id, class_id, date, number)",
    """
    CREATE TABLE homework (
        school_id uuid NOT NULL,
        lesson_id uuid NOT NULL,
        class_id uuid NOT NULL,
        lesson_date date NOT NULL,
        text text NOT NULL,
        version bigint NOT NULL,
        set_by uuid NOT NULL,
        set_at timestamptz NOT NULL,
        CONSTRAINT pk_homework PRIMARY KEY (school_id, lesson_id),
        CONSTRAINT fk_homework_lessons FOREIGN KEY (school_id, lesson_id)
            REFERENCES lessons (school_id, lesson_id)
    )
    """,
    "CREATE INDEX ix_homework_week ON homework (school_id, class_id, lesson_date)",
    """
    CREATE TABLE marks (
        school_id uuid NOT NULL,
        lesson_id uuid NOT NULL,
        pupil_id uuid NOT NULL,
        mark_id uuid NOT NULL,
        lesson_date date NOT NULL,
        text text NOT NULL,
        comment text DEFAULT '' NOT NULL,
        version bigint NOT NULL,
        set_by uuid NOT NULL,
        set_at timestamptz NOT NULL,
        CONSTRAINT pk_marks PRIMARY KEY (school_id, lesson_id, pupil_id),
        CONSTRAINT fk_marks_lessons FOREIGN KEY (school_id, lesson_id)
            REFERENCES lessons (school_id, lesson_id)
    )
    """,
    "CREATE INDEX ix_marks_week ON marks (school_id, pupil_id, lesson_date)",
    """
    CREATE TABLE mark_versions (
        school_id uuid NOT NULL,
        mark_id uuid NOT NULL,
        version bigint NOT NULL,
        text text NOT NULL,
        comment text DEFAULT '' NOT NULL,
        changed_by uuid NOT NULL,
        changed_at timestamptz NOT NULL,
        why text DEFAULT '' NOT NULL,
        CONSTRAINT pk_mark_versions PRIMARY KEY (school_id, mark_id, version)
    )
    """,
    """
    CREATE TABLE remarks (
        school_id uuid NOT NULL,
        remark_id uuid NOT NULL,
        lesson_id uuid NOT NULL,
        pupil_id uuid NOT NULL,
        lesson_date date NOT NULL,
        text text NOT NULL,
        left_by uuid NOT NULL,
        left_at timestamptz NOT NULL,
        CONSTRAINT pk_remarks PRIMARY KEY (school_id, remark_id),
        CONSTRAINT fk_remarks_lessons FOREIGN KEY (school_id, lesson_id)
            REFERENCES lessons (school_id, lesson_id)
    )
    """,
    "CREATE INDEX ix_remarks_lesson ON remarks (school_id, lesson_id)",
    "CREATE INDEX ix_remarks_week ON remarks (school_id, pupil_id, lesson_date)",
)


def upgrade() -> None:
    """Create everything."""
    kit_tables_v1(op)
    for statement in _TABLES:
        op.execute(statement)
