"""The evaluator of the alert rules does what Prometheus does."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.deploy.promql import Evaluation, increase, quantiles
from tests.deploy.series import Series, recorded

MINUTE_S = 60.0


def evaluated(expression: str, at_s: float, **values: str) -> dict[str, float]:
    """By the labels of each element, joined; `values` by the name of the metric."""
    series = [recorded(name, notation, MINUTE_S) for name, notation in values.items()]
    return by_labels(expression, series, at_s)


def by_labels(expression: str, series: list[Series], at_s: float) -> dict[str, float]:
    found = Evaluation(series, at_s).of(expression)
    return {",".join(f"{name}={value}" for name, value in sorted(key)): found[key] for key in found}


def values_of(notation: str) -> list[tuple[float, float]]:
    return list(recorded("x", notation, MINUTE_S).samples)


@pytest.mark.parametrize(
    ("notation", "samples"),
    [
        ("1", [(0, 1)]),
        ("0+10x2", [(0, 0), (60, 10), (120, 20)]),
        ("5-1x2", [(0, 5), (60, 4), (120, 3)]),
        ("3x2", [(0, 3), (60, 3), (120, 3)]),
        ("1 _ 2", [(0, 1), (120, 2)]),
        ("1 _x2 2", [(0, 1), (180, 2)]),
    ],
)
def test_series_are_written_as_promtool_writes_them(
    notation: str, samples: list[tuple[float, float]]
) -> None:
    assert values_of(notation) == samples


def test_what_is_no_sample_is_refused() -> None:
    with pytest.raises(ValueError, match="no sample"):
        values_of("1 two")


def test_a_steady_rise_is_extrapolated_to_the_ends_of_the_range() -> None:
    assert increase([(60, 10), (120, 20), (180, 30)], 0, 200) == pytest.approx(33.333, abs=0.001)


def test_a_rise_is_not_extrapolated_below_zero() -> None:
    assert increase([(60, 0), (120, 10)], 0, 120) == 10


def test_far_from_the_ends_of_the_range_only_half_a_step_is_added() -> None:
    assert increase([(600, 100), (660, 110)], 0, 1200) == pytest.approx(20)


def test_a_counter_that_falls_has_begun_anew() -> None:
    assert increase([(0, 10), (60, 20), (120, 5), (180, 8)], 0, 180) == pytest.approx(18)


def test_one_sample_tells_no_rise() -> None:
    assert increase([(60, 5)], 0, 120) is None


@given(
    steps=st.lists(st.integers(0, 1_000), min_size=2, max_size=30),
    resets=st.sets(st.integers(1, 29)),
)
def test_within_its_samples_a_counter_rises_by_what_was_counted(steps: list[int], resets: set[int]) -> None:
    samples, value, counted = [(0.0, 0.0)], 0, 0
    for nth, step in enumerate(steps, start=1):
        value = step if nth in resets and step < value else value + step
        counted += step
        samples.append((nth * MINUTE_S, float(value)))
    assert increase(samples, 0, len(steps) * MINUTE_S) == pytest.approx(counted)


def test_a_sample_counts_for_five_minutes() -> None:
    assert evaluated("x", 299, x="7") == {"__name__=x": 7}
    assert evaluated("x", 300, x="7") == {}


def test_a_selector_matches_labels_and_a_missing_one_is_empty() -> None:
    series = [recorded('x{a="1", b="2"}', "1", MINUTE_S), recorded('x{a="2"}', "2", MINUTE_S)]
    assert list(by_labels('x{a="1"}', series, 0).values()) == [1]
    assert list(by_labels('x{b=""}', series, 0).values()) == [2]
    assert list(by_labels('x{a=~"1|2", b!="2"}', series, 0).values()) == [2]
    assert list(by_labels('x{a!~"1.*"}', series, 0).values()) == [2]


def test_a_pattern_has_to_match_the_whole_value() -> None:
    assert by_labels('x{a=~"1"}', [recorded('x{a="12"}', "1", MINUTE_S)], 0) == {}


def test_sums_and_maxima_keep_only_the_labels_named() -> None:
    series = [recorded('x{a="1", b="1"}', "1", MINUTE_S), recorded('x{a="1", b="2"}', "2", MINUTE_S)]
    assert by_labels("sum by (a) (x)", series, 0) == {"a=1": 3}
    assert by_labels("sum(x)", series, 0) == {"": 3}
    assert by_labels("max by (a) (x)", series, 0) == {"a=1": 2}


def test_a_division_pairs_elements_of_equal_labels_and_drops_the_rest() -> None:
    series = [recorded('x{a="1"}', "1", MINUTE_S), recorded('x{a="2"}', "1", MINUTE_S)]
    assert by_labels("x / y", [*series, recorded('y{a="1"}', "4", MINUTE_S)], 0) == {"a=1": 0.25}


def test_nothing_by_nothing_is_no_number_and_fires_no_alert() -> None:
    assert math.isnan(evaluated("x / y", 0, x="0", y="0")[""])
    assert evaluated("x / y > 0.5", 0, x="0", y="0") == {}


def test_what_is_absent_tells_what_was_looked_for() -> None:
    assert evaluated('absent(x{a="1", b!="2"})', 0) == {"a=1": 1}
    assert evaluated("absent(x)", 0, x="0") == {}


def test_either_or_and_one_unless_the_other() -> None:
    assert set(evaluated("x or y", 0, x="1", y="1")) == {"__name__=x"}
    assert evaluated("x > 2 or y", 0, x="1", y="1") == {"__name__=y": 1}
    assert evaluated("x unless y > 1", 0, x="1", y="1") == {"__name__=x": 1}
    assert evaluated("x unless y > 1", 0, x="1", y="2") == {}


def test_the_highest_of_a_range_is_found_between_scrapes() -> None:
    assert evaluated("max_over_time(x[2m])", 180, x="0 2 1 1") == {"": 1}
    assert evaluated("max_over_time(x[3m])", 180, x="0 2 1 1") == {"": 2}


def test_a_quantile_lies_on_a_line_within_its_bucket() -> None:
    buckets = {
        frozenset({("le", "1")}): 50.0,
        frozenset({("le", "2")}): 100.0,
        frozenset({("le", "+Inf")}): 100.0,
    }
    assert quantiles(0.75, buckets) == {frozenset(): 1.5}


def test_a_quantile_beyond_the_last_bound_is_that_bound() -> None:
    buckets = {frozenset({("le", "1")}): 0.0, frozenset({("le", "+Inf")}): 10.0}
    assert quantiles(0.9, buckets) == {frozenset(): 1.0}


def test_a_histogram_without_observations_has_no_quantile() -> None:
    buckets = {frozenset({("le", "1")}): 0.0, frozenset({("le", "+Inf")}): 0.0}
    assert math.isnan(quantiles(0.9, buckets)[frozenset()])


@pytest.mark.parametrize("expression", ["rate(x[5m] offset 1m) > topk(1, x)", "sum without (a) (x)", "1 + x"])
def test_what_the_rules_do_not_use_is_refused(expression: str) -> None:
    with pytest.raises((NotImplementedError, KeyError)):
        evaluated(expression, 0, x="1")
