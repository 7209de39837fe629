"""Keys of staff for their scripts, the second step of their sign-in, and whom a browser sees in the clear"""

import sqlalchemy as sa
from alembic import op

revision = "20261126_access"
down_revision = "20261126_attempt_notes"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.DateTime(timezone=True).with_variant(sa.String(26), "sqlite")


def upgrade() -> None:
    op.create_table(
        "staff_key",
        sa.Column("id", ID, autoincrement=False, nullable=False),
        sa.Column("staff_id", ID, nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("key_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("ending", sa.String(length=8), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("used_at", MOMENT, nullable=True),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_staff_key_staff_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_staff_key")),
        sa.UniqueConstraint("key_hash", name=op.f("uq_staff_key_key_hash")),
    )
    op.create_index(op.f("ix_staff_key_staff_id"), "staff_key", ["staff_id"], unique=False)
    op.create_table(
        "staff_totp",
        sa.Column("staff_id", ID, autoincrement=False, nullable=False),
        sa.Column("secret_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("made_at", MOMENT, nullable=False),
        sa.Column("confirmed_at", MOMENT, nullable=True),
        sa.Column("last_step", ID, nullable=True),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_staff_totp_staff_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("staff_id", name=op.f("pk_staff_totp")),
    )
    op.create_table(
        "reveal",
        sa.Column("token_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("subject_id", ID, autoincrement=False, nullable=False),
        sa.Column("until", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["token_hash"], ["session.token_hash"], name=op.f("fk_reveal_token_hash"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("token_hash", "subject_id", name=op.f("pk_reveal")),
    )


def downgrade() -> None:
    op.drop_table("reveal")
    op.drop_table("staff_totp")
    op.drop_index(op.f("ix_staff_key_staff_id"), table_name="staff_key")
    op.drop_table("staff_key")
