"""Entry point of Alembic: migrates the server's own tables over a connection that `migrate` has opened."""

from alembic import context

from veritrain_lib.server.database.tables import VERSION_TABLE, BaseTable, is_veritrain_table

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=BaseTable.metadata,
    version_table=VERSION_TABLE,
    include_object=is_veritrain_table,
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
