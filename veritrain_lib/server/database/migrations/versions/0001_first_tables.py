"""Migration 0001: tables of users, tokens, settings and preferences."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0001"
down_revision: str | None = None
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    """Create the server's tables of users, tokens, settings and preferences."""
    op.create_table(
        "veritrain_preferences",
        sa.Column("user_id", sa.String(length=32), nullable=False),
        sa.Column("content", sa.JSON(), nullable=False),
        sa.Column("updated_at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("user_id"),
    )
    op.create_table(
        "veritrain_settings",
        sa.Column("section", sa.String(length=40), nullable=False),
        sa.Column("content", sa.JSON(), nullable=False),
        sa.Column("updated_at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("section"),
    )
    op.create_table(
        "veritrain_users",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("password", sa.String(length=255), nullable=False),
        sa.Column("role", sa.String(length=20), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("email"),
    )
    op.create_table(
        "veritrain_tokens",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("user_id", sa.String(length=32), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("family", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("expires_at", sa.DateTime(), nullable=False),
        sa.Column("used_at", sa.DateTime(), nullable=True),
        sa.Column("revoked_at", sa.DateTime(), nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["veritrain_users.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("veritrain_tokens", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_veritrain_tokens_family"), ["family"], unique=False)
        batch_op.create_index(batch_op.f("ix_veritrain_tokens_user_id"), ["user_id"], unique=False)


def downgrade() -> None:
    """Drop the server's tables of users, tokens, settings and preferences."""
    with op.batch_alter_table("veritrain_tokens", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_veritrain_tokens_user_id"))
        batch_op.drop_index(batch_op.f("ix_veritrain_tokens_family"))

    op.drop_table("veritrain_tokens")
    op.drop_table("veritrain_users")
    op.drop_table("veritrain_settings")
    op.drop_table("veritrain_preferences")
