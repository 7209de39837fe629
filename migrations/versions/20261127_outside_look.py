"""What was seen of the set-up from outside, by whichever process, is kept until somebody looks again"""

import sqlalchemy as sa
from alembic import op

revision = "20261127_outside_look"
down_revision = "20261127_notice_until"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True).with_variant(sa.String(26), "sqlite")


def upgrade() -> None:
    op.create_table(
        "outside_look",
        sa.Column("id", sa.Integer(), autoincrement=False, primary_key=True),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("seen", sa.JSON(), nullable=False),
    )


def downgrade() -> None:
    op.drop_table("outside_look")
