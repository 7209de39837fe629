"""People whose data were deleted, and the receipts of that"""

import sqlalchemy as sa
from alembic import op

revision = "20261126_erasures"
down_revision = "20261126_verified_until"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.DateTime(timezone=True).with_variant(sa.String(26), "sqlite")
WAITING = sa.text("cleaned_at IS NULL")


def upgrade() -> None:
    # Nullable, so that no table is rewritten.
    op.add_column("user", sa.Column("forgotten_at", MOMENT, nullable=True))
    op.create_table(
        "erasure",
        sa.Column("id", ID, autoincrement=False, nullable=False),
        sa.Column("user_id", ID, nullable=False),
        sa.Column("account_id", ID, nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("actor", sa.String(length=64), nullable=False),
        sa.Column("reason", sa.String(length=32), nullable=False),
        sa.Column("note", sa.String(length=200), nullable=True),
        sa.Column("rows", sa.JSON(), nullable=False),
        sa.Column("exports", sa.JSON(), nullable=False),
        sa.Column("exports_total", sa.Integer(), nullable=False),
        sa.Column("cleaned_at", MOMENT, nullable=True),
        sa.Column("cleaned_how", sa.String(length=16), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_erasure")),
        sa.UniqueConstraint("user_id", name=op.f("uq_erasure_user_id")),
    )
    op.create_index("ix_erasure_waiting", "erasure", ["at"], sqlite_where=WAITING, postgresql_where=WAITING)


def downgrade() -> None:
    op.drop_index("ix_erasure_waiting", table_name="erasure", sqlite_where=WAITING, postgresql_where=WAITING)
    op.drop_table("erasure")
    op.drop_column("user", "forgotten_at")
