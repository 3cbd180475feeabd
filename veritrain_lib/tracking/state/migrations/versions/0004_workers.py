"""Migration 0004 of Veri-Train's own tables: the workers that run."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table of workers."""
    op.create_table(
        "veritrain_state_workers",
        sa.Column("name", sa.String(255), primary_key=True),
        sa.Column("queues", sa.Text, nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("beat_at", sa.DateTime(timezone=True), nullable=False),
    )


def downgrade() -> None:
    """Drop the table of workers."""
    op.drop_table("veritrain_state_workers")
