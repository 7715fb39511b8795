"""What a shop's customers tell of each other: the parameters, by maximum likelihood."""

from collections.abc import Callable, Iterable
from datetime import date

from providers.statistics import ShopParameters, StatisticsColumns

Progress = Callable[[str, int], None]
"""Called with what is being done and how much of it is done: customers read, or rounds of the fit."""


def fit(
    columns: Iterable[StatisticsColumns], *, as_of: date, progress: Progress | None = None
) -> ShopParameters:
    """The parameters as of a day; those who ordered first after it are left out.

    The rest must be as of that day already. Never raises for an odd shop: `purchase` is None then. Without
    `version`, `backtest` and `figures.support_channels`, which the host adds.
    """
    raise NotImplementedError
