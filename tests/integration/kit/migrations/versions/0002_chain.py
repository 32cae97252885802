"""What a later migration does: the chain of the audit."""

from alembic import op

from services.kit.tables import kit_tables_v2

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    kit_tables_v2(op)
