"""An incident notice may say until when, and is gone then"""

import sqlalchemy as sa
from alembic import op

revision = "20261127_notice_until"
down_revision = "20261127_contact"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True).with_variant(sa.String(26), "sqlite")


def upgrade() -> None:
    op.add_column("notice", sa.Column("until", MOMENT, nullable=True))


def downgrade() -> None:
    op.drop_column("notice", "until")
