"""Processes that a benchmark starts, and ends again by pid."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
STOP_TIMEOUT_S = 10.0


@contextmanager
def running(*arguments: str, log: Path, environment: Mapping[str, str] | None = None) -> Iterator[int]:
    """`python ARGUMENTS`, which prints the port it serves on; yields that port."""
    with log.open("ab") as stderr:
        process = subprocess.Popen(
            [sys.executable, *arguments],
            cwd=ROOT,
            env=os.environ | dict(environment or {}),
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
        )
    assert process.stdout is not None
    try:
        yield _port(process.stdout.readline(), arguments, log)
    finally:
        process.terminate()
        try:
            process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        process.stdout.close()


def _port(announced: str, arguments: tuple[str, ...], log: Path) -> int:
    found = re.search(r"(\d+)\.?(?: Try:)?$", announced.strip())
    if found is None:
        sys.exit(f"{' '.join(arguments)} did not start:\n{log.read_text()[-2000:]}")
    return int(found[1])
