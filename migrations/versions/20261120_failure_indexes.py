"""Failed events by code, attempts by end and by site: what lists of failures and attempts are read through"""

import sqlalchemy as sa
from alembic import op

revision = "20261120_failure_indexes"
down_revision = "20261120_people"
branch_labels = None
depends_on = None


def upgrade() -> None:
    not_ok = sa.text("event_class <> 'ok'")
    op.create_index(
        "ix_event_code",
        "event",
        ["code", "id", "stage", "event_class", "at", "site_id", "attempt_id", "user_id"],
        unique=False,
        sqlite_where=not_ok,
        postgresql_where=not_ok,
    )
    not_succeeded = sa.text("outcome <> 'succeeded'")
    op.create_index(
        "ix_attempt_outcome",
        "attempt",
        ["outcome", "id"],
        unique=False,
        sqlite_where=not_succeeded,
        postgresql_where=not_succeeded,
    )
    ended_by = sa.text("ended_by IS NOT NULL")
    op.create_index(
        "ix_attempt_ended_by",
        "attempt",
        ["ended_by", "id"],
        unique=False,
        sqlite_where=ended_by,
        postgresql_where=ended_by,
    )
    op.create_index("ix_attempt_site_id", "attempt", ["site_id", "id"], unique=False)


def downgrade() -> None:
    op.drop_index("ix_attempt_site_id", table_name="attempt")
    op.drop_index("ix_attempt_ended_by", table_name="attempt")
    op.drop_index("ix_attempt_outcome", table_name="attempt")
    op.drop_index("ix_event_code", table_name="event")
