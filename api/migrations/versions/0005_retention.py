"""Retention: rules with their history, holds, deletions, brakes; the importance of cameras.

Written out by hand after the tables as they were then. Times are microseconds since 1970 UTC.
"""

import sqlalchemy as sa
from alembic import op

revision: str = "0005"
down_revision: str | None = "0004"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    op.create_table(
        "retention_rule",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("camera_id", sa.String(length=36), nullable=True),
        sa.Column("stream", sa.String(length=4), nullable=False),
        sa.Column("days", sa.Integer(), nullable=True),
        sa.Column("max_bytes", sa.BigInteger(), nullable=True),
        sa.Column("follows_default", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.Column("valid_from", sa.BigInteger(), nullable=False),
        sa.Column("set_by", sa.String(length=36), nullable=False),
        sa.Column("set_by_name", sa.String(length=100), nullable=False),
        sa.Column("set_at", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("stream IN ('main', 'sub')", name=op.f("ck_retention_rule_stream")),
        sa.CheckConstraint("days IS NULL OR days > 0", name=op.f("ck_retention_rule_days")),
        sa.CheckConstraint("max_bytes IS NULL OR max_bytes > 0", name=op.f("ck_retention_rule_max_bytes")),
        sa.ForeignKeyConstraint(
            ["camera_id"], ["camera.id"], name=op.f("fk_retention_rule_camera_id_camera"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_retention_rule")),
    )
    op.create_index(
        op.f("ix_retention_rule_camera_id_stream_valid_from"), "retention_rule", ["camera_id", "stream", "valid_from"]
    )
    op.create_table(
        "hold",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("institution_id", sa.String(length=36), nullable=False),
        sa.Column("room_id", sa.String(length=36), nullable=False),
        sa.Column("camera_id", sa.String(length=36), nullable=True),
        sa.Column("camera_ids", sa.JSON(), nullable=False),
        sa.Column("from_at", sa.BigInteger(), nullable=False),
        sa.Column("to_at", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.Column("placed_by", sa.String(length=36), nullable=False),
        sa.Column("placed_by_name", sa.String(length=100), nullable=False),
        sa.Column("placed_at", sa.BigInteger(), nullable=False),
        sa.Column("released_by", sa.String(length=36), nullable=True),
        sa.Column("released_by_name", sa.String(length=100), nullable=True),
        sa.Column("released_at", sa.BigInteger(), nullable=True),
        sa.Column("release_reason", sa.String(length=500), nullable=True),
        sa.CheckConstraint("from_at < to_at", name=op.f("ck_hold_order")),
        sa.ForeignKeyConstraint(
            ["institution_id"], ["institution.id"], name=op.f("fk_hold_institution_id_institution")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hold")),
    )
    op.create_index(op.f("ix_hold_institution_id_placed_at"), "hold", ["institution_id", "placed_at"])
    op.create_index(op.f("ix_hold_released_at"), "hold", ["released_at"])
    op.create_table(
        "deletion",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("segment_id", sa.String(length=36), nullable=True),
        sa.Column("segments", sa.Integer(), nullable=False),
        sa.Column("camera_id", sa.String(length=36), nullable=False),
        sa.Column("stream", sa.String(length=4), nullable=False),
        sa.Column("run_id", sa.String(length=36), nullable=False),
        sa.Column("object_key", sa.String(length=400), nullable=True),
        sa.Column("wall_start", sa.BigInteger(), nullable=False),
        sa.Column("wall_end", sa.BigInteger(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("digest", sa.String(length=140), nullable=True),
        sa.Column("rule", sa.String(length=10), nullable=False),
        sa.Column("rule_id", sa.String(length=36), nullable=True),
        sa.Column("planned_at", sa.BigInteger(), nullable=False),
        sa.Column("file_deleted_at", sa.BigInteger(), nullable=True),
        sa.Column("missing", sa.Boolean(), nullable=False),
        sa.Column("link_number", sa.Integer(), nullable=True),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.CheckConstraint("stream IN ('main', 'sub')", name=op.f("ck_deletion_stream")),
        sa.CheckConstraint("rule IN ('age', 'bytes', 'floor')", name=op.f("ck_deletion_rule")),
        sa.CheckConstraint("state IN ('planned', 'done')", name=op.f("ck_deletion_state")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deletion")),
        sa.UniqueConstraint("segment_id", name=op.f("uq_deletion_segment_id")),
    )
    op.create_index(op.f("ix_deletion_camera_id_stream_wall_start"), "deletion", ["camera_id", "stream", "wall_start"])
    op.create_index(op.f("ix_deletion_state_planned_at"), "deletion", ["state", "planned_at"])
    op.create_index(op.f("ix_deletion_file_deleted_at"), "deletion", ["file_deleted_at"])
    op.create_table(
        "brake",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("camera_id", sa.String(length=36), nullable=True),
        sa.Column("stream", sa.String(length=4), nullable=True),
        sa.Column("rule", sa.String(length=10), nullable=False),
        sa.Column("due_segments", sa.Integer(), nullable=False),
        sa.Column("due_bytes", sa.BigInteger(), nullable=False),
        sa.Column("indexed_segments", sa.Integer(), nullable=False),
        sa.Column("indexed_bytes", sa.BigInteger(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.Column("raised_at", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("confirmed_by", sa.String(length=36), nullable=True),
        sa.Column("confirmed_by_name", sa.String(length=100), nullable=True),
        sa.Column("confirmed_at", sa.BigInteger(), nullable=True),
        sa.Column("reason", sa.String(length=500), nullable=True),
        sa.Column("over_at", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("state IN ('waiting', 'confirmed', 'over')", name=op.f("ck_brake_state")),
        sa.CheckConstraint("rule IN ('rules', 'floor')", name=op.f("ck_brake_rule")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_brake")),
    )
    op.create_index(op.f("ix_brake_state_raised_at"), "brake", ["state", "raised_at"])
    op.add_column("camera", sa.Column("importance", sa.Integer(), nullable=False, server_default="2"))
    op.create_index(
        op.f("ix_segment_camera_id_stream_wall_start_wall_end_size_state"),
        "segment",
        ["camera_id", "stream", "wall_start", "wall_end", "size", "state"],
    )
    op.drop_index(op.f("ix_segment_camera_id_stream_wall_start"), "segment")


def downgrade() -> None:
    op.create_index(op.f("ix_segment_camera_id_stream_wall_start"), "segment", ["camera_id", "stream", "wall_start"])
    op.drop_index(op.f("ix_segment_camera_id_stream_wall_start_wall_end_size_state"), "segment")
    op.execute("UPDATE segment SET state = 'closed' WHERE state = 'deleting'")
    with op.batch_alter_table("camera") as table:
        table.drop_column("importance")
    for table_name in ("brake", "deletion", "hold", "retention_rule"):
        op.drop_table(table_name)
