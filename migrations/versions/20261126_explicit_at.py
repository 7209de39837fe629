"""When a user first consented explicitly"""

import sqlalchemy as sa
from alembic import op

revision = "20261126_explicit_at"
down_revision = "20261126_notices"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True).with_variant(sa.String(26), "sqlite")

# Of whoever was first seen since the oldest attempt that is kept, all attempts are: the first consent is among them. Of
# others it may have been purged, and is left unknown.
FIRST_CONSENTS = """
UPDATE "user" SET explicit_at = (
    SELECT min(attempt.ended_at) FROM attempt
    WHERE attempt.user_id = "user".id AND attempt.outcome = 'succeeded'
        AND attempt.scope_granted LIKE '%snsapi_userinfo%'
)
WHERE granted_userinfo AND first_seen_at >= (SELECT started_at FROM attempt ORDER BY id LIMIT 1)
"""


def upgrade() -> None:
    op.add_column("user", sa.Column("explicit_at", MOMENT, nullable=True))
    op.execute(sa.text(FIRST_CONSENTS))


def downgrade() -> None:
    op.drop_column("user", "explicit_at")
