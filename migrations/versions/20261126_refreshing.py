"""Refreshing over all processes: how it stands at each account, a ledger of passes, and an index to lease by"""

import sqlalchemy as sa
from alembic import op

revision = "20261126_refreshing"
down_revision = "20261126_site_switches"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.DateTime(timezone=True).with_variant(sa.String(26), "sqlite")


def upgrade() -> None:
    # With a default, so that no table is rewritten.
    op.add_column("account", sa.Column("refresh_active_days", sa.Integer(), nullable=False, server_default="7"))
    op.add_column("account", sa.Column("refresh_quota", sa.Integer(), nullable=True))
    op.add_column("token", sa.Column("unknown_since", MOMENT, nullable=True))
    op.create_table(
        "account_refresh",
        sa.Column("account_id", ID, autoincrement=False, nullable=False),
        sa.Column("hold", sa.String(length=16), nullable=True),
        sa.Column("hold_code", sa.String(length=32), nullable=True),
        sa.Column("hold_by", sa.String(length=64), nullable=True),
        sa.Column("held_at", MOMENT, nullable=True),
        sa.Column("probe_at", MOMENT, nullable=True),
        sa.Column("window_began_at", MOMENT, nullable=True),
        sa.Column("window_calls", sa.Integer(), nullable=False),
        sa.Column("window_failures", sa.Integer(), nullable=False),
        sa.Column("budget_until", MOMENT, nullable=True),
        sa.Column("waking_after", ID, nullable=True),
        sa.PrimaryKeyConstraint("account_id", name=op.f("pk_account_refresh")),
    )
    op.create_table(
        "refresh_pass",
        sa.Column("id", ID, autoincrement=False, nullable=False),
        sa.Column("node", ID, nullable=False),
        sa.Column("trigger", sa.String(length=16), nullable=False),
        sa.Column("actor", sa.String(length=64), nullable=True),
        sa.Column("started_at", MOMENT, nullable=False),
        sa.Column("ended_at", MOMENT, nullable=True),
        sa.Column("leased", sa.Integer(), nullable=False),
        sa.Column("renewed", sa.Integer(), nullable=False),
        sa.Column("overtaken", sa.Integer(), nullable=False),
        sa.Column("given_back", sa.Integer(), nullable=False),
        sa.Column("put_aside", sa.Integer(), nullable=False),
        sa.Column("failures", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_refresh_pass")),
    )
    op.drop_index("ix_token_due", table_name="token")
    op.create_index(
        "ix_token_due",
        "token",
        ["state", "account_id", "next_refresh_at", "lease_until", "expires_at"],
        unique=False,
        postgresql_include=["user_id"],
    )


def downgrade() -> None:
    op.drop_index("ix_token_due", table_name="token")
    op.create_index("ix_token_due", "token", ["state", "next_refresh_at"], unique=False)
    op.drop_table("refresh_pass")
    op.drop_table("account_refresh")
    op.drop_column("token", "unknown_since")
    op.drop_column("account", "refresh_quota")
    op.drop_column("account", "refresh_active_days")
