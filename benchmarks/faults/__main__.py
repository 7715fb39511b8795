"""What faults cost: a table of figure against bound.

Starts PostgreSQL, Redis, the Quimbi simulator, the bare app and the service in two processes, on loopback;
makes them fail one after the other while a load is offered; ends what it started.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks.faults.bench import Bench
from benchmarks.faults.figures import COLUMNS, Figure, missed
from benchmarks.faults.situations import SITUATIONS
from benchmarks.faults.stage import staged


def main(argv: Sequence[str] | None = None) -> int:
    options = _options(argv)
    if options.list:
        print("\n".join(SITUATIONS))
        return 0
    names = options.only or list(SITUATIONS)
    began_s = time.monotonic()
    print(COLUMNS)
    with tempfile.TemporaryDirectory(prefix="desk-faults-") as directory, staged(Path(directory)) as stage:
        figures = _measured(Bench(stage, quick=options.quick), names)
    failed = missed(figures)
    judged = sum(figure.bound is not None for figure in figures)
    print(f"{judged} bounds, {len(failed)} missed, {time.monotonic() - began_s:.0f} s")
    return 1 if options.check and failed else 0


def _measured(bench: Bench, names: Sequence[str]) -> list[Figure]:
    figures = []
    for name in names:
        for figure in SITUATIONS[name](bench):
            print(figure.line(name), flush=True)
            figures.append(figure)
    return figures


def _options(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.faults",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--quick", action="store_true", help="about four minutes, with fewer samples")
    parser.add_argument("--only", nargs="+", metavar="NAME", choices=list(SITUATIONS), help="see --list")
    parser.add_argument("--list", action="store_true", help="print the situations")
    parser.add_argument("--check", action="store_true", help="exit 1 where a bound is missed")
    return parser.parse_args(argv)


if __name__ == "__main__":
    sys.exit(main())
