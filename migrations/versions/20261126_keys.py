"""Which keys each process has, when it ended, and which key is being looked at for whether anything still needs it"""

import sqlalchemy as sa
from alembic import op

revision = "20261126_keys"
down_revision = "20261126_refreshing"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.DateTime(timezone=True).with_variant(sa.String(26), "sqlite")


def upgrade() -> None:
    op.add_column("node", sa.Column("ended_at", MOMENT, nullable=True))
    op.add_column("node", sa.Column("key_ids", sa.Text(), nullable=True))
    op.add_column("key_in_use", sa.Column("leaving_by", ID, nullable=True))


def downgrade() -> None:
    op.drop_column("key_in_use", "leaving_by")
    op.drop_column("node", "key_ids")
    op.drop_column("node", "ended_at")
