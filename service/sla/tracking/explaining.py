"""What the time of a promise was made of: segment by segment, and what is too many of them as sums."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from service.sla.policies import Target
from service.sla.working_time import Calendar, Kind, Segment, Span, working_segments

MOST_SEGMENTS = 500


@dataclass(frozen=True, slots=True)
class Earlier:
    """Segments that are told as sums, by kind: those before the newest."""

    begin: datetime
    end: datetime
    segments: int
    lengths: Mapping[Kind, timedelta]


@dataclass(frozen=True, slots=True, kw_only=True)
class Explained:
    """`elapsed`: what the working ones sum to, with those told as `earlier`.

    `differs`: it was judged otherwise when it was done, since the calendar was another then.
    """

    target: Target
    begin: datetime
    until: datetime
    elapsed: timedelta
    earlier: Earlier | None
    segments: Sequence[Segment]
    differs: bool


def explained(
    target: Target,
    calendar: Calendar,
    *,
    begin: datetime,
    until: datetime,
    pauses: Sequence[Span],
    judged: timedelta | None = None,
) -> Explained:
    segments = list(working_segments(calendar, begin, until, pauses))
    worked = _lengths(segments).get(Kind.WORKING, timedelta(0))
    told_as_sums = segments[:-MOST_SEGMENTS]
    earlier = None
    if told_as_sums:
        earlier = Earlier(
            told_as_sums[0].begin, told_as_sums[-1].end, len(told_as_sums), _lengths(told_as_sums)
        )
    return Explained(
        target=target,
        begin=begin,
        until=until,
        elapsed=worked,
        earlier=earlier,
        segments=segments[-MOST_SEGMENTS:],
        differs=judged is not None and judged != worked,
    )


def _lengths(segments: Sequence[Segment]) -> Mapping[Kind, timedelta]:
    sums: Counter[Kind] = Counter()
    for segment in segments:
        sums[segment.kind] += segment.length // timedelta(microseconds=1)
    return {kind: timedelta(microseconds=sums[kind]) for kind in sums}
