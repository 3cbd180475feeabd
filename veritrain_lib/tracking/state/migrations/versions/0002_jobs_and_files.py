"""Migration 0002 of Veri-Train's own tables: notebook jobs for workers, and the files that are sent to the workers."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table of notebook jobs for workers, and that of the files that are sent to them."""
    op.create_table(
        "veritrain_state_jobs",
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("payload", sa.JSON, nullable=False),
        sa.Column("queue", sa.String(40), nullable=False),
        sa.Column("status", sa.String(20), nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("cancel", sa.Boolean, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("error", sa.String(80), nullable=False),
        sa.Column("progress", sa.JSON, nullable=False),
        sa.Column("message", sa.String(64), nullable=False),
        sa.Column("worker", sa.Text, nullable=False),
        sa.Column("token", sa.String(32), nullable=False),
        sa.Column("queued_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True)),
        sa.Column("beat_at", sa.DateTime(timezone=True)),
        sa.Column("ended_at", sa.DateTime(timezone=True)),
    )
    op.create_table(
        "veritrain_state_files",
        sa.Column("digest", sa.String(64), primary_key=True),
        sa.Column("part", sa.Integer, primary_key=True),
        sa.Column("content", sa.LargeBinary, nullable=False),
    )


def downgrade() -> None:
    """Drop the table of notebook jobs for workers, and that of the files that are sent to them."""
    op.drop_table("veritrain_state_files")
    op.drop_table("veritrain_state_jobs")
