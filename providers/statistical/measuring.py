"""How good predictions were: Brier's score, AUC, calibration, deciles, totals of value."""

import numpy as np

from providers.statistical.arrays import Floats
from providers.statistics import Backtest, Decile

BINS = 10


def measured(
    risks: Floats,
    silent: Floats,
    values: tuple[Floats, Floats] | None = None,
    *,
    origins: tuple[int, ...],
    horizon_days: int,
) -> Backtest:
    """`risks` beside what came about, 1 for silence; `values`: told, and spent."""
    share = float(silent.mean())
    told, spent = values or (np.empty(0), np.empty(0))
    return Backtest(
        origins=origins,
        horizon_days=horizon_days,
        customers=len(risks),
        brier=float(np.mean((risks - silent) ** 2)),
        base_brier=share * (1 - share),
        auc=auc(risks, silent),
        calibration_error=calibration_error(risks, silent),
        mean_predicted=float(risks.mean()),
        mean_observed=share,
        deciles=deciles(risks, silent),
        value_predicted=float(told.sum()) if len(told) else None,
        value_observed=float(spent.sum()) if len(told) else None,
        value_rmse=float(np.sqrt(np.mean((told - spent) ** 2))) if len(told) else None,
    )


def auc(risks: Floats, silent: Floats) -> float | None:
    """The chance that one who fell silent was told a higher risk than one who did not; ties count half."""
    positives, negatives = silent.sum(), (1 - silent).sum()
    if not positives or not negatives:
        return None
    _, at, counts = np.unique(risks, return_inverse=True, return_counts=True)
    ranks = np.cumsum(counts) - (counts - 1) / 2
    return float((ranks[at][silent > 0].sum() - positives * (positives + 1) / 2) / (positives * negatives))


def calibration_error(risks: Floats, silent: Floats) -> float:
    """Over ten equal bins of the risk, weighted by customers."""
    bins = np.minimum((risks * BINS).astype(np.int64), BINS - 1)
    off = np.bincount(bins, risks - silent, minlength=BINS)
    return float(np.abs(off).sum() / len(risks))


def deciles(risks: Floats, silent: Floats) -> tuple[Decile, ...]:
    """The lowest risks first; equal risks stay in the order of their customers."""
    parts = np.array_split(np.argsort(risks, kind="stable"), BINS)
    return tuple(
        Decile(predicted=float(risks[part].mean()), observed=float(silent[part].mean()), customers=len(part))
        for part in parts
        if len(part)
    )
