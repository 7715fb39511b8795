"""How far an import is: a bar where somebody looks, a line now and then where nobody does."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

import click

from providers.ports import Clock
from service.importing.importer import Watcher

SECONDS_BETWEEN_LINES = 10.0


class Quiet:
    def advanced(self, *, line: int, bytes_read: int) -> None:
        """Says nothing."""


class Lines:
    """`size`: in bytes, None where it is not known."""

    def __init__(self, clock: Clock, size: int | None) -> None:
        self._clock = clock
        self._size = size
        self._said_s = clock.monotonic()

    def advanced(self, *, line: int, bytes_read: int) -> None:
        now_s = self._clock.monotonic()
        if now_s - self._said_s < SECONDS_BETWEEN_LINES:
            return
        self._said_s = now_s
        part = f", {bytes_read / self._size:.0%}" if self._size else ""
        click.echo(f"line {line:,}{part}", err=True)


class Bar:
    def __init__(self, bar: "click._termui_impl.ProgressBar[int | None]") -> None:
        self._bar = bar

    def advanced(self, *, line: int, bytes_read: int) -> None:
        self._bar.update(bytes_read - self._bar.pos, line)


def _place(line: int | None) -> str | None:
    return f"line {line:,}" if line is not None else None


@contextmanager
def progress(label: str, clock: Clock, *, size: int | None, quiet: bool) -> Iterator[Watcher]:
    """On stderr, so that stdout holds the summary alone."""
    if quiet:
        yield Quiet()
    elif size and sys.stderr.isatty():
        with click.progressbar(
            length=size,
            label=label,
            file=sys.stderr,
            item_show_func=_place,
        ) as bar:
            yield Bar(bar)
    else:
        yield Lines(clock, size)
