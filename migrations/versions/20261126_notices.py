"""Incident notices, and whose turn it is at jobs that one process does for all"""

import sqlalchemy as sa
from alembic import op

revision = "20261126_notices"
down_revision = "20261126_access"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.DateTime(timezone=True).with_variant(sa.String(26), "sqlite")


def upgrade() -> None:
    op.create_table(
        "notice",
        sa.Column("id", ID, autoincrement=False, nullable=False),
        sa.Column("text_zh", sa.String(length=300), nullable=False),
        sa.Column("text_en", sa.String(length=300), nullable=False),
        sa.Column("reply", sa.String(length=1000), nullable=False),
        sa.Column("on_visitors", sa.Boolean(), nullable=False),
        sa.Column("since", MOMENT, nullable=False),
        sa.Column("set_by", sa.String(length=64), nullable=False),
        sa.Column("ended_at", MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notice")),
    )
    op.create_table(
        "job_turn",
        sa.Column("name", sa.String(length=32), nullable=False),
        sa.Column("node", ID, nullable=True),
        sa.Column("until", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_job_turn")),
    )


def downgrade() -> None:
    op.drop_table("job_turn")
    op.drop_table("notice")
