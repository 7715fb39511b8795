"""Calls that our own guards did not let through, counted."""

import threading
from collections import Counter
from collections.abc import Mapping
from typing import NamedTuple

from providers.models import Capability, Reason


class Refused(NamedTuple):
    provider: str
    capability: Capability
    reason: Reason


class Refusals:
    """Of this process, since its start."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: Counter[Refused] = Counter()

    def count(self, refused: Refused) -> None:
        with self._lock:
            self._counts[refused] += 1

    def read(self) -> Mapping[Refused, int]:
        with self._lock:
            return dict(self._counts)
