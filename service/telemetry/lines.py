"""Log lines as bytes: rendered whole, written by one call each, never waiting for a stuck reader."""

import json
import os
import select
import threading
import time
from collections import deque
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

BATCH_S = 0.02
"""How long lines wait for each other while one thread writes for all."""

LOOK_AGAIN_S = 0.5
"""How often a log file looks whether its name is another file's by now."""

_LEADING = ("timestamp", "level", "service", "event", "request_id", "trace_id")


def _unencodable(value: Any) -> str:
    return f"<{type(value).__name__}>"


_encoder = msgspec.json.Encoder(enc_hook=_unencodable, decimal_format="number")


def render(event: Mapping[str, Any]) -> bytes:
    """One JSON object and a line feed, the fields to read first leading. Never raises."""
    ordered = {key: event[key] for key in _LEADING if key in event}
    ordered.update(event)
    fields = without_secret_fields(ordered)
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
    """Descriptor 2, or the one given. What a full pipe cannot take is dropped, and its lines counted."""

    def __init__(self, descriptor: int = 2) -> None:
        self._descriptor = descriptor
        self._dropped = 0

    def _has_room(self, wait_ms: int) -> bool:
        room = select.poll()  # one each time: threads may not share it
        room.register(self._descriptor, select.POLLOUT)
        return bool(room.poll(wait_ms))

    def write(self, line: bytes) -> None:
        if not self._has_room(0 if self._dropped else PATIENCE_MS):
            self._dropped += line.count(b"\n")
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

    A line is one write that the kernel keeps whole, and no lock is held over it: every thread would
    wait for the slowest. Between `start_batching` and `stop_batching` one thread writes for all, a
    few milliseconds later: each write hands the interpreter lock to another thread and back, which
    costs a busy server more than the line itself.
    """

    def __init__(self) -> None:
        self._sinks: list[Callable[[bytes], None]] = []
        self._file: LogFile | None = None
        self._waiting: deque[bytes] = deque()
        self._news = threading.Event()
        self._writer: threading.Thread | None = None

    def open(self, log_file: Path | None, *, descriptor: int = 2) -> None:
        before, self._file = self._file, LogFile(log_file) if log_file else None
        self._sinks = [StandardError(descriptor).write, *([self._file.write] if self._file else [])]
        if before is not None:
            before.close()

    def write(self, line: bytes) -> None:
        if self._writer is None:
            self._write_out(line)
            return
        self._waiting.append(line)
        if not self._news.is_set():
            self._news.set()

    def write_now(self, line: bytes) -> None:
        """For what must not be lost with the process: this line, and those that came before it."""
        self._flush()
        self._write_out(line)

    def start_batching(self) -> None:
        """Call it after a fork, not before: threads do not survive one."""
        self._writer = threading.Thread(target=self._write_batches, name="log", daemon=True)
        self._writer.start()

    def stop_batching(self) -> None:
        writer, self._writer = self._writer, None
        self._news.set()
        if writer is not None:
            writer.join()
        self._flush()

    def _write_batches(self) -> None:
        while self._writer is not None:
            self._news.wait()
            time.sleep(BATCH_S)
            self._news.clear()
            self._flush()

    def _flush(self) -> None:
        chunk = b""
        while self._waiting:
            try:
                line = self._waiting.popleft()
            except IndexError:  # another thread flushes too
                break
            if len(chunk) + len(line) > LONGEST_LINE:
                self._write_out(chunk)
                chunk = b""
            chunk += line
        if chunk:
            self._write_out(chunk)

    def _write_out(self, chunk: bytes) -> None:
        for sink in self._sinks:
            try:
                sink(chunk)
            except OSError:
                continue
