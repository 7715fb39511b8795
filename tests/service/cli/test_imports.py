"""`flask --app wsgi import …`: what it takes, what it prints, and how it ends."""

import gzip
import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from sqlalchemy import func, select

from service.customers.models import Customer
from service.importing.models import ImportPosition
from service.tickets.models import Message, Ticket, TicketCounter
from tests.pages import DOCS, blocks

ROOT = Path(__file__).resolve().parents[3]
GONE = "postgresql://desk:hunter2@127.0.0.1:1/desk"
PATIENCE_S = 60
KILLS, MANY_KILLS = 2, 12

CUSTOMERS = "id,name\ncust_1,Ada\ncust_2,Bob\n"
REJECTED = CUSTOMERS + "a b,Eve\n"


@pytest.fixture
def file(tmp_path):
    def write(content, name="customers.csv"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return str(path)

    return write


@pytest.fixture
def start_import(settings_environment):
    """Starts `flask --app wsgi import …` as a process of its own."""
    started = []

    def start(*arguments, on, **options):
        process = subprocess.Popen(
            [sys.executable, "-m", "flask", "--app", "wsgi", "import", *arguments],
            cwd=ROOT,
            env=settings_environment(on),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            **options,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


@pytest.fixture
def settings_environment(tmp_path):
    def environment(url):
        return os.environ | {
            "ENVIRONMENT": "development",
            "SECRET_KEY": "s3cr3t-" * 6,
            "DATABASE_URL": url,
            "LOG_LEVEL": "ERROR",
            "LOG_FILE": str(tmp_path / "app.log"),
            "REDIS_URL": "",
            "INTELLIGENCE_PROVIDERS": "fallback",
        }

    return environment


def count(database, model):
    with database.reading() as session:
        return session.scalar(select(func.count()).select_from(model))


def test_it_says_what_became_of_the_records(command, migrated_url, file):
    result = command("import", "customers", file(CUSTOMERS), on=migrated_url)
    assert result.exit_code == 0, result.output
    assert "Customers: 2 read, 2 created, 0 updated, 0 unchanged, 0 rejected; 3 lines in" in result.output


def test_twice_the_same_changes_nothing_and_says_so(command, sqlite_url, file):
    command("import", "customers", file(CUSTOMERS), on=sqlite_url)
    again = command("import", "customers", file(CUSTOMERS), on=sqlite_url)
    assert "Went on after line 3; 0 of these were read now." in again.output
    anew = command("import", "customers", file(CUSTOMERS), "--restart", on=sqlite_url)
    assert "0 created, 0 updated, 2 unchanged" in anew.output


def test_rejected_records_are_told_beside_the_file_and_by_the_exit_status(command, sqlite_url, file):
    path = file(REJECTED)
    result = command("import", "customers", path, on=sqlite_url)
    assert result.exit_code == 3
    assert f"1 rejected, each with its reasons in {path}.rejects.jsonl" in result.output
    (told,) = [json.loads(line) for line in Path(f"{path}.rejects.jsonl").read_text().splitlines()]
    assert (told["line"], told["key"], list(told["errors"])) == (4, "a b", ["id"])
    again = command("import", "customers", path, on=sqlite_url)
    assert (again.exit_code, len(Path(f"{path}.rejects.jsonl").read_text().splitlines())) == (3, 1)


def test_rejects_go_where_it_is_said(command, sqlite_url, file, tmp_path):
    result = command("import", "customers", file(REJECTED), "--rejects", str(tmp_path / "r"), on=sqlite_url)
    assert result.exit_code == 3
    assert (tmp_path / "r").read_text().count("\n") == 1
    away = str(tmp_path / "no" / "such")
    result = command("import", "customers", file(CUSTOMERS), "--rejects", away, on=sqlite_url)
    assert result.exit_code == 2
    assert "No such file or directory" in result.output


def test_quiet_leaves_the_rejected_alone_to_be_told(command, sqlite_url, file):
    assert command("import", "customers", file(CUSTOMERS), "--quiet", on=sqlite_url).output == ""
    told = command("import", "customers", file(REJECTED), "--quiet", on=sqlite_url)
    assert (told.exit_code, told.output.count("\n")) == (3, 1)


def test_a_dry_run_writes_nothing(command, sqlite_url, file, open_database):
    result = command("import", "customers", file(REJECTED), "--dry-run", on=sqlite_url)
    assert result.exit_code == 3
    assert "3 read, 1 rejected, nothing written (dry run)" in result.output
    assert count(open_database(sqlite_url), Customer) == 0


@pytest.mark.parametrize(
    ("arguments", "cure"),
    [
        (["customers"], "Missing argument 'FILE'"),
        (["customers", "no-such.csv"], "does not exist"),
        (["invoices", "no-such.csv"], "No such command"),
        (["customers", "FILE", "--batch", "0"], "--batch"),
        (["customers", "FILE", "--format", "xml"], "--format"),
        (["customers", "FILE", "--name", ""], "1 to 190 printable"),
        (["orders", "FILE"], "lacks the columns: external_id"),
    ],
)
def test_what_cannot_be_asked_for_ends_with_2(command, sqlite_url, file, arguments, cure):
    given = [file(CUSTOMERS) if argument == "FILE" else argument for argument in arguments]
    result = command("import", *given, on=sqlite_url)
    assert result.exit_code == 2
    assert cure in result.output


def test_a_format_that_the_suffix_does_not_tell_is_asked_for(command, sqlite_url, file):
    path = file(CUSTOMERS, "export.txt")
    assert "--format" in command("import", "customers", path, on=sqlite_url).output
    assert command("import", "customers", path, "--format", "csv", on=sqlite_url).exit_code == 0


def test_a_database_that_is_away_is_told_in_a_sentence(command, file):
    result = command("import", "customers", file(CUSTOMERS), on=GONE)
    assert result.exit_code == 1
    assert result.output.startswith("Error: The database cannot be used")
    assert "hunter2" not in result.output


def test_a_database_without_its_schema_is_named_with_the_cure(command, file, tmp_path):
    result = command("import", "customers", file(CUSTOMERS), on=f"sqlite:///{tmp_path}/new.db")
    assert result.exit_code == 1
    assert "flask --app wsgi db upgrade" in result.output


@pytest.mark.parametrize("kind", ["customers", "orders", "tickets"])
def test_help_has_an_example(command, sqlite_url, kind):
    result = command("import", kind, "--help", on=sqlite_url)
    assert result.exit_code == 0
    assert f"flask --app wsgi import {kind} {kind}." in result.output


def example_of(text, kind):
    """The file that the help prints."""
    lines = text.partition(f"--app wsgi import {kind} ")[2].split("Options:")[0].split("\n")[1:]
    return "\n".join(line.strip() for line in lines if line.strip()) + "\n"


@pytest.mark.parametrize(("kind", "suffix"), [("customers", "csv"), ("orders", "csv"), ("tickets", "jsonl")])
def test_the_example_of_the_help_can_be_imported(command, sqlite_url, file, kind, suffix):
    example = example_of(command("import", kind, "--help", on=sqlite_url).output, kind)
    if suffix == "jsonl":
        example = example.replace("\n", " ")
    result = command("import", kind, file(example, f"example.{suffix}"), on=sqlite_url)
    assert result.exit_code == 0, result.output
    assert "1 created" in result.output


FILES_OF_THE_GUIDE = [
    block for block in blocks(DOCS / "INTEGRATION_GUIDE.md") if block.language in {"csv", "jsonl"}
]


@pytest.mark.parametrize(
    "block", FILES_OF_THE_GUIDE, ids=lambda block: f"{block.language}-{block.text.partition(',')[0][:20]}"
)
def test_every_file_of_the_guide_can_be_imported(command, sqlite_url, file, block):
    kind = "customers" if block.text.startswith("id,") else "tickets"
    kind = "orders" if "lines.title" in block.text else kind
    result = command("import", kind, file(block.text, f"printed.{block.language}"), on=sqlite_url)
    assert result.exit_code == 0, result.output
    assert "0 created" not in result.output


@pytest.mark.parametrize("packed", [False, True], ids=["plain", "gzipped"])
def test_standard_input_is_read(start_import, sqlite_url, open_database, tmp_path, packed):
    content = gzip.compress(REJECTED.encode()) if packed else REJECTED.encode()
    rejects = str(tmp_path / "r.jsonl")
    process = start_import(
        "customers", "-", "--format", "csv", "--rejects", rejects, on=sqlite_url, stdin=subprocess.PIPE
    )
    out, err = process.communicate(content, timeout=PATIENCE_S)
    assert process.returncode == 3, err
    assert b"3 read, 2 created" in out
    database = open_database(sqlite_url)
    assert (count(database, Customer), count(database, ImportPosition)) == (2, 0)


def test_a_stream_with_a_name_is_gone_on_with(start_import, sqlite_url, open_database):
    for content in (CUSTOMERS, CUSTOMERS + "cust_3,Eve\n"):
        process = start_import(
            "customers",
            "-",
            "--format",
            "csv",
            "--name",
            "pipe",
            on=sqlite_url,
            stdin=subprocess.PIPE,
        )
        out, _ = process.communicate(content.encode(), timeout=PATIENCE_S)
        assert process.returncode == 0
    assert b"Went on after line 3; 1 of these were read now." in out
    assert count(open_database(sqlite_url), Customer) == 3


# ---------------------------------------------------------------- kill -9


def conversations(tickets):
    """Every fiftieth line is rejected."""
    for number in range(tickets):
        told = {
            "external_id": f"Z-{number}",
            "customer_id": f"cust_{number % 97}",
            "subject": "Late" if number % 50 else "",
            "status": ("open", "closed")[number % 2],
            "messages": [
                {
                    "external_id": f"Z-{number}-{turn}",
                    "from_agent": bool(turn),
                    "content": "Hello",
                    "created_at": f"2025-11-02T09:0{turn}:00Z",
                }
                for turn in range(2)
            ],
        }
        yield json.dumps(told) + "\n"


def line_reached(database):
    with database.reading() as session:
        return session.scalar(select(ImportPosition.line)) or 0


def wait_until_past(database, line, process):
    deadline = time.monotonic() + PATIENCE_S
    while line_reached(database) <= line and process.poll() is None:
        assert time.monotonic() < deadline, "nothing was imported"
        time.sleep(0.01)


def test_kill_9_loses_nothing_and_nothing_comes_twice(
    start_import, migrated_url, open_database, file, engine_name, full, say
):
    kills, tickets = (MANY_KILLS, 20_000) if full else (KILLS, 1_000)
    path, database, chance = (
        file("".join(conversations(tickets)), "t.jsonl"),
        open_database(migrated_url),
        random.Random(7),
    )
    cut = 0
    for _ in range(kills):
        reached = line_reached(database)
        process = start_import("tickets", path, "--batch", "10", on=migrated_url)
        wait_until_past(database, reached, process)
        time.sleep(chance.uniform(0, 0.2))
        cut += process.poll() is None
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert cut
    last = start_import("tickets", path, on=migrated_url)
    out, err = last.communicate(timeout=PATIENCE_S * 5)
    assert last.returncode == 3, err
    rejected = tickets // 50
    assert f"{tickets:,} read, {tickets - rejected:,} created, 0 updated, 0 unchanged".encode() in out
    assert (count(database, Ticket), count(database, Message)) == (
        tickets - rejected,
        2 * (tickets - rejected),
    )
    lines = [json.loads(line)["line"] for line in Path(f"{path}.rejects.jsonl").read_text().splitlines()]
    assert lines == [1 + 50 * number for number in range(rejected)]
    with database.reading() as session:
        assert session.scalar(select(func.sum(TicketCounter.tickets))) == tickets - rejected
    say(f"kill -9 of an import, {engine_name}: {cut} kills in {tickets:,} tickets, none lost, none twice")


def orders_of(count):
    yield "external_id,customer_id,ordered_at,currency,status,total,lines.title,lines.quantity,lines.price\n"
    for number in range(count):
        yield f"A-{number},cust_{number % 97},2026-01-31T10:00:00Z,EUR,paid,29.85,Green tea,2,9.95\n"
        yield f"A-{number},,,,,,Teapot,1,9.95\n"


def test_the_rate_of_importing_is_told(command, migrated_url, file, engine_name, full, say):
    records = 20_000 if full else 200
    files = {
        "orders": file("".join(orders_of(records)), "o.csv"),
        "tickets": file("".join(conversations(records)), "t.jsonl"),
    }
    for kind, path in files.items():
        started_s = time.perf_counter()
        result = command("import", kind, path, on=migrated_url)
        rate = records / (time.perf_counter() - started_s) * 60
        assert f"{records:,} read" in result.output
        say(f"importing {records:,} {kind}, {engine_name}: {rate:,.0f} a minute")


PEAK = """
import resource, sys
from flask.cli import main
sys.argv = ["flask", "--app", "wsgi", "import", "customers", sys.argv[1], "--quiet"]
try:
    main()
except SystemExit:
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="there ru_maxrss is in KiB")
def test_the_memory_of_an_import_does_not_grow_with_its_file(settings_environment, sqlite_url, file):
    peaks_kib = []
    for records in (1_000, 10_000):
        path = file("id,name\n" + "".join(f"c{number},{'x' * (number % 300)}\n" for number in range(records)))
        ran = subprocess.run(
            [sys.executable, "-c", PEAK, path],
            cwd=ROOT,
            env=settings_environment(sqlite_url),
            capture_output=True,
            timeout=PATIENCE_S,
            check=True,
        )
        peaks_kib.append(int(ran.stdout))
    assert peaks_kib[1] < peaks_kib[0] + 16 * 1024
