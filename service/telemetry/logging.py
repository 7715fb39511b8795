"""One JSON line per event, to stderr and a file: ours from structlog, the libraries' from `logging`."""

import logging
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import structlog
from structlog.typing import EventDict, WrappedLogger

from providers import tracing
from service.telemetry.failures import describe
from service.telemetry.lines import LineLog, render

DEFAULT_SERVICE = "desk"

_LEVELS = {"exception": "ERROR", "warn": "WARNING", "fatal": "CRITICAL"}

_QUIET = {
    # Their lower levels repeat what our own events say, or quote paths and SQL.
    "alembic": logging.WARNING,
    "opentelemetry": logging.ERROR,
    "sqlalchemy": logging.WARNING,
    "urllib3": logging.WARNING,
    "waitress": logging.WARNING,
    "waitress.queue": logging.ERROR,
    "werkzeug": logging.WARNING,
}

lines = LineLog()


def configure(level: str, log_file: Path | None = None) -> None:
    """Call it again to change level or file. `level`: a name such as INFO."""
    lines.open(log_file)
    threshold = logging.getLevelNamesMapping()[level.upper()]
    structlog.configure(
        processors=[_as_line],
        wrapper_class=structlog.make_filtering_bound_logger(threshold),
        logger_factory=_LineLogger,
        cache_logger_on_first_use=False,
    )
    _take_over_stdlib(threshold)


def _take_over_stdlib(threshold: int) -> None:
    root = logging.getLogger()
    root.handlers = [handler for handler in root.handlers if not isinstance(handler, _Bridge)]
    root.addHandler(_Bridge())
    root.setLevel(threshold)
    for name, least in _QUIET.items():
        logging.getLogger(name).setLevel(max(least, threshold))
    logging.captureWarnings(True)


class _LineLogger:
    """What structlog calls last; every level name ends in the same line."""

    def __init__(self, *_: Any) -> None: ...

    def _write(self, line: bytes) -> None:
        lines.write(line)

    def _write_now(self, line: bytes) -> None:
        lines.write_now(line)

    debug = info = warning = warn = msg = _write
    error = exception = critical = fatal = _write_now


class _Bridge(logging.Handler):
    """Records of libraries as events: the logger's name, its text, and a failure without its values."""

    def emit(self, record: logging.LogRecord) -> None:
        event: EventDict = {"event": "library_log", "logger": record.name, "text": record.getMessage()}
        if record.exc_info:
            event["exc_info"] = record.exc_info
        write = lines.write_now if record.levelno >= logging.ERROR else lines.write
        write(_line(event, record.levelname))


def _as_line(_: WrappedLogger, method: str, event: EventDict) -> bytes:
    return _line(event, _LEVELS.get(method) or method.upper())


def _line(event: EventDict, level: str) -> bytes:
    """With what is known at this moment: when it is, whose work it is, and which failure is at hand."""
    structlog.contextvars.merge_contextvars(None, "", event)
    trace = tracing.current()
    if trace is not None:
        event["trace_id"] = trace.trace_id
    event.setdefault("service", DEFAULT_SERVICE)
    event["timestamp"] = f"{datetime.now(UTC).replace(tzinfo=None).isoformat(timespec='microseconds')}Z"
    event["level"] = level
    if "exc_info" in event:
        _describe_failure(event)
    return render(event)


def _describe_failure(event: EventDict) -> None:
    raised = event.pop("exc_info")
    if raised is True:
        raised = sys.exc_info()
    if isinstance(raised, tuple):
        raised = raised[1]
    if isinstance(raised, BaseException):
        event["error"] = describe(raised)
