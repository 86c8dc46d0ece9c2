"""Digests of segment files and their rows in the chain of the camera; clock offsets of any size."""

import sqlalchemy as sa
from alembic import op

revision: str = "0003"
down_revision: str | None = "0002"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    with op.batch_alter_table("segment") as table:
        table.add_column(sa.Column("digest", sa.String(length=140), nullable=True))
        table.add_column(sa.Column("link_number", sa.Integer(), nullable=True))
        table.add_column(sa.Column("link", sa.String(length=140), nullable=True))
        # The clock of a camera that was never set is decades wrong.
        table.alter_column("clock_offset_ms", type_=sa.BigInteger(), existing_type=sa.Integer(), existing_nullable=True)


def downgrade() -> None:
    with op.batch_alter_table("segment") as table:
        table.alter_column("clock_offset_ms", type_=sa.Integer(), existing_type=sa.BigInteger(), existing_nullable=True)
        table.drop_column("link")
        table.drop_column("link_number")
        table.drop_column("digest")
