"""A backtest for people: deciles in the terminal, and as a picture."""

from datetime import date
from io import BytesIO

from providers.statistics import Backtest

BAR = 30


def deciles_as_text(backtest: Backtest) -> str:
    """A table with bars, at most 80 columns wide."""
    lines = ["tenth  customers  predicted  observed  silent"]
    for number, decile in enumerate(backtest.deciles, start=1):
        bar = "█" * round(decile.observed * BAR)
        mark = min(round(decile.predicted * BAR), BAR - 1)
        shown = bar.ljust(BAR, "·")
        shown = shown[:mark] + "┃" + shown[mark + 1 :]
        lines.append(
            f"{number:5}  {decile.customers:9}  {decile.predicted:9.3f}  {decile.observed:8.3f}  {shown}"
        )
    lines.append("█ who fell silent   ┃ who was expected to")
    return "\n".join(lines)


def figures_as_text(backtest: Backtest) -> str:
    """Each figure with what it is measured against."""
    days = ", ".join(str(date.fromordinal(origin)) for origin in backtest.origins)
    lines = [
        f"foretold on {days}, over {backtest.horizon_days} days, {backtest.customers} times",
        f"Brier {backtest.brier:.4f} (everybody told the same: {backtest.base_brier:.4f})",
        f"calibration error {backtest.calibration_error:.4f}",
        f"silent: expected {backtest.mean_predicted:.4f}, came about {backtest.mean_observed:.4f}",
    ]
    if backtest.auc is not None:
        lines.insert(2, f"AUC {backtest.auc:.4f} (by chance: 0.5)")
    if backtest.value_predicted is not None and backtest.value_rmse is not None:
        lines.append(
            f"value: expected {backtest.value_predicted:.0f}, came in {backtest.value_observed:.0f}, "
            f"off by {backtest.value_rmse:.2f} a customer (root mean square)"
        )
    return "\n".join(lines)


def deciles_as_png(backtest: Backtest, *, title: str) -> bytes:
    """Raises `ImportError` where matplotlib is not installed: the extra `plots` brings it."""
    from matplotlib.figure import Figure  # noqa: PLC0415  # an extra, and slow to load

    figure = Figure(figsize=(6.4, 4.4), layout="constrained")
    axes = figure.subplots()
    places = range(1, len(backtest.deciles) + 1)
    axes.bar(places, [decile.observed for decile in backtest.deciles], color="#9db4c0", label="fell silent")
    axes.plot(
        places, [decile.predicted for decile in backtest.deciles], "o-", color="#253237", label="expected"
    )
    axes.set(
        xlabel="tenths of the customers, by expected risk",
        ylabel=f"no order within {backtest.horizon_days} days",
        ylim=(0, 1),
        xticks=list(places),
    )
    told = f"Brier {backtest.brier:.4f}, calibration error {backtest.calibration_error:.3f}"
    axes.set_title(f"{title}\n{told}", fontsize=10)
    axes.legend(loc="upper left")
    picture = BytesIO()
    figure.savefig(picture, format="png", dpi=110, metadata={"Software": None})
    return picture.getvalue()
