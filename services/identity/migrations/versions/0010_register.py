"""Looking into the register: people by words of their names, and by their school.

Revision ID: 0010
"""

from __future__ import annotations

from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

# Written out, so that the index depends on no locale of a server.
_UPPER = "АБВГДЕЖЗИЙКЛМНОПРСТУФХЦЧШЩЪЫЬЭЮЯІЎҒҚҢҮҰҲҶҺӘӨ"
# What stands between the letters of a name: `services.identity.people.rules.JOINTS`.
_JOINTS = " ''-`\u00a0\u00b4\u02b9\u02bb\u02bc\u2010\u2011\u2012\u2013\u2014\u2018\u2019\u202f\u2032\u2212"
_STATEMENTS = (
    f"""
    CREATE FUNCTION name_words(surname text, given_name text, patronymic text) RETURNS tsvector
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN array_to_tsvector(array_remove(string_to_array(lower(translate(
        surname || ' ' || given_name || ' ' || patronymic,
        '{_UPPER}Ёё{_JOINTS}',
        '{_UPPER.lower()}ее{" " * (len(_JOINTS) - 1)}'
    )), ' '), ''))
    """,
    "CREATE INDEX people_by_words ON people USING gin (name_words(surname, given_name, patronymic))",
    "CREATE INDEX person_roles_by_school ON person_roles (school_id, person_id)",
)


def upgrade() -> None:
    for statement in _STATEMENTS:
        op.execute(statement)
