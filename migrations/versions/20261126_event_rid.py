"""The event of a rid is looked up by an index"""

import sqlalchemy as sa
from alembic import op

revision = "20261126_event_rid"
down_revision = "20261126_keys"
branch_labels = None
depends_on = None


def upgrade() -> None:
    has_rid = sa.text("rid IS NOT NULL")
    op.create_index("ix_event_rid", "event", ["rid"], unique=False, sqlite_where=has_rid, postgresql_where=has_rid)


def downgrade() -> None:
    op.drop_index("ix_event_rid", table_name="event")
