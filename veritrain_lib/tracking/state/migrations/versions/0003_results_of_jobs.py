"""Migration 0003 of Veri-Train's own tables: the results of Celery tasks that programs call by name."""

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
