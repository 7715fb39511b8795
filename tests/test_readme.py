"""The README's five minutes of curl work as printed."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text()
BLOCKS = re.findall(r"```console\n(.*?)```", README, re.DOTALL)
STEPS = [
    tuple(step.split("\n", 1))
    for block in BLOCKS
    for step in re.findall(r"^\$ (.*?)(?=^\$ |\Z)", block, re.DOTALL | re.MULTILINE)
]


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where a first `make run` serves, on a database of the test's own."""
    directory = tmp_path_factory.mktemp("readme")
    environment = {name: value for name, value in os.environ.items() if not name.startswith("QUIMBI_")}
    environment |= {
        "DATABASE_URL": f"sqlite:///{directory / 'desk.db'}",
        "LOG_FILE": str(directory / "app.log"),
        "PORT": "0",
    }
    with (directory / "stderr").open("wb") as stderr:
        server = subprocess.Popen(
            [sys.executable, "wsgi.py", "--bootstrap"],
            cwd=ROOT,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
        )
        try:
            ready = next((line for line in server.stdout if line.startswith("Ready on")), "")
            yield re.search(r"http://(\S+?:\d+)", ready)[1]
        finally:
            server.send_signal(signal.SIGTERM)
            server.stdout.close()
            assert server.wait(timeout=30) == 0


def wait_for_the_first_check(address: str) -> None:
    """A provider is `not_checked_yet` for the first moments, which nobody who types would meet."""
    until = time.monotonic() + 10
    while "not_checked_yet" in requests.get(f"http://{address}/health", timeout=5).text:
        assert time.monotonic() < until
        time.sleep(0.05)


def as_pattern(excerpt: str) -> str:
    return re.escape(excerpt.strip()).replace(re.escape("..."), ".*")


def test_the_calls_of_the_readme_answer_as_it_says(address: str) -> None:
    assert len(STEPS) >= 10
    wait_for_the_first_check(address)
    for command, expected in STEPS:
        call = command.replace("localhost:8000", address)
        answer = subprocess.run(
            ["bash", "-c", call], capture_output=True, text=True, check=True, timeout=30
        ).stdout.strip()
        assert re.fullmatch(as_pattern(expected), answer, re.DOTALL), f"{command}\n{answer}"
