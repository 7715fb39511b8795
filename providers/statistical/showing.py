"""A backtest for people: deciles in the terminal, and as a picture."""

from providers.statistics import Backtest


def deciles_as_text(backtest: Backtest) -> str:
    """A table with bars, at most 80 columns wide."""
    raise NotImplementedError


def deciles_as_png(backtest: Backtest, *, title: str) -> bytes:
    """Raises `ImportError` where matplotlib is not installed: the extra `plots` brings it."""
    raise NotImplementedError
