"""The desk's own intelligence: fits and scores of shops of several sizes, and what an order costs.

Each size is computed in a process of its own, one after the other. For orders, SQLite and a PostgreSQL that
the bench starts and ends.
"""

import argparse
import sys
from collections.abc import Sequence

from benchmarks.intelligence.computing import Figures, measured
from benchmarks.intelligence.keeping import costs

SIZES = (10_000, 100_000, 1_000_000)
PARTS = ("computing", "orders")
COLUMNS = (
    ("customers", "{:,}", lambda each: each.customers),
    ("read", "{:.2f} s", lambda each: each.read_s),
    ("fit", "{:.2f} s", lambda each: each.fit_s),
    ("risk of all", "{:.1f} ms", lambda each: 1000 * each.risk_s),
    ("with interval", "{:.1f} ms", lambda each: 1000 * each.risk_interval_s),
    ("factors", "{:.0f} ms", lambda each: 1000 * each.factors_s),
    ("idle", "{:.0f} MB", lambda each: each.idle_mb),
    ("peak", "{:.0f} MB", lambda each: each.peak_mb),
)


def main(argv: Sequence[str] | None = None) -> int:
    options = _options(argv)
    if "computing" in options.part:
        _show([measured(customers) for customers in options.sizes])
    if "orders" in options.part:
        print("\nOne order, medians:")
        for cost in costs():
            print(
                f"{cost.database}: {cost.bare_ms:.2f} ms without statistics, {cost.kept_ms:.2f} ms with, "
                f"{cost.backdated_ms:.2f} ms where it is backdated",
                flush=True,
            )
    return 0


def _show(figures: Sequence[Figures]) -> None:
    rows = [[name for name, _, _ in COLUMNS]]
    rows += [[pattern.format(read(each)) for _, pattern, read in COLUMNS] for each in figures]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        print("  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)))
    one = figures[0]
    print(
        f"\nOne customer, by the provider: churn {1000 * one.churn_one_s:.2f} ms, analysis "
        f"{1000 * one.analysis_one_s:.2f} ms, forecast {1000 * one.value_one_s:.2f} ms",
        flush=True,
    )


def _options(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.intelligence",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--part", nargs="+", choices=PARTS, default=PARTS)
    parser.add_argument("--sizes", nargs="+", type=int, metavar="CUSTOMERS", default=SIZES)
    return parser.parse_args(argv)


if __name__ == "__main__":
    sys.exit(main())
