"""The inbox of desks of different sizes: p50 and p99, and what the largest takes in those of the smallest.

Starts PostgreSQL, Redis and the Quimbi simulator, fills a database for each size, and serves each by a
process of its own, on loopback; asks all of them in turn; ends what it started.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks.inbox.floors import beside_the_floor
from benchmarks.inbox.probes import ON_SQLITE, PROBES
from benchmarks.inbox.rounds import columns, compare
from benchmarks.inbox.stage import Around, Desk, desks_on_postgresql, desks_on_sqlite, surroundings

SIZES, QUICK_SIZES = (1_000, 100_000, 1_000_000), (1_000, 100_000)
SQLITE_SIZES, QUICK_SQLITE_SIZES = (1_000, 100_000), (1_000, 20_000)
PARTS = ("postgresql", "floor", "sqlite")


def main(argv: Sequence[str] | None = None) -> int:
    options = _options(argv)
    began_s = time.monotonic()
    kept: list[bool] = []
    with (
        tempfile.TemporaryDirectory(prefix="desk-inbox-") as directory,
        surroundings(Path(directory)) as around,
    ):
        if "postgresql" in options.part or "floor" in options.part:
            sizes = options.sizes or (QUICK_SIZES if options.quick else SIZES)
            with desks_on_postgresql(around, sizes) as desks:
                if "postgresql" in options.part:
                    kept += _latencies("PostgreSQL", desks, options, judged=list(PROBES))
                if "floor" in options.part:
                    kept += _shares(around, desks[-1], options)
        if "sqlite" in options.part:
            sizes = options.sizes or (QUICK_SQLITE_SIZES if options.quick else SQLITE_SIZES)
            with desks_on_sqlite(around, sizes) as desks:
                kept += _latencies("SQLite", desks, options, judged=ON_SQLITE)
    print(f"{kept.count(False)} bounds missed, {time.monotonic() - began_s:.0f} s")
    return 1 if options.check and not all(kept) else 0


def _latencies(
    database: str, desks: Sequence[Desk], options: argparse.Namespace, *, judged: Sequence[str]
) -> list[bool]:
    print(f"\n{database}, open tickets:\n{columns(desks)}", flush=True)
    kept = []
    for name in options.only or PROBES:
        probe = PROBES[name]
        bound = probe.bound if name in judged else None
        compared = compare(
            probe, desks, samples=options.samples or (50 if options.quick else 300), bound=bound
        )
        print(compared.line, flush=True)
        kept.append(compared.kept)
    return kept


def _shares(around: Around, desk: Desk, options: argparse.Namespace) -> list[bool]:
    print(f"\nPostgreSQL, {desk.name} open tickets, eight connections:", flush=True)
    rounds, seconds = (3, 1.5) if options.quick else (7, 3.0)
    shares = list(beside_the_floor(around, desk, rounds=rounds, seconds=seconds))
    print("\n".join(share.line for share in shares), flush=True)
    return [share.kept for share in shares]


def _options(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.inbox",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--quick", action="store_true", help="smaller desks and fewer samples")
    parser.add_argument("--part", nargs="+", choices=PARTS, default=PARTS)
    parser.add_argument("--only", nargs="+", metavar="NAME", choices=list(PROBES), help=", ".join(PROBES))
    parser.add_argument("--sizes", nargs="+", type=int, metavar="TICKETS", help="the smallest first")
    parser.add_argument("--samples", type=int, help="of each request to each desk")
    parser.add_argument("--check", action="store_true", help="exit 1 where a bound is missed")
    return parser.parse_args(argv)


if __name__ == "__main__":
    sys.exit(main())
