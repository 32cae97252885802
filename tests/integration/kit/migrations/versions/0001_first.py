"""What a service's first migration does: the kit's tables, and one of its own."""

from alembic import op

from services.kit.tables import kit_tables_v1

revision = "0001"
down_revision = None


def upgrade() -> None:
    kit_tables_v1(op)
    op.execute("CREATE TABLE effects (id bigserial PRIMARY KEY, what text NOT NULL, version bigint NOT NULL)")
