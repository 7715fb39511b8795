"""As much of PromQL as the alert rules use, evaluated over recorded series.

The parser is Prometheus's grammar; what each function does follows Prometheus's documentation and source,
the extrapolation of `rate` and `increase` to the ends of their range included.
"""

import math
import operator
import re
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import Any

import promql_parser as ast

from tests.deploy.series import Series

LOOKBACK_S = 300.0
"""A sample counts as present for so long, unless a newer one comes."""

Key = frozenset[tuple[str, str]]
Vector = dict[Key, float]
Samples = Sequence[tuple[float, float]]

ARITHMETIC: Mapping[str, Callable[[float, float], float]] = {
    "/": lambda dividend, divisor: dividend / divisor if divisor else math.nan,
    "*": operator.mul,
}
COMPARISONS: Mapping[str, Callable[[float, float], bool]] = {
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "==": operator.eq,
}
MATCHES: Mapping[str, Callable[[str, str], bool]] = {
    "MatchOp.Equal": operator.eq,
    "MatchOp.NotEqual": operator.ne,
    "MatchOp.Re": lambda value, pattern: re.fullmatch(pattern, value) is not None,
    "MatchOp.NotRe": lambda value, pattern: re.fullmatch(pattern, value) is None,
}


class Evaluation:
    """At one moment, `at_s`. What the rules do not use raises `NotImplementedError`."""

    def __init__(self, series: Sequence[Series], at_s: float) -> None:
        self._series = series
        self._at_s = at_s

    def of(self, expression: str) -> Vector:
        found = self._value(ast.parse(expression))
        if isinstance(found, float):
            raise NotImplementedError("an alert is a vector")
        return found

    def _value(self, node: Any) -> Any:
        match type(node).__name__:
            case "NumberLiteral":
                return float(node.val)
            case "ParenExpr":
                return self._value(node.expr)
            case "VectorSelector":
                return self._instant(node)
            case "Call":
                return self._call(node)
            case "AggregateExpr":
                return self._aggregate(node)
            case "BinaryExpr":
                return self._binary(node)
        raise NotImplementedError(type(node).__name__)

    def _instant(self, selector: Any) -> Vector:
        newest = {}
        for series in self._selected(selector):
            seen = [value for at_s, value in series.samples if self._at_s - LOOKBACK_S < at_s <= self._at_s]
            if seen:
                newest[frozenset(series.labels.items())] = seen[-1]
        return newest

    def _selected(self, selector: Any) -> list[Series]:
        return [
            series
            for series in self._series
            if series.labels["__name__"] == selector.name
            and all(
                MATCHES[str(matcher.op)](series.labels.get(matcher.name, ""), matcher.value)
                for matcher in selector.matchers.matchers
            )
        ]

    def _call(self, call: Any) -> Vector:
        name, arguments = call.func.name, call.args
        if name == "absent":
            return {} if self._value(arguments[0]) else {_equalities(arguments[0]): 1.0}
        if name == "histogram_quantile":
            return quantiles(self._value(arguments[0]), self._value(arguments[1]))
        return self._over_time(name, arguments[0])

    def _over_time(self, name: str, matrix: Any) -> Vector:
        range_s = matrix.range.total_seconds()
        results = {}
        for series in self._selected(matrix.vector_selector):
            samples = [sample for sample in series.samples if self._at_s - range_s < sample[0] <= self._at_s]
            value = {
                "increase": lambda samples=samples: increase(samples, self._at_s - range_s, self._at_s),
                "rate": lambda samples=samples: _per(
                    range_s, increase(samples, self._at_s - range_s, self._at_s)
                ),
                "max_over_time": lambda samples=samples: max((value for _, value in samples), default=None),
            }[name]()
            if value is not None:
                results[_without_name(frozenset(series.labels.items()))] = value
        return results

    def _aggregate(self, aggregate: Any) -> Vector:
        kept = set(aggregate.modifier.labels) if aggregate.modifier else set()
        if aggregate.modifier and aggregate.modifier.type is not ast.AggModifierType.By:
            raise NotImplementedError("without")
        groups: dict[Key, list[float]] = defaultdict(list)
        for key, value in self._value(aggregate.expr).items():
            groups[frozenset(pair for pair in key if pair[0] in kept)].append(value)
        combine = {"sum": math.fsum, "max": max}[str(aggregate.op)]
        return {key: combine(values) for key, values in groups.items()}

    def _binary(self, binary: Any) -> Vector:
        name, left, right = str(binary.op), self._value(binary.lhs), self._value(binary.rhs)
        if binary.modifier is not None and (binary.modifier.matching or binary.modifier.return_bool):
            raise NotImplementedError("on, ignoring, bool")
        if name == "or":
            return left | {key: right[key] for key in right if not _holds(left, key)}
        if name == "unless":
            return {key: value for key, value in left.items() if not _holds(right, key)}
        if name in COMPARISONS and isinstance(right, float):
            return {key: value for key, value in left.items() if COMPARISONS[name](value, right)}
        if isinstance(left, float) or isinstance(right, float):
            raise NotImplementedError("arithmetic with numbers")
        others = {_without_name(key): value for key, value in right.items()}
        mine = {_without_name(key): value for key, value in left.items()}
        return {key: ARITHMETIC[name](mine[key], others[key]) for key in mine if key in others}


def increase(samples: Samples, start_s: float, end_s: float) -> float | None:
    """By how much a counter rose; None of fewer than two samples. A fall is a restart from 0."""
    if len(samples) < 2:
        return None
    (first_s, first), (last_s, last) = samples[0], samples[-1]
    resets = math.fsum(before for (_, before), (_, after) in pairwise(samples) if after < before)
    rise = last - first + resets
    sampled_s = last_s - first_s
    average_s = sampled_s / (len(samples) - 1)
    to_start_s, to_end_s = first_s - start_s, end_s - last_s
    if to_start_s >= average_s * 1.1:
        to_start_s = average_s / 2
    if rise > 0 and first >= 0:
        to_start_s = min(to_start_s, sampled_s * first / rise)
    if to_end_s >= average_s * 1.1:
        to_end_s = average_s / 2
    return rise * (sampled_s + to_start_s + to_end_s) / sampled_s


def quantiles(share: float, buckets: Vector) -> Vector:
    """Of histograms by their other labels, linear within a bucket; the last bound where it lies beyond."""
    histograms: dict[Key, list[tuple[float, float]]] = defaultdict(list)
    for key, count in buckets.items():
        bound = float(dict(key)["le"])
        histograms[_without_name(frozenset(pair for pair in key if pair[0] != "le"))].append((bound, count))
    return {key: _quantile(share, sorted(counts)) for key, counts in histograms.items()}


def _quantile(share: float, counts: Sequence[tuple[float, float]]) -> float:
    total = counts[-1][1]
    if not total or len(counts) < 2:
        return math.nan
    rank = share * total
    below, lower = 0.0, 0.0
    for bound, count in counts:
        if count >= rank:
            return lower if math.isinf(bound) else lower + (bound - lower) * (rank - below) / (count - below)
        below, lower = count, bound
    raise AssertionError("the last bucket holds all")


def _per(range_s: float, rise: float | None) -> float | None:
    return None if rise is None else rise / range_s


def _without_name(key: Key) -> Key:
    return frozenset(pair for pair in key if pair[0] != "__name__")


def _holds(vector: Vector, key: Key) -> bool:
    return _without_name(key) in {_without_name(other) for other in vector}


def _equalities(selector: Any) -> Key:
    """What `absent` says of what is not there."""
    return frozenset(
        (matcher.name, matcher.value)
        for matcher in selector.matchers.matchers
        if str(matcher.op) == "MatchOp.Equal"
    )
