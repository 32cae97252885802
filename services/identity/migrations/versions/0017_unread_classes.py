"""A class or membership of which nothing could be read has a place in the copy, where it opens nothing."""

from __future__ import annotations

from alembic import op

revision = "0017"
down_revision = "0016"

_MAY_BE_EMPTY = {
    "classes": ("school_id", "title", "grade"),
    "memberships": ("class_id", "school_id", "pupil_id", "valid_from"),
}


def upgrade() -> None:
    """Let the columns be empty."""
    for table, columns in _MAY_BE_EMPTY.items():
        dropped = ", ".join(f"ALTER COLUMN {column} DROP NOT NULL" for column in columns)
        op.execute(f"ALTER TABLE {table} {dropped}")
