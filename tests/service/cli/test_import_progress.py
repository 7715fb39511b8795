"""A bar where somebody looks, lines where nobody does."""

import os
import pty
import subprocess
import sys

import pytest

from providers.testing.fakes import FakeClock
from service.cli.import_progress import progress
from tests.service.cli.conftest import ROOT, clean_environment

BAR = """
from service.cli.import_progress import progress
from service.clock import SystemClock
with progress("orders from orders.csv", SystemClock(), size=1_000, quiet=False) as watcher:
    for read in (250, 500, 1_000):
        watcher.advanced(line=read // 10, bytes_read=read)
"""


def test_without_a_terminal_there_is_a_line_now_and_then(capsys, clock: FakeClock):
    with progress("orders", clock, size=1_000, quiet=False) as watcher:
        for number in range(1, 5):
            clock.advance(6)
            watcher.advanced(line=number * 1_000, bytes_read=number * 250)
    told = capsys.readouterr()
    assert (told.out, told.err) == ("", "line 2,000, 50%\nline 4,000, 100%\n")


def test_of_a_stream_nobody_knows_how_much_is_left(capsys, clock: FakeClock):
    with progress("orders", clock, size=None, quiet=False) as watcher:
        clock.advance(60)
        watcher.advanced(line=7, bytes_read=0)
    assert capsys.readouterr().err == "line 7\n"


def test_quiet_says_nothing(capsys, clock: FakeClock):
    with progress("orders", clock, size=1_000, quiet=True) as watcher:
        clock.advance(60)
        watcher.advanced(line=7, bytes_read=9)
    assert capsys.readouterr().err == ""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="how a terminal ends differs elsewhere")
def test_on_a_terminal_there_is_a_bar():
    ours, theirs = pty.openpty()
    subprocess.run([sys.executable, "-c", BAR], cwd=ROOT, env=clean_environment(), stderr=theirs, check=True)
    os.close(theirs)
    told = os.read(ours, 10_000).decode()
    os.close(ours)
    assert "orders from orders.csv" in told
    assert "100%" in told
    assert "line 100" in told
