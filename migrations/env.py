"""Run by Alembic: from `service.migrating`, or from `flask --app wsgi db …`."""

from alembic import context
from flask import current_app

from service.migrating import ENGINE_ATTRIBUTE, alone, is_told_by_models
from service.models import metadata


def migrate() -> None:
    engine = context.config.attributes.get(ENGINE_ATTRIBUTE) or current_app.extensions["migrate"].db.engine
    with alone(engine) as connection:
        context.configure(
            connection=connection,
            target_metadata=metadata,
            include_name=is_told_by_models,
            render_as_batch=connection.dialect.name == "sqlite",
        )
        context.run_migrations()


def print_sql() -> None:
    context.configure(
        url=current_app.extensions["migrate"].db.engine.url,
        target_metadata=metadata,
        literal_binds=True,
    )
    with context.begin_transaction():
        context.run_migrations()


print_sql() if context.is_offline_mode() else migrate()
