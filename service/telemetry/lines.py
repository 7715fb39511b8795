"""Log lines as bytes: rendered whole, written by one call each, never waiting for a stuck reader."""

import json
import os
import select
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec

from service.telemetry.redaction import without_secret_fields, without_secret_values

LONGEST_LINE = 4096
"""Bytes. PIPE_BUF: a pipe takes such a line whole or not at all, so that lines of processes never mix."""

LONGEST_VALUE = 500
PATIENCE_MS = 100
"""How long the first line waits for a reader that is behind; later ones not at all until it has caught up."""

LOOK_AGAIN_S = 0.5
"""How often a log file looks whether its name is another file's by now."""

_LEADING = ("timestamp", "level", "service", "event", "request_id")


def _unencodable(value: Any) -> str:
    return f"<{type(value).__name__}>"


_encoder = msgspec.json.Encoder(enc_hook=_unencodable, decimal_format="number")


def render(event: Mapping[str, Any]) -> bytes:
    """One JSON object and a line feed, the fields to read first leading. Never raises."""
    fields = {key: event[key] for key in _LEADING if key in event}
    fields.update(event)
    fields = without_secret_fields(fields)
    line = _encode(fields)
    if len(line) >= LONGEST_LINE:
        line = _encode(_shortened(fields))
    if len(line) >= LONGEST_LINE:
        line = _encode(_shortened({key: fields[key] for key in _LEADING if key in fields}))
    return without_secret_values(line) + b"\n"


def _encode(fields: Mapping[str, Any]) -> bytes:
    try:
        return _encoder.encode(fields)
    except (TypeError, ValueError, OverflowError, RecursionError):
        return json.dumps(_plain(fields)).encode()


def _plain(fields: Mapping[str, Any]) -> dict[str, Any]:
    """What the fast encoder refuses, such as a lone surrogate, as text that any reader takes."""
    return {
        str(key): value if value is None or isinstance(value, str | int) else _unencodable(value)
        for key, value in fields.items()
    }


def _shortened(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {key: _short(value) for key, value in fields.items()} | {"truncated": True}


def _short(value: Any) -> Any:
    if isinstance(value, str) and len(value) > LONGEST_VALUE:
        return value[:LONGEST_VALUE] + "…"
    return value


class StandardError:
    """Descriptor 2, or the one given. A line that a full pipe cannot take is dropped and counted."""

    def __init__(self, descriptor: int = 2) -> None:
        self._descriptor = descriptor
        self._dropped = 0

    def _has_room(self, wait_ms: int) -> bool:
        room = select.poll()  # one each time: threads may not share it
        room.register(self._descriptor, select.POLLOUT)
        return bool(room.poll(wait_ms))

    def write(self, line: bytes) -> None:
        if not self._has_room(0 if self._dropped else PATIENCE_MS):
            self._dropped += 1
            return
        if self._dropped:
            notice = {
                "level": "WARNING",
                "service": "desk",
                "event": "log_lines_dropped",
                "count": self._dropped,
            }
            self._dropped = 0
            self.write(render(notice))
        _write_whole(self._descriptor, line)


class LogFile:
    """Appends, so that processes may share it, and follows the name when a rotation moves the file."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._looked_at_s = time.monotonic()
        self._descriptor = self._open()
        self._identity = _identity(os.fstat(self._descriptor))

    def _open(self) -> int:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        return os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o640)

    def write(self, line: bytes) -> None:
        if time.monotonic() - self._looked_at_s >= LOOK_AGAIN_S:
            self._looked_at_s = time.monotonic()
            self._follow()
        _write_whole(self._descriptor, line)

    def _follow(self) -> None:
        """The descriptor keeps its number, so that no thread can meet a closed one."""
        try:
            moved = _identity(self._path.stat()) != self._identity
        except FileNotFoundError:
            moved = True
        if moved:
            fresh = self._open()
            self._identity = _identity(os.fstat(fresh))
            os.dup2(fresh, self._descriptor, inheritable=False)
            os.close(fresh)

    def close(self) -> None:
        os.close(self._descriptor)


def _identity(status: os.stat_result) -> tuple[int, int]:
    return status.st_dev, status.st_ino


def _write_whole(descriptor: int, line: bytes) -> None:
    written = os.write(descriptor, line)
    while written < len(line):
        written += os.write(descriptor, line[written:])


class LineLog:
    """Where all lines go. A sink that fails (disk full, reader gone) costs its line, never the request.

    Without a lock: a line is one write that the kernel keeps whole, and a lock held over a write would
    make every thread wait for the slowest.
    """

    def __init__(self) -> None:
        self._sinks: list[Callable[[bytes], None]] = []
        self._file: LogFile | None = None

    def open(self, log_file: Path | None, *, descriptor: int = 2) -> None:
        before, self._file = self._file, LogFile(log_file) if log_file else None
        self._sinks = [StandardError(descriptor).write, *([self._file.write] if self._file else [])]
        if before is not None:
            before.close()

    def write(self, line: bytes) -> None:
        for sink in self._sinks:
            try:
                sink(line)
            except OSError:
                continue
