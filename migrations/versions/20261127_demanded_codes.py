"""An administrator can demand a two-step code of somebody"""

import sqlalchemy as sa
from alembic import op

revision = "20261127_demanded_codes"
down_revision = "20261127_outside_look"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True).with_variant(sa.String(26), "sqlite")


def upgrade() -> None:
    op.add_column("staff", sa.Column("two_step_demanded_at", MOMENT, nullable=True))


def downgrade() -> None:
    op.drop_column("staff", "two_step_demanded_at")
