"""How long after its time each breach is told, by two workers in processes of their own, one killed."""

import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from benchmarks.processes import ROOT, STOP_TIMEOUT_S
from benchmarks.service_levels.desks import LENGTH, Desk
from providers.testing.clock import FakeClock

WORKERS_START_S = 20.0
SPREAD_S = 20.0
PATIENCE_S = 30.0


def delays_s(desk: Desk, directory: Path, *, due: int) -> list[float]:
    """Of those that were told: each breach, due one after the other while the workers run."""
    begin = datetime.now(UTC) + timedelta(seconds=WORKERS_START_S)
    desk.set_clock(FakeClock(begin - LENGTH))
    made: list[str] = []
    for _ in range(due):
        made += desk.make(1)
        desk.clock.advance(SPREAD_S / due)
    with ExitStack() as stack:
        workers = [stack.enter_context(_worker(desk.url, directory / f"worker-{n}.log")) for n in range(2)]
        _wait_until(begin + timedelta(seconds=SPREAD_S / 2))
        os.kill(workers[0].pid, signal.SIGKILL)
        _wait_until(begin + timedelta(seconds=SPREAD_S))
        give_up_at = time.monotonic() + PATIENCE_S
        while len(told := desk.breaches(made)) < due and time.monotonic() < give_up_at:
            time.sleep(0.2)
    return [(at - moment).total_seconds() for at, moment in told]


def _wait_until(moment: datetime) -> None:
    time.sleep(max(0.0, (moment - datetime.now(UTC)).total_seconds()))


@contextmanager
def _worker(url: str, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    environment = {
        "ENVIRONMENT": "test",
        "SECRET_KEY": secrets.token_hex(32),
        "DATABASE_URL": url,
        "INTELLIGENCE_PROVIDERS": "fallback",
        "LOG_FILE": "",
        "DRAIN_TIMEOUT": "1",
    }
    with log.open("ab") as stderr:
        process = subprocess.Popen(
            [sys.executable, "-m", "flask", "--app", "wsgi", "worker"],
            cwd=ROOT,
            env=os.environ | environment,
            stdout=subprocess.DEVNULL,
            stderr=stderr,
        )
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
