import json
import logging
import os
import subprocess
import sys
import threading
import warnings
from pathlib import Path

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from providers.errors import UpstreamError
from providers.tracing import own_trace
from service.telemetry import lines as sinks
from service.telemetry.failures import describe
from service.telemetry.lines import LONGEST_LINE, StandardError, render
from service.telemetry.logging import configure, lines

KEY = "qpk_live_abcdef0123456789"


@pytest.fixture
def log_file(tmp_path):
    root = logging.getLogger()
    before = (list(root.handlers), root.level)
    path = tmp_path / "logs" / "app.log"
    logging.captureWarnings(False)  # a desk of an earlier test may have left it on, which makes it a no-op
    configure("INFO", path)
    yield path
    lines.open(None)
    logging.captureWarnings(False)
    root.handlers, root.level = before
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()


def events(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_an_event_is_one_line_with_its_fields(log_file):
    structlog.contextvars.bind_contextvars(request_id="r-1")
    with own_trace() as trace:
        structlog.get_logger().info("ticket_created", status="open")
        structlog.get_logger().bind(service="Quimbi").error("provider_call", outcome="failed")

    first, second = events(log_file)
    assert first.pop("timestamp").endswith("Z")
    assert first == {
        "level": "INFO",
        "service": "desk",
        "event": "ticket_created",
        "request_id": "r-1",
        "trace_id": trace.trace_id,
        "status": "open",
    }
    assert (second["service"], second["level"]) == ("Quimbi", "ERROR")


def test_below_the_level_nothing_is_written(log_file):
    structlog.get_logger().debug("detail")
    logging.getLogger("waitress.queue").warning("Task queue depth is 3")

    assert events(log_file) == []


def test_libraries_and_warnings_end_in_the_same_log(log_file):
    logging.getLogger("alembic.runtime").warning("a %s", "record")
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.warn("mind the gap", UserWarning, stacklevel=1)

    record, warning = events(log_file)
    assert (record["logger"], record["text"], record["level"]) == ("alembic.runtime", "a record", "WARNING")
    assert warning["logger"] == "py.warnings"


def fail_over(name):
    try:
        {}[name]
    except KeyError as error:
        raise UpstreamError("the provider failed") from error


def test_a_failure_is_told_without_the_values_in_play(log_file):
    try:
        fail_over("jane@example.com")
    except UpstreamError:
        structlog.get_logger().exception("call_failed")

    (event,) = events(log_file)
    assert event["level"] == "ERROR"
    assert event["error"]["type"] == "providers.errors.UpstreamError"
    assert event["error"]["message"] == "the provider failed"
    assert event["error"]["frames"][0].split(":")[0].endswith("test_logging")
    assert event["error"]["cause"]["type"] == "builtins.KeyError"
    assert "jane" not in log_file.read_text()


def test_a_chain_of_failures_has_an_end():
    error = None
    for _ in range(50):
        following = ValueError()
        following.__cause__ = error
        error = following

    assert str(describe(error)).count("builtins.ValueError") == 4


@pytest.mark.parametrize(
    "fields",
    [
        {"api_key": "s3cr3t-value"},
        {"nested": [{"X-API-Key": "s3cr3t-value"}]},
        {"headers": {"Authorization": "s3cr3t-value"}},
        {"text": "sent Authorization: Bearer s3cr3t-value"},
        {"url": "postgresql://desk:s3cr3t-value@db/desk"},
        {"url": "https://x.example/?api_key=s3cr3t-value&a=1"},
        {"text": "key qpk_live_s3cr3t-value"},
        {"text": f"key sd_s3cr3t-value{'x' * 31} of the desk"},
        {"text": f"sent refresh_s3cr3t-value{'x' * 31}"},
        {"text": f"sent invitation_s3cr3t-value{'x' * 31}"},
        {"text": "sent eyJhbGci.eyJzdWIi.s3cr3t-value"},
    ],
)
def test_a_secret_is_blotted_out_wherever_it_stands(fields):
    line = render({"event": "x", **fields})

    assert b"s3cr3t-value" not in line
    assert b"[redacted]" in line


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(exclude_categories=())),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=10,
)


@given(
    st.dictionaries(st.text(max_size=20), json_values | st.integers(400, 9000).map("é".__mul__), max_size=8)
)
def test_any_event_is_one_readable_line_within_the_limit(fields):
    line = render({**fields, "event": "x"})

    assert line.count(b"\n") == 1
    assert len(line) <= LONGEST_LINE
    assert json.loads(line)["event"] == "x"


@pytest.mark.parametrize("value", ["\ud800", object(), ValueError(KEY), {(1, 2): 3}])
def test_what_json_cannot_hold_does_not_stop_the_event(value):
    line = render({"event": "x", "value": value})

    assert json.loads(line)["event"] == "x"
    assert KEY.encode() not in line


def test_the_file_is_followed_through_a_rotation(log_file, monkeypatch):
    monkeypatch.setattr(sinks, "LOOK_AGAIN_S", 0)
    structlog.get_logger().info("before")
    log_file.rename(log_file.with_suffix(".1"))
    structlog.get_logger().info("after")

    assert [event["event"] for event in events(log_file)] == ["after"]
    assert [event["event"] for event in events(log_file.with_suffix(".1"))] == ["before"]


def test_processes_that_share_the_file_never_mix_their_lines(log_file):
    script = (
        "import sys, structlog; from pathlib import Path; from service.telemetry.logging import configure\n"
        f"configure('INFO', Path({str(log_file)!r}))\n"
        "for n in range(500): structlog.get_logger().info('x', n=n, filling='y' * 1000)"
    )
    root = Path(__file__).resolve().parents[3]
    writers = [
        subprocess.Popen([sys.executable, "-c", script], cwd=root, stderr=subprocess.DEVNULL)
        for _ in range(2)
    ]
    assert [writer.wait(20) for writer in writers] == [0, 0]

    assert sorted(event["n"] for event in events(log_file)) == sorted([*range(500), *range(500)])


def test_a_reader_that_is_stuck_costs_lines_and_says_so_afterwards():
    reading, writing = os.pipe()
    stderr = StandardError(writing)
    for _ in range(200):
        stderr.write(b"x" * 999 + b"\n")
    taken = os.read(reading, 1_000_000)
    stderr.write(b"back\n")
    notice, line = os.read(reading, 1_000_000).splitlines()
    os.close(reading)
    os.close(writing)

    assert len(taken) < 200_000
    assert json.loads(notice)["event"] == "log_lines_dropped"
    assert json.loads(notice)["count"] == 200 - len(taken) // 1000
    assert line == b"back"


def test_threads_that_log_at_once_lose_no_line(log_file):
    def write(thread):
        for number in range(200):
            structlog.get_logger().info("busy", thread=thread, number=number)

    threads = [threading.Thread(target=write, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    written = {(event["thread"], event["number"]) for event in events(log_file)}
    assert written == {(thread, number) for thread in range(8) for number in range(200)}


@pytest.fixture
def batching(log_file):
    lines.start_batching()
    yield log_file
    lines.stop_batching()


def test_an_error_is_written_at_once_and_after_what_came_before(batching):
    structlog.get_logger().info("first")
    structlog.get_logger().error("second")
    assert [event["event"] for event in events(batching)] == ["first", "second"]


def test_lines_of_a_batch_keep_their_order_and_none_is_lost(log_file):
    lines.start_batching()
    for number in range(500):
        structlog.get_logger().info("busy", number=number)
    lines.stop_batching()
    assert [event["number"] for event in events(log_file)] == list(range(500))
