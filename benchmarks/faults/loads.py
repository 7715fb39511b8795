"""Loads on something that listens, offered by a process of their own."""

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import IO, Any, Protocol

import msgspec

from benchmarks.faults.plans import Kind, Plan
from benchmarks.faults.samples import Sample, Samples
from benchmarks.processes import ROOT

BEGINS_IN_S = 1.0
"""Time for the process of the load to start and to connect."""
WARM_UP_S = 3.0
"""What is due earlier is no baseline: connections are opened, and code runs for the first time."""
TAIL_S = 60.0
"""For the last answers, beyond the load's own time."""


class Listening(Protocol):
    @property
    def port(self) -> int: ...
    @property
    def api_key(self) -> str: ...


@dataclass(slots=True)
class Offered:
    """`samples` are there when the block of the load has ended."""

    begin_at_s: float
    samples: Samples = field(default_factory=lambda: Samples([]))

    @property
    def warm_at_s(self) -> float:
        return self.begin_at_s + WARM_UP_S

    def wait_until(self, seconds: float) -> float:
        """Until so long after the beginning; the time it is then, on the monotonic clock."""
        time.sleep(max(0.0, self.begin_at_s + seconds - time.monotonic()))
        return time.monotonic()


@contextmanager
def offered(target: Listening, mix: Sequence[Kind], **schedule: Any) -> Iterator[Offered]:
    """`schedule` is that of a `Plan`. The block runs beside the load; its end waits for the load's."""
    begin_at_s = time.monotonic() + BEGINS_IN_S
    plan = Plan(port=target.port, api_key=target.api_key, mix=list(mix), begin_at_s=begin_at_s, **schedule)
    load = Offered(begin_at_s)
    with tempfile.TemporaryFile() as told, tempfile.TemporaryFile() as brought:
        told.write(msgspec.msgpack.encode(plan))
        told.seek(0)
        process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.faults.generator"], cwd=ROOT, stdin=told, stdout=brought
        )
        try:
            yield load
            if process.wait(plan.seconds + plan.patience_s + TAIL_S):
                sys.exit("The load could not be offered.")
        finally:
            process.kill()
            process.wait()
        load.samples = _read(brought)


def offer(target: Listening, mix: Sequence[Kind], **schedule: Any) -> Samples:
    with offered(target, mix, **schedule) as load:
        pass
    return load.samples


def _read(brought: IO[bytes]) -> Samples:
    brought.seek(0)
    return Samples(msgspec.msgpack.decode(brought.read(), type=list[Sample]))
