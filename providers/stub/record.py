"""What the stub was asked."""

import os
import threading
from collections import deque
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import structlog

from providers import codec
from providers.models import Capability, ProviderRequest
from providers.ports import Clock
from providers.settings import SettingsError

KEPT = 1_000

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Asked:
    capability: Capability
    request: ProviderRequest
    at: datetime


class Record:
    """The last questions in memory, in full; all of them in the file, without a word of their texts."""

    def __init__(self, clock: Clock, path: Path | None = None) -> None:
        """Raises `SettingsError` where the file cannot be written."""
        self._clock = clock
        self._path = path
        self._asked: deque[Asked] = deque(maxlen=KEPT)
        self._lock = threading.Lock()
        if path is not None:
            try:
                _append(path, b"")
            except OSError as error:
                raise SettingsError(
                    {"STUB_RECORD": [f"Cannot be written ({error.strerror}): name a writable file."]}
                ) from error

    def note(self, capability: Capability, request: ProviderRequest, external_id: str) -> None:
        asked = Asked(capability, request, self._clock.now())
        with self._lock:
            self._asked.append(asked)
        if self._path is None:
            return
        line = {
            "at": asked.at,
            "capability": capability,
            "customer_id": request.customer.id,
            "external_id": external_id,
            "arguments": dict(request.arguments),
        }
        try:
            _append(self._path, codec.encode(line) + b"\n")
        except (OSError, UnicodeEncodeError) as error:
            log.warning("stub_record_failed", capability=capability, error=type(error).__name__)

    def forget(self) -> None:
        """Those in memory; the file keeps what it has."""
        with self._lock:
            self._asked.clear()

    def asked(self) -> tuple[Asked, ...]:
        with self._lock:
            return tuple(self._asked)


def _append(path: Path, line: bytes) -> None:
    """In one write, so that the lines of several processes do not mix."""
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        os.write(descriptor, line)
    finally:
        os.close(descriptor)
