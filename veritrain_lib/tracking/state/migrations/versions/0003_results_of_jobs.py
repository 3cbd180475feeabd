"""Migration 0003 of our shared tables: what a Celery task that somebody called by name gave back."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column of results to the table of jobs."""
    op.add_column("veritrain_state_jobs", sa.Column("result", sa.JSON, nullable=False, server_default="{}"))


def downgrade() -> None:
    """Drop the column of results."""
    op.drop_column("veritrain_state_jobs", "result")
