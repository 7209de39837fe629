"""Until which day an account is verified, which nobody but its administrator knows"""

import sqlalchemy as sa
from alembic import op

revision = "20261126_verified_until"
down_revision = "20261126_explicit_at"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("account", sa.Column("verified_until", sa.Date(), nullable=True))


def downgrade() -> None:
    op.drop_column("account", "verified_until")
