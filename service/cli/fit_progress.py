"""How far a fit is: one line on stderr that is written over, or a line now and then where nobody looks."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

import click

from providers.ports import Clock
from service.customer_base.rebuilding import Progress, unwatched

SECONDS_BETWEEN_LINES = 10.0
SECONDS_BETWEEN_GLANCES = 0.1
WIDTH = 78


class _Told:
    def __init__(self, clock: Clock, *, over: bool) -> None:
        self._clock = clock
        self._over = over
        self._every_s = SECONDS_BETWEEN_GLANCES if over else SECONDS_BETWEEN_LINES
        self._said_s = clock.monotonic() - self._every_s * over
        self._written = False

    def __call__(self, doing: str, done: int) -> None:
        now_s = self._clock.monotonic()
        if now_s - self._said_s < self._every_s:
            return
        self._said_s = now_s
        line = f"{doing}: {done:,}"
        click.echo(f"\r{line[:WIDTH]:<{WIDTH}}" if self._over else line, nl=not self._over, err=True)
        self._written = True

    def end(self) -> None:
        if self._over and self._written:
            click.echo(f"\r{'':<{WIDTH}}\r", nl=False, err=True)


@contextmanager
def progress(clock: Clock, *, quiet: bool) -> Iterator[Progress]:
    """On stderr, so that stdout holds the outcome alone."""
    if quiet:
        yield unwatched
        return
    told = _Told(clock, over=sys.stderr.isatty())
    try:
        yield told
    finally:
        told.end()
