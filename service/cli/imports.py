"""`flask --app wsgi import …`."""

from pathlib import Path

import click

from service.cli.import_progress import progress
from service.cli.running import Failure, migrated_database, with_service
from service.clock import SystemClock
from service.database import DatabaseUnavailable
from service.http.components import component
from service.importing.importer import Done, Importer, Wish
from service.importing.report import Figures
from service.importing.resuming import Overtaken
from service.importing.sources import LONGEST_NAME, STANDARD_INPUT, Format, Source, UnusableFile

SOME_REJECTED = 3
DEFAULT_BATCH = 500
MOST_IN_A_BATCH = 10_000
SUFFIX_OF_REJECTS = ".rejects.jsonl"

TEXTS = {
    "customers": """Bring customers from FILE; `id` is required.

    The fields that are given replace what is known, the others stay as they are.

    \b
      flask --app wsgi import customers customers.csv

    \b
      id,name,email,locale,preferences.newsletter
      cust_9001,Ada Lovelace,ada@example.com,en-GB,yes
    """,
    "orders": """Bring orders from FILE, by `external_id`; unknown customers are created.

    In CSV the lines of an order stand in rows of their own, one under the other; what is the same for
    all of them is told once, or each time. An order that is there becomes as it is told.

    \b
      flask --app wsgi import orders orders.csv.gz

    \b
      external_id,customer_id,ordered_at,currency,status,total,lines.title,lines.quantity,lines.price
      A-1001,cust_9001,2026-01-31T10:00:00Z,EUR,paid,29.85,Green tea,2,9.95
      A-1001,,,,,,Teapot,1,9.95
    """,
    "tickets": """Bring tickets from FILE, by `external_id`; unknown customers are created.

    JSON lines bring whole conversations, CSV a first message at most. A ticket that is there stays as
    it is, but messages with new external ids are added to it.

    \b
      flask --app wsgi import tickets tickets.jsonl

    \b
      {"external_id": "Z-7", "customer_id": "cust_9001", "subject": "Wrong size", "status": "closed",
       "tags": ["return"], "created_at": "2025-11-02T09:00:00Z", "messages": [{"external_id": "Z-7-1",
       "from_agent": false, "content": "Can I swap it?", "created_at": "2025-11-02T09:00:00Z"}]}
    """,
}


@click.group("import")
def imports() -> None:
    """Bring customers, orders and tickets from files.

    A FILE is CSV or JSON lines by its suffix, gzipped or not; - is standard input. The same command goes on
    where it stopped, and twice the same changes nothing. Exits with 0 where every record is in, 3 where
    some were rejected, 1 where the database is away, 2 where the command or the file cannot be used.
    """


def _check_name(_context: click.Context, _parameter: click.Parameter, name: str | None) -> str | None:
    if name is not None and not (name.strip() and name.isprintable() and len(name) <= LONGEST_NAME):
        raise click.BadParameter(f"a name is 1 to {LONGEST_NAME} printable characters")
    return name


def _add(kind: str) -> None:
    @imports.command(kind, help=TEXTS[kind])
    @click.argument("file", type=click.Path(exists=True, dir_okay=False, readable=True, allow_dash=True))
    @click.option(
        "--format",
        "wanted",
        type=click.Choice([each.value for each in Format]),
        help="Where the suffix does not tell it.",
    )
    @click.option(
        "--name",
        callback=_check_name,
        help="What to remember the place by, instead of the content: for streams, and for files that grow.",
    )
    @click.option("--restart", is_flag=True, help="Begin at the first line, wherever it stopped.")
    @click.option(
        "--dry-run", is_flag=True, help="Check every record and write nothing but the rejected ones."
    )
    @click.option(
        "--batch",
        type=click.IntRange(1, MOST_IN_A_BATCH),
        default=DEFAULT_BATCH,
        show_default=True,
        help="Records in one transaction.",
    )
    @click.option(
        "--rejects",
        type=click.Path(dir_okay=False, path_type=Path),
        help=f"Where the rejected records are told of.  [default: FILE{SUFFIX_OF_REJECTS}]",
    )
    @click.option("--quiet", is_flag=True, help="Neither progress nor summary; what was rejected is told.")
    @with_service
    def bring(
        *,
        file: str,
        wanted: str | None,
        name: str | None,
        restart: bool,
        dry_run: bool,
        batch: int,
        rejects: Path | None,
        quiet: bool,
    ) -> None:
        try:
            source = Source.at(file, wanted)
        except UnusableFile as error:
            raise click.BadParameter(str(error), param_hint="--format") from error
        wish = Wish(
            kind=kind,
            source=source,
            rejects=rejects or Path(f"{'stdin' if file == STANDARD_INPUT else file}{SUFFIX_OF_REJECTS}"),
            name=name,
            batch=batch,
            dry_run=dry_run,
            restart=restart,
        )
        _tell(wish, _run(wish, quiet=quiet), quiet=quiet)


for _kind in TEXTS:
    _add(_kind)


def _run(wish: Wish, *, quiet: bool) -> Done:
    migrated_database()
    label = f"{wish.kind} from {wish.source.name}"
    try:
        with progress(label, SystemClock(), size=wish.source.size, quiet=quiet) as watcher:
            return component(Importer).run(wish, watcher)
    except UnusableFile as error:
        raise click.UsageError(f"{wish.source.name} cannot be used. {error}") from error
    except Overtaken as error:
        raise Failure(str(error)) from error
    except DatabaseUnavailable as error:
        raise Failure(
            f"The database cannot be used: {error}. What is in stays; the same command goes on after it."
        ) from error
    except OSError as error:
        raise click.UsageError(f"{error.filename or wish.source.name}: {error.strerror}") from error


def _tell(wish: Wish, done: Done, *, quiet: bool) -> None:
    if not quiet:
        if done.after_line:
            click.echo(f"Went on after line {done.after_line:,}; {done.now.read:,} of these were read now.")
        rate = done.lines / done.took_s if done.took_s > 0 else 0.0
        click.echo(
            f"{_sentence(wish, done.figures)}; {done.lines:,} lines in {done.took_s:.1f} s, {rate:,.0f}/s."
        )
    if done.figures.rejected:
        told = f"{done.figures.rejected:,} rejected, each with its reasons in {wish.rejects}"
        click.echo(told, err=True)
        raise click.exceptions.Exit(SOME_REJECTED)


def _sentence(wish: Wish, figures: Figures) -> str:
    read = f"{wish.kind.capitalize()}: {figures.read:,} read"
    if wish.dry_run:
        return f"{read}, {figures.rejected:,} rejected, nothing written (dry run)"
    return (
        f"{read}, {figures.created:,} created, {figures.updated:,} updated,"
        f" {figures.unchanged:,} unchanged, {figures.rejected:,} rejected"
    )
