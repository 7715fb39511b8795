"""What an agent may say of a customer, and why."""

from datetime import date

from providers.statistics import CustomerStatistics, ShopParameters


def explain(
    statistics: CustomerStatistics, parameters: ShopParameters, *, as_of: date, window_days: int = 90
) -> tuple[str, ...]:
    """Lines of plain text: figures, confidence, what they rest on, factors, axes, and what is not known."""
    raise NotImplementedError
