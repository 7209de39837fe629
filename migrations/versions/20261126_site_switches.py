"""What a site can switch on: an explanation page, guests, a required profile, and the key of hand-off `openid`"""

import sqlalchemy as sa
from alembic import op

revision = "20261126_site_switches"
down_revision = "20261120_user_refs"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True).with_variant(sa.String(26), "sqlite")
SWITCHES = ("explain", "snapshot_guest", "profile_required")


def upgrade() -> None:
    for name in SWITCHES:
        op.add_column("site", sa.Column(name, sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("site", sa.Column("privacy_url", sa.String(length=1024), nullable=True))
    op.add_column("site", sa.Column("handoff_key_sealed", sa.LargeBinary(), nullable=True))
    op.add_column("site", sa.Column("old_handoff_key_sealed", sa.LargeBinary(), nullable=True))
    op.add_column("site", sa.Column("old_handoff_key_until", MOMENT, nullable=True))
    # So far hand-off `openid` was stored without effect. Nobody's OpenID is to appear in addresses by an update alone:
    # switching it on again makes the key that it needs.
    op.execute("UPDATE site SET handoff = 'ticket'")


def downgrade() -> None:
    for name in ("old_handoff_key_until", "old_handoff_key_sealed", "handoff_key_sealed", "privacy_url", *SWITCHES):
        op.drop_column("site", name)
