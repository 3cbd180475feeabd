"""Alembic's entry: our tables only, over the connection that `migrate` holds."""

from alembic import context

from veritrain_lib.server.database.tables import VERSION_TABLE, Table, is_ours

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Table.metadata,
    version_table=VERSION_TABLE,
    include_object=is_ours,
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
