"""What happened to some scopes on some days, out of few rows each: as many as days, never as tickets.

It loads numpy: counts of bins are added up and looked through for all days at once.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Row
from sqlalchemy.orm import Session

from service.days import QUARTERS_A_DAY, begin_of, day_of, quarter_of, year_of
from service.performance import queries
from service.performance.durations import ALL_BINS
from service.performance.models import Span
from service.performance.queries import Stretch

Counts = dict[str, int]
Bins = NDArray[np.int64]
Levels = Mapping[str, int]

_PAIRS = np.dtype([("bin", "<u2"), ("count", "<i4")])


@dataclass(slots=True)
class Happened:
    """Between two quarters. `levels_before` and `levels` are those at both; `bins` of all measures."""

    counts: Counts
    bins: Bins
    levels_before: Levels
    levels: Levels


@dataclass(slots=True)
class _Sum:
    """Of rows, each with its sign; the levels are those of the first stretch in which there is a row."""

    terms: list[tuple[Stretch, int]] = field(default_factory=list)
    level_before: list[Stretch] = field(default_factory=list)
    level: list[Stretch] = field(default_factory=list)

    @property
    def stretches(self) -> Iterable[Stretch]:
        yield from (stretch for stretch, _ in self.terms)
        yield from self.level_before
        yield from self.level


def day_by_day(
    session: Session, scope: str, edges: Sequence[int], *, with_bins: bool = True
) -> list[Happened]:
    """Between each edge and the next. One statement, with two look-ups for each day.

    Without bins all of them are 0.
    """
    whole = {
        day: Stretch(scope, Span.DAY, day, day + QUARTERS_A_DAY)
        for day in range(day_of(edges[0]), day_of(edges[-1]), QUARTERS_A_DAY)
    }
    sums = [
        _Sum(
            [
                *((whole[day], 1) for day in range(day_of(before), day_of(after), QUARTERS_A_DAY)),
                (_on_its_day(scope, before), -1),
                (_on_its_day(scope, after), 1),
            ]
        )
        for before, after in pairwise(edges)
    ]
    earlier = Stretch(scope, Span.DAY, 0, day_of(edges[0]))
    rows = _Rows(
        session,
        [earlier, *(stretch for one in sums for stretch in one.stretches)],
        with_spread=with_bins,
    )
    levels, last, day = {}, rows.levels(earlier) or {}, day_of(edges[0])
    for edge in edges:
        for passed in range(day, day_of(edge), QUARTERS_A_DAY):
            last = rows.levels(whole[passed]) or last
        day = day_of(edge)
        levels[edge] = rows.levels(_on_its_day(scope, edge)) or last
    return [
        Happened(counts, bins, levels[before], levels[after])
        for (counts, bins), (before, after) in zip(rows.added(sums), pairwise(edges), strict=True)
    ]


def in_all(session: Session, scopes: Sequence[str], since: int, until: int) -> list[Happened]:
    """Of each scope, between two quarters. One statement, with about nine look-ups for each scope."""
    sums = [_of_years(scope, since, until) for scope in scopes]
    rows = _Rows(session, [stretch for one in sums for stretch in one.stretches])
    return [
        Happened(counts, bins, rows.levels(one.level_before[0]) or {}, rows.levels(one.level[0]) or {})
        for (counts, bins), one in zip(rows.added(sums), sums, strict=True)
    ]


def together(those: Sequence[Happened]) -> Happened:
    """Of several scopes, or days in their order: levels then are of the first and the last one."""
    counts: Counts = {}
    for one in those:
        _add(counts, one.counts, 1)
    bins: Bins = np.zeros(ALL_BINS, np.int64)
    if those:
        bins = np.stack([one.bins for one in those]).sum(axis=0)
    before, after = (those[0].levels_before, those[-1].levels) if those else ({}, {})
    return Happened(counts, bins, before, after)


def side_by_side(those: Sequence[Happened], times: Sequence[int]) -> Happened:
    """Of several scopes at the same time. `times`: how often each counts."""
    if len(those) == 1:
        return those[0]
    counts: Counts = {}
    before: Counts = {}
    after: Counts = {}
    for one, factor in zip(those, times, strict=True):
        _add(counts, one.counts, factor)
        _add(before, one.levels_before, factor)
        _add(after, one.levels, factor)
    bins: Bins = np.stack([one.bins * factor for one, factor in zip(those, times, strict=True)]).sum(axis=0)
    return Happened(counts, bins, before, after)


def _on_its_day(scope: str, edge: int) -> Stretch:
    """What came before the edge."""
    return Stretch(scope, Span.DAY, day_of(edge), edge)


def _of_years(scope: str, since: int, until: int) -> _Sum:
    """Whole years, and of each end what came before it in its year and on its day."""
    found = _Sum(
        level_before=[Stretch(scope, Span.DAY, 0, since)], level=[Stretch(scope, Span.DAY, 0, until)]
    )
    first, last = begin_of(since), begin_of(until).year
    begins = [
        quarter_of(first.replace(year=year, month=1, day=1, hour=0, minute=0))
        for year in range(first.year, last + 1)
    ]
    for begin, end in pairwise(begins):
        found.terms.append((Stretch(scope, Span.YEAR, begin, end), 1))
    for edge, sign in ((since, -1), (until, 1)):
        found.terms.append((Stretch(scope, Span.YEAR, year_of(edge), day_of(edge)), sign))
        found.terms.append((_on_its_day(scope, edge), sign))
    return found


class _Rows:
    """The last row of each stretch, looked up together."""

    def __init__(self, session: Session, stretches: Iterable[Stretch], *, with_spread: bool = True) -> None:
        wanted = list(dict.fromkeys(one for one in stretches if one.low < one.high))
        found = queries.last_within(session, wanted, with_spread=with_spread) if wanted else {}
        self._rows: dict[Stretch, Row[Any]] = {wanted[number]: row for number, row in found.items()}

    def levels(self, stretch: Stretch) -> Levels | None:
        row = self._rows.get(stretch)
        return None if row is None else row.levels

    def added(self, sums: Sequence[_Sum]) -> list[tuple[Counts, Bins]]:
        """Of each sum the counts and the counts of bins."""
        all_counts: list[Counts] = []
        places, signs, spreads = [], [], []
        for place, one in enumerate(sums):
            counts: Counts = {}
            for stretch, sign in one.terms:
                row = self._rows.get(stretch)
                if row is not None:
                    _add(counts, row.counts, sign)
                    places.append(place)
                    signs.append(sign)
                    spreads.append(row.spread or b"")
            all_counts.append(counts)
        return list(zip(all_counts, _bins(len(sums), places, signs, spreads), strict=True))


def _bins(count: int, places: Sequence[int], signs: Sequence[int], spreads: Sequence[bytes]) -> Bins:
    """A row for each place. Sums stay below 2^53, so that adding them as floats is exact."""
    pairs = np.frombuffer(b"".join(spreads), _PAIRS)
    sizes = np.fromiter((len(spread) // _PAIRS.itemsize for spread in spreads), np.int64, len(spreads))
    at = np.repeat(np.asarray(places, np.int64), sizes) * ALL_BINS + pairs["bin"]
    change = pairs["count"] * np.repeat(np.asarray(signs, np.int64), sizes)
    added = np.bincount(at, change, minlength=count * ALL_BINS)
    return added.astype(np.int64).reshape(count, ALL_BINS)


def _add(into: Counts, those: Mapping[str, int], factor: int) -> None:
    for name, value in those.items():
        into[name] = into.get(name, 0) + factor * value
