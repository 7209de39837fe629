"""Exports say what their rows are of"""

import sqlalchemy as sa
from alembic import op

revision = "20261126_subjects"
down_revision = "20261126_withdrawn"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("export", sa.Column("subject", sa.String(length=16), nullable=False, server_default="users"))


def downgrade() -> None:
    op.drop_column("export", "subject")
