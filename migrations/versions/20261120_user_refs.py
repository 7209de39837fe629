"""Users are found by a site's own number of them."""

import sqlalchemy as sa
from alembic import op

revision = "20261120_user_refs"
down_revision = "20261120_failure_indexes"
branch_labels = None
depends_on = None

WHERE = sa.text("last_ref IS NOT NULL")


def upgrade() -> None:
    op.create_index(
        "ix_user_channel_last_ref", "user_channel", ["last_ref"], sqlite_where=WHERE, postgresql_where=WHERE
    )


def downgrade() -> None:
    op.drop_index("ix_user_channel_last_ref", table_name="user_channel", sqlite_where=WHERE, postgresql_where=WHERE)
