"""What analytics take over 10,000 and over a million tickets within a year, asked over HTTP in turns.

Starts a PostgreSQL with a database for each size, fills them with the figures of a year, starts a service of
one process on each, and ends what it started. `--check`: exits with 1 where the p50 of the largest is more
than 1.5 times that of the smallest. `python -m benchmarks.assign` has it as its last part.
"""

import argparse
import os
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from benchmarks.analytics.asking import ROUNDS, SIZES, asked
from tests.servers import postgres_server


def main(argv: Sequence[str] | None = None) -> int:
    options = _options(argv)
    missed = 0
    with tempfile.TemporaryDirectory() as directory, postgres_server() as postgres:
        for line, kept in asked(postgres, Path(directory), sizes=options.sizes, rounds=options.rounds):
            print(line, flush=True)
            missed += not kept
    print(f"{missed} bounds missed; load average: {', '.join(f'{load:.1f}' for load in os.getloadavg())}")
    return 1 if options.check and missed else 0


def _options(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.analytics", description=__doc__)
    parser.add_argument("--check", action="store_true", help="exit with 1 beyond the bound")
    parser.add_argument(
        "--rounds", type=int, default=ROUNDS, help=f"how often each is asked (default: {ROUNDS})"
    )
    parser.add_argument(
        "--sizes", type=int, nargs="+", default=SIZES, help="tickets within the year (default: both)"
    )
    return parser.parse_args(argv)


if __name__ == "__main__":
    sys.exit(main())
