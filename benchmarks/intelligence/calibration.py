"""How well the holdouts of CDNOW are foretold: figures, and the plots of docs/intelligence/."""

import sys
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

from benchmarks.intelligence import cdnow
from providers.statistical.backtesting import backtest
from providers.statistical.showing import deciles_as_png, deciles_as_text, figures_as_text

PLOTS = Path(__file__).resolve().parents[2] / "docs" / "intelligence"
HORIZONS: Mapping[str, int] = {"": 90, "-39-weeks": 272}
KINDS = ("sample", "master")


def main() -> int:
    PLOTS.mkdir(exist_ok=True)
    for kind in KINDS:
        log = cdnow.purchases(kind).columns()
        for suffix, days in HORIZONS.items():
            told, _ = backtest([log], as_of=cdnow.AS_OF + timedelta(days=days), horizon_days=days, origins=1)
            print(f"CDNOW {kind}, {days} days\n{figures_as_text(told)}\n{deciles_as_text(told)}\n")
            title = f"CDNOW {kind}, {told.customers:,} customers, {days} days after {cdnow.AS_OF}"
            (PLOTS / f"cdnow-{kind}{suffix}.png").write_bytes(deciles_as_png(told, title=title))
    print(f"Plots are in {PLOTS}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
