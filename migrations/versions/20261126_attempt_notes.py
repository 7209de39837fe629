"""Staff write notes about a login"""

import sqlalchemy as sa
from alembic import op

revision = "20261126_attempt_notes"
down_revision = "20261126_event_rid"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.DateTime(timezone=True).with_variant(sa.String(length=26), "sqlite")


def upgrade() -> None:
    op.create_table(
        "attempt_note",
        sa.Column("id", ID, autoincrement=False, nullable=False),
        sa.Column("attempt_id", ID, nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("author", sa.String(length=64), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["attempt_id"], ["attempt.id"], name=op.f("fk_attempt_note_attempt_id_attempt"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attempt_note")),
    )
    op.create_index(op.f("ix_attempt_note_attempt_id"), "attempt_note", ["attempt_id"], unique=False)


def downgrade() -> None:
    op.drop_index(op.f("ix_attempt_note_attempt_id"), table_name="attempt_note")
    op.drop_table("attempt_note")
