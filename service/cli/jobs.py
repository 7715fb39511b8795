from datetime import datetime

import click

from providers.errors import ProviderError
from service.cli.running import Failure, migrated_database, with_service
from service.cli.tables import echo_table
from service.clock import rfc3339
from service.http.components import component
from service.jobs import JobRunner, JobRunning, JobStatus, UnknownJob


@click.group()
def jobs() -> None:
    """Show and run the timed work of the service."""


@jobs.command("list")
@with_service
def list_jobs() -> None:
    """List the jobs, when they run, and how they did."""
    migrated_database()
    echo_table(
        ("NAME", "SCHEDULE", "RUNS IN", "DUE", "LAST FINISHED", "STATE", "DESCRIPTION"),
        [
            (
                status.name,
                status.schedule,
                "each process" if status.per_process else "one process",
                "with work" if status.idle else _time(status.due_at),
                _time(status.last_finished_at),
                _state(status),
                status.description,
            )
            for status in component(JobRunner).statuses()
        ],
    )


@jobs.command()
@click.argument("name")
@with_service
def run(name: str) -> None:
    """Run the job NAME now, due or not, and print its figures."""
    migrated_database()
    try:
        figures = component(JobRunner).run_now(name)
    except UnknownJob as error:
        raise click.BadParameter(str(error)) from error
    except (JobRunning, ProviderError) as error:
        raise Failure(f"{error}.") from error
    for figure, count in figures.items():
        click.echo(f"{figure}: {count}")


def _time(at: datetime | None) -> str:
    return rfc3339(at) if at else "-"


def _state(status: JobStatus) -> str:
    if status.running:
        return "running"
    if status.last_failure:
        return f"failed ({status.last_failure})"
    return "ok" if status.last_finished_at else "-"
