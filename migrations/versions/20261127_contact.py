"""Who is not to be contacted, since when and by whom; lists of people that staff upload; and whom exports left out"""

import sqlalchemy as sa
from alembic import op

revision = "20261127_contact"
down_revision = "20261126_segments"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.DateTime(timezone=True).with_variant(sa.String(26), "sqlite")
EXACT = sa.String(64).with_variant(sa.String(64, collation="C"), "postgresql")


def upgrade() -> None:
    op.add_column("user", sa.Column("blocked_at", MOMENT, nullable=True))
    op.add_column("user", sa.Column("blocked_by", sa.String(length=80), nullable=True))
    op.add_column("user", sa.Column("blocked_why", sa.String(length=200), nullable=True))
    # Nobody else is in it, so that the logins of all others write nothing into it.
    is_blocked = sa.text("blocked_at IS NOT NULL")
    op.create_index("ix_user_blocked", "user", ["id"], sqlite_where=is_blocked, postgresql_where=is_blocked)
    op.create_table(
        "uploaded_list",
        sa.Column("id", ID, autoincrement=False, nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("account_id", ID, nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("made_at", MOMENT, nullable=False),
        sa.Column("made_by", sa.String(length=64), nullable=False),
        sa.Column("held", sa.Integer(), nullable=False),
        sa.Column("repeated", sa.Integer(), nullable=False),
        sa.Column("unreadable", sa.Integer(), nullable=False),
        sa.Column("unreadable_lines", sa.JSON(), nullable=False),
        sa.Column("ready_at", MOMENT, nullable=True),
        sa.Column("found", sa.Integer(), nullable=True),
        sa.Column("elsewhere", sa.Integer(), nullable=True),
        sa.Column("matched_at", MOMENT, nullable=True),
        sa.Column("kept_until", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_uploaded_list_account_id_account")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_uploaded_list")),
        sa.UniqueConstraint("name", name=op.f("uq_uploaded_list_name")),
    )
    op.create_table(
        "uploaded_value",
        sa.Column("list_id", ID, nullable=False),
        sa.Column("value", EXACT, nullable=False),
        sa.ForeignKeyConstraint(
            ["list_id"], ["uploaded_list.id"], name=op.f("fk_uploaded_value_list_id_uploaded_list"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("list_id", "value", name=op.f("pk_uploaded_value")),
    )
    op.add_column("export", sa.Column("with_blocked", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("export", sa.Column("left_out", sa.Integer(), nullable=True))
    op.add_column("export", sa.Column("lists", sa.JSON(), nullable=True))


def downgrade() -> None:
    for name in ("lists", "left_out", "with_blocked"):
        op.drop_column("export", name)
    op.drop_table("uploaded_value")
    op.drop_table("uploaded_list")
    op.drop_index("ix_user_blocked", table_name="user")
    for name in ("blocked_why", "blocked_by", "blocked_at"):
        op.drop_column("user", name)
