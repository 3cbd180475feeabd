"""Migration 0001 of Veri-Train's own tables: looks (comparisons on held-out test sets) and leases (claims on work)."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables of looks (comparisons on held-out test sets), their test rows, and leases (claims on work)."""
    op.create_table(
        "veritrain_state_looks",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("test", sa.String(64), nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("champion", sa.Text, nullable=False),
        sa.Column("challenger", sa.Text, nullable=False),
        sa.Column("purpose", sa.String(40), nullable=False),
        sa.Column("task", sa.Text, nullable=False),
        sa.Column("plan", sa.JSON, nullable=False),
        sa.Column("at", sa.String(40), nullable=False),
        sa.UniqueConstraint("test", "number", name="uq_veritrain_state_looks_number"),
        sa.UniqueConstraint("test", "champion", "challenger", name="uq_veritrain_state_looks_pair"),
    )
    op.create_table(
        "veritrain_state_look_rows",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("test", sa.String(64), nullable=False),
        sa.Column("rows_digest", sa.String(64), nullable=False),
        sa.Column("row_digests", sa.Text, nullable=False),
        sa.UniqueConstraint("test", "rows_digest", name="uq_veritrain_state_look_rows"),
    )
    op.create_table(
        "veritrain_state_leases",
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("work", sa.Text, nullable=False),
        sa.Column("what", sa.Text, nullable=False),
        sa.Column("holder", sa.Text, nullable=False),
        sa.Column("token", sa.String(32), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("beat_at", sa.DateTime(timezone=True), nullable=False),
    )


def downgrade() -> None:
    """Drop the tables of looks and leases. For tests only: comparisons on test sets would be counted from zero."""
    for name in ("leases", "look_rows", "looks"):
        op.drop_table(f"veritrain_state_{name}")
