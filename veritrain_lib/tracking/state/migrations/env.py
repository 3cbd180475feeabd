"""Script by which Alembic migrates Veri-Train's own tables, and no others, over the connection of `migrate`."""

from alembic import context

from veritrain_lib.tracking.state.tables import METADATA, VERSIONS

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=METADATA,
    version_table=VERSIONS.name,
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
