"""Files of exports are withdrawn when somebody who may be in them is forgotten"""

import sqlalchemy as sa
from alembic import op

revision = "20261126_withdrawn"
down_revision = "20261126_exports"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True).with_variant(sa.String(26), "sqlite")


def upgrade() -> None:
    op.add_column("export", sa.Column("withdrawn_at", MOMENT, nullable=True))


def downgrade() -> None:
    op.drop_column("export", "withdrawn_at")
