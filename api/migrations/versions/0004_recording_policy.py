"""When rooms are recorded: policies with their history.

Written out by hand after the table as it was then. Times are microseconds since 1970 UTC.
"""

import sqlalchemy as sa
from alembic import op

revision: str = "0004"
down_revision: str | None = "0003"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    op.create_table(
        "recording_policy",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("room_id", sa.String(length=36), nullable=False),
        sa.Column("mode", sa.String(length=10), nullable=False),
        sa.Column("margin_before_min", sa.Integer(), nullable=False),
        sa.Column("margin_after_min", sa.Integer(), nullable=False),
        sa.Column("audio", sa.Boolean(), nullable=False),
        sa.Column("g711", sa.String(length=10), nullable=False),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.Column("valid_from", sa.BigInteger(), nullable=False),
        sa.Column("set_by", sa.String(length=36), nullable=False),
        sa.Column("set_by_name", sa.String(length=100), nullable=False),
        sa.Column("set_at", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("mode IN ('always', 'timetable')", name=op.f("ck_recording_policy_mode")),
        sa.CheckConstraint("g711 IN ('transcode', 'drop')", name=op.f("ck_recording_policy_g711")),
        sa.CheckConstraint("margin_before_min > 0 AND margin_after_min >= 0", name=op.f("ck_recording_policy_margins")),
        sa.ForeignKeyConstraint(
            ["room_id"], ["room.id"], name=op.f("fk_recording_policy_room_id_room"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recording_policy")),
    )
    op.create_index(op.f("ix_recording_policy_room_id_valid_from"), "recording_policy", ["room_id", "valid_from"])


def downgrade() -> None:
    op.drop_table("recording_policy")
