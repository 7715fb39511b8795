"""How well the shop's own past was foretold, from what was known at the time."""

from collections.abc import Iterable
from datetime import date

from providers.statistical.fitting import Progress
from providers.statistics import Backtest, OrderColumns, ShopParameters

WORSE_BY = 0.002
"""Of Brier's score: what a fit may lose against the one in use before it is refused."""


class TooShortAPast(Exception):
    """There is no earlier day with enough customers before it and the horizon after it."""


def backtest(
    log: Iterable[OrderColumns],
    *,
    as_of: date,
    horizon_days: int = 90,
    origins: int = 3,
    current: ShopParameters | None = None,
    progress: Progress | None = None,
) -> tuple[Backtest, Backtest | None]:
    """Fit at each of `origins` days, the last a horizon before `as_of`, a horizon apart, and compare.

    The second is the same for the parameters in use, `current`, over the same days and customers. Raises
    `TooShortAPast`.
    """
    raise NotImplementedError


def refusal(candidate: Backtest, current: Backtest | None) -> str | None:
    """Why parameters with the backtest `candidate` must not replace those with `current`, None where fine."""
    raise NotImplementedError
