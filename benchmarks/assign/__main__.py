"""How fast tickets find their agents, and what figures of a year of tickets take to be read.

Starts PostgreSQL, fills a database for each desk, and serves each on loopback: by two processes where tickets
are assigned, whose capacity is counted afterwards. Asks all of them in turn; ends what it started.
"""

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from benchmarks.analytics import asking
from benchmarks.assign.contents import Contents
from benchmarks.assign.handing import handed_out
from benchmarks.assign.parallel import FULL, all_at_once
from benchmarks.assign.stage import served
from benchmarks.assign.steady import HEADING, beside_each_other
from tests.servers import Postgres, postgres_server

GROWS = 1.5
"""What an assignment may take longer with a hundred times as many agents, or a queue of 100,000."""

USUAL = Contents(agents=10, capacity=1_000, tickets=40_000)
DESKS = {
    "10 agents": USUAL,
    "1,000 agents": Contents(agents=1_000, capacity=10, tickets=40_000),
    "10 agents, 100,000 queued": Contents(agents=10, capacity=1_000, tickets=40_000, queued=100_000),
}

QUEUES = {
    f"{queued:,} queued": Contents(agents=1, capacity=1_000, tickets=1, queued=queued)
    for queued in (5_000, 100_000)
}


@dataclass(frozen=True, slots=True)
class Around:
    server: Postgres
    directory: Path
    quick: bool


@dataclass(frozen=True, slots=True)
class Told:
    """A line of the report; `kept` where it has no bound, too."""

    line: str
    kept: bool = True


def parallel(around: Around) -> Iterator[Told]:
    with served(around.server, FULL, around.directory) as desk:
        done = all_at_once(desk)
    yield Told(done.line, not done.faults)


def steady(around: Around) -> Iterator[Told]:
    rounds, seconds = (2, 1.0) if around.quick else (9, 3.0)
    yield Told(f"Assigned and resolved, {rounds} rounds of {seconds:g} s; the floor changes a priority.")
    yield Told(HEADING)
    with ExitStack() as stack:
        desks = {
            name: stack.enter_context(served(around.server, contents, around.directory))
            for name, contents in DESKS.items()
        }
        first, *others = beside_each_other(desks, rounds=rounds, seconds=seconds)
    for one in (first, *others):
        yield Told(one.line, one.sound)
    for one in others:
        yield _bound(f"p50 with {one.name} in that with {first.name}", one.beside(first))


def handing(around: Around) -> Iterator[Told]:
    rounds = 2 if around.quick else 9
    with ExitStack() as stack:
        desks = {
            name: stack.enter_context(served(around.server, contents, around.directory))
            for name, contents in QUEUES.items()
        }
        short, long = handed_out(desks, rounds=rounds)
    for one in (short, long):
        yield Told(one.line, not one.faults)
    yield _bound(f"from {long.name} in that from {short.name}", long.beside(short))


def analytics(around: Around) -> Iterator[Told]:
    sizes, rounds = ((1_000, 10_000), 5) if around.quick else (asking.SIZES, asking.ROUNDS)
    for line, kept in asking.asked(around.server, around.directory, sizes=sizes, rounds=rounds):
        yield Told(line, kept)


def _bound(what: str, ratio: float) -> Told:
    kept = ratio <= GROWS
    return Told(f"{what}: {ratio:.2f}  ≤ {GROWS}  {'ok' if kept else 'MISSED'}", kept)


PARTS: Mapping[str, Callable[[Around], Iterator[Told]]] = {
    "parallel": parallel,
    "steady": steady,
    "handing": handing,
    "analytics": analytics,
}


def main(argv: Sequence[str] | None = None) -> int:
    options = _options(argv)
    began_s, kept = time.monotonic(), []
    print(
        f"Load of the machine at the start: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores.", flush=True
    )
    with tempfile.TemporaryDirectory(prefix="desk-assign-") as directory, postgres_server() as server:
        for name in options.part:
            print(f"\n{name}", flush=True)
            for told in PARTS[name](Around(server, Path(directory), options.quick)):
                print(told.line, flush=True)
                kept.append(told.kept)
    print(f"\n{kept.count(False)} bounds missed, {time.monotonic() - began_s:.0f} s")
    return 1 if options.check and not all(kept) else 0


def _options(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.assign",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--part",
        nargs="+",
        choices=PARTS,
        default=list(PARTS),
        help="analytics fills a year of a million tickets, which takes more than five minutes (default: all)",
    )
    parser.add_argument("--quick", action="store_true", help="fewer and shorter rounds")
    parser.add_argument("--check", action="store_true", help="exit 1 where a bound is missed")
    return parser.parse_args(argv)


if __name__ == "__main__":
    sys.exit(main())
