"""People by day: which login was a person's first of its day, and how many there were by hour"""

import sqlalchemy as sa
from alembic import op

revision = "20261120_people"
down_revision = "20261120_core"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # With a default, so that no table is rewritten. Logins from before count as nobody's first of the day: the
    # settings that say where a day begins are not known here.
    op.add_column("event", sa.Column("first_of_day", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("login_hour", sa.Column("people", sa.Integer(), nullable=False, server_default="0"))


def downgrade() -> None:
    op.drop_column("login_hour", "people")
    op.drop_column("event", "first_of_day")
