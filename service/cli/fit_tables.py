"""Parameters and backtests in the terminal."""

from datetime import date

import click

from providers.statistics import Backtest, ShopParameters
from service.cli.tables import echo_table

NOT_TOLD = "-"


def echo_parameters(told: ShopParameters) -> None:
    click.echo(
        f"{told.customers:,} customers with {told.repeat_order_days:,} repeat order days, "
        f"{_day(told.first_day)} to {_day(told.last_day)}, as of {_day(told.as_of)} ({told.model})."
    )
    rows = []
    if told.purchase is not None:
        fitted = told.purchase
        rows.append(
            (
                "purchases",
                f"r {fitted.r:.4f}  alpha {fitted.alpha:.2f} days  a {fitted.a:.4f}  b {fitted.b:.4f}",
            )
        )
    if told.spend is not None:
        spend = told.spend
        rows.append(("spend", f"p {spend.p:.3f}  q {spend.q:.3f}  v {spend.v:.3f} {spend.currency}"))
    rows += [(f"unknown: {reason}", f"{share:.1%}") for reason, share in sorted(told.unknown.items())]
    if told.purchase is None:
        click.echo("Too few customers or repeat orders: churn and value are unknown for everybody.")
    if rows:
        echo_table(("WHAT", "FITTED"), rows)
    if told.backtest is not None:
        click.echo()
        echo_backtests(told.backtest, None)


def echo_backtests(own: Backtest, current: Backtest | None) -> None:
    click.echo(
        f"Foretold from {', '.join(map(_day, own.origins))} over {own.horizon_days} days "
        f"({own.customers:,} customers)."
    )
    columns = [own] if current is None else [own, current]
    rows = [
        ("Brier score, 0 is best", *(f"{each.brier:.4f}" for each in columns)),
        ("  of the mean for everybody", *(f"{each.base_brier:.4f}" for each in columns)),
        ("AUC, 1 is best", *(_rounded(each.auc, 3) for each in columns)),
        ("calibration error", *(f"{each.calibration_error:.3f}" for each in columns)),
        ("risk told, on average", *(f"{each.mean_predicted:.3f}" for each in columns)),
        ("share without an order", *(f"{each.mean_observed:.3f}" for each in columns)),
        ("value told, in total", *(_rounded(each.value_predicted, 2) for each in columns)),
        ("value that came", *(_rounded(each.value_observed, 2) for each in columns)),
        ("RMSE of the value", *(_rounded(each.value_rmse, 2) for each in columns)),
    ]
    headings = ("FIGURE", "FITTED") if current is None else ("FIGURE", "FITTED", "IN USE")
    echo_table(headings, rows)


def _rounded(figure: float | None, places: int) -> str:
    return NOT_TOLD if figure is None else f"{figure:,.{places}f}"


def _day(ordinal: int) -> str:
    return date.fromordinal(ordinal).isoformat()
