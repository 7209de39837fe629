"""Runs the migrations over the connection that wxadmin.database.schema hands in, inside its transaction."""

from alembic import context

from wxadmin.models import Base

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=Base.metadata,
    # SQLite cannot alter a table in place: Alembic copies it, which schema.migrate makes safe for foreign keys.
    render_as_batch=connection.dialect.name == "sqlite",
    compare_type=True,
    # The transaction, and with it the lock, is the caller's.
    transactional_ddl=False,
)
context.run_migrations()
