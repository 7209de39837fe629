"""Segments, whom an export held, and exports of what has changed since another"""

import sqlalchemy as sa
from alembic import op

revision = "20261126_segments"
down_revision = "20261126_subjects"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.DateTime(timezone=True).with_variant(sa.String(26), "sqlite")
NAME = sa.String(64).with_variant(sa.String(64, collation="C"), "postgresql")
OF_EXPORT = (
    *(("segment_id", ID), ("segment", sa.String(64)), ("since_id", ID), ("change_no", ID)),
    *((name, sa.Integer()) for name in ("added", "changed", "gone", "forgotten")),
)


def upgrade() -> None:
    op.create_table(
        "segment",
        sa.Column("id", ID, autoincrement=False, nullable=False),
        sa.Column("name", NAME, nullable=False),
        sa.Column("filters", sa.Text(), nullable=False),
        sa.Column("filter_zone", sa.String(64), nullable=False),
        sa.Column("made_at", MOMENT, nullable=False),
        sa.Column("made_by", sa.String(64), nullable=False),
        sa.Column("changed_at", MOMENT, nullable=False),
        sa.Column("changed_by", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_segment")),
        sa.UniqueConstraint("name", name=op.f("uq_segment_name")),
    )
    for name, kind in OF_EXPORT:
        op.add_column("export", sa.Column(name, kind, nullable=True))
    op.create_index("ix_export_segment_id", "export", ["segment_id"])
    op.add_column("export_part", sa.Column("change", sa.String(8), nullable=True))
    op.create_table(
        "export_holding",
        sa.Column("export_id", ID, nullable=False),
        sa.Column("attempt", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.String(8), nullable=False),
        sa.Column("first_id", ID, autoincrement=False, nullable=False),
        sa.Column("last_id", ID, nullable=False),
        sa.Column("people", sa.Integer(), nullable=False),
        sa.Column("ids", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["export_id"], ["export.id"], name=op.f("fk_export_holding_export_id_export"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("export_id", "attempt", "kind", "first_id", name=op.f("pk_export_holding")),
    )


def downgrade() -> None:
    op.drop_table("export_holding")
    op.drop_column("export_part", "change")
    op.drop_index("ix_export_segment_id", "export")
    for name, _ in reversed(OF_EXPORT):
        op.drop_column("export", name)
    op.drop_table("segment")
