"""What it costs to find and tell what falls due, at desks of different sizes, and how long that takes.

Starts PostgreSQL, fills a database for each size, and ends what it started. Cost: in one process, on clocks
that are moved, in rounds that alternate. Delay: two workers on the largest desk, one of which is killed.
"""

import argparse
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.load import quantile
from benchmarks.service_levels.delays import delays_s
from benchmarks.service_levels.desks import LENGTH, Desk, desks

SIZES, QUICK_SIZES = (1_000, 1_000_000), (1_000, 50_000)
RATIO, IN_TIME_S, INBOX = 1.5, 5.0, 1.5
WARNS_AT = LENGTH * 0.8


def main(argv: Sequence[str] | None = None) -> int:
    options = _options(argv)
    rounds, due = (8, 50) if options.quick else (20, 100)
    began_s = time.monotonic()
    with (
        TemporaryDirectory(prefix="desk-levels-") as directory,
        desks(options.sizes or (QUICK_SIZES if options.quick else SIZES)) as those,
    ):
        print(f"filled in {time.monotonic() - began_s:.0f} s", flush=True)
        kept = [_costs(those, rounds=rounds, due=due), _inbox(those[-1])]
        kept.append(_delays(those[-1], Path(directory), due=40 if options.quick else 200))
    print(f"{kept.count(False)} bounds missed, {time.monotonic() - began_s:.0f} s")
    return 1 if options.check and not all(kept) else 0


def _costs(those: Sequence[Desk], *, rounds: int, due: int) -> bool:
    """Milliseconds for each event, of warnings and of breaches; the medians of the rounds."""
    took: dict[str, dict[str, list[float]]] = {"warning": {}, "breach": {}}
    began = [desk.clock.monotonic() for desk in those]
    for desk in those:
        for _ in range(rounds):
            desk.make(due)
            desk.clock.advance(1)
    for kind, after in (("warning", WARNS_AT), ("breach", LENGTH)):
        for number in range(rounds):
            for desk, begun in zip(those, began, strict=True):
                desk.clock.advance(begun + number + after.total_seconds() + 0.5 - desk.clock.monotonic())
                at = time.perf_counter()
                found = desk.tracking.due.run()
                spent = time.perf_counter() - at
                told = found["warnings"] + found["breaches"]
                if told != due:
                    sys.exit(f"{desk.name}: {told} of {due} were told.")
                took[kind].setdefault(desk.name, []).append(1000 * spent / due)
    kept = True
    print(f"\nms for each due event, {rounds} rounds of {due}:")
    for kind, by_desk in took.items():
        medians = {name: statistics.median(spent) for name, spent in by_desk.items()}
        ratio = medians[those[-1].name] / medians[those[0].name]
        kept = kept and ratio <= RATIO
        told = ", ".join(f"{name} open: {median:.2f}" for name, median in medians.items())
        print(f"{kind:<10}{told}; ratio {ratio:.2f}  ≤ {RATIO} {_judged(ratio <= RATIO)}", flush=True)
    return kept


def _inbox(desk: Desk) -> bool:
    """Two pages of it, when nothing was due for long, and behind hundreds of score steps of a moment ago."""
    desk.make(200)
    before = _p50_ms(desk.first_pages)
    desk.clock.advance(LENGTH.total_seconds() + 1)
    desk.tracking.due.run()
    after = _p50_ms(desk.first_pages)
    ratio = after / before
    print(
        f"\ninbox of {desk.name}, two pages: p50 {before:.1f} ms, after score steps {after:.1f} ms;"
        f" ratio {ratio:.2f}  ≤ {INBOX} {_judged(ratio <= INBOX)}",
        flush=True,
    )
    return ratio <= INBOX


def _delays(desk: Desk, directory: Path, *, due: int) -> bool:
    found = sorted(delays_s(desk, directory, due=due))
    kept = len(found) == due and found[-1] <= IN_TIME_S
    figures = ", ".join(f"p{share * 100:.0f} {quantile(found, share):.2f}" for share in (0.5, 0.95, 0.99))
    print(
        f"\ndue to told at {desk.name}, two workers, one killed: {len(found)} of {due},"
        f" {figures}, most {found[-1]:.2f} s  ≤ {IN_TIME_S:.0f} {_judged(kept)}",
        flush=True,
    )
    return kept


def _p50_ms(work: Callable[[], None], *, samples: int = 60) -> float:
    took = []
    for _ in range(samples):
        at = time.perf_counter()
        work()
        took.append(1000 * (time.perf_counter() - at))
    return statistics.median(took)


def _judged(kept: bool) -> str:
    return "ok" if kept else "MISSED"


def _options(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.service_levels",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--quick", action="store_true", help="smaller desks and fewer rounds")
    parser.add_argument("--sizes", nargs="+", type=int, metavar="TICKETS", help="the smallest first")
    parser.add_argument("--check", action="store_true", help="exit 1 where a bound is missed")
    return parser.parse_args(argv)


if __name__ == "__main__":
    sys.exit(main())
