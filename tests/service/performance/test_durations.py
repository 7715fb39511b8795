"""Quantiles out of bins, beside the exact ones."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.performance.durations import (
    ALL_BINS,
    BOUNDS_MS,
    RELATIVE_ERROR,
    SHORTEST_MS,
    Measure,
    bin_of,
)
from service.performance.reading import Happened
from service.performance.reckoning import durations
from service.performance.tallies import Tally, packed, unpacked

TOOK = st.lists(st.integers(0, 10 * 365 * 86_400_000), min_size=1, max_size=60)


def told(tally: Tally) -> Happened:
    bins = np.zeros(ALL_BINS, np.int64)
    for number, count in tally.spread.items():
        bins[number] = count
    return Happened(tally.counts, bins, {}, {})


@given(TOOK)
def test_median_and_p90_are_within_the_error_that_is_told(took: list[int]) -> None:
    tally = Tally()
    for one in took:
        tally.took(Measure.NEXT_RESPONSE, one)
    found = durations([told(tally)])[0]
    assert found[Measure.RESOLUTION].count == 0
    one = found[Measure.NEXT_RESPONSE]
    assert one.count == len(took)
    assert one.mean_s == pytest.approx(sum(took) / len(took) / 1_000, abs=0.001)
    for quantile, tenths in ((one.median_s, 5), (one.p90_s, 9)):
        exact = sorted(took)[-(-len(took) * tenths // 10) - 1]
        if exact <= SHORTEST_MS:
            assert quantile == SHORTEST_MS / 2_000
        else:
            assert quantile == pytest.approx(exact / 1_000, rel=RELATIVE_ERROR + 0.001)


@given(TOOK)
def test_what_is_taken_back_was_never_there(took: list[int]) -> None:
    tally = Tally()
    for change in (1, -1):
        for one in took:
            tally.took(Measure.RESOLUTION, one, change)
    assert tally.is_nothing


@given(st.dictionaries(st.integers(0, ALL_BINS - 1), st.integers(-(2**31), 2**31 - 1)))
def test_bins_come_back_as_they_were_kept(spread: dict[int, int]) -> None:
    assert unpacked(packed(spread)) == spread


def test_bounds_rise_and_what_is_beyond_is_in_the_last_bin() -> None:
    assert sorted(set(BOUNDS_MS)) == list(BOUNDS_MS)
    assert bin_of(Measure.FIRST_RESPONSE, 10**15) == len(BOUNDS_MS) - 1
