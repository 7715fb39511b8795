"""Figures out of what happened. It loads numpy: quantiles are looked for in all days at once."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import pairwise

import numpy as np
from sqlalchemy.orm import Session

from service.days import QUARTER_S, Days
from service.performance import reading, scopes
from service.performance.durations import (
    BINS,
    MEASURES,
    NONE,
    SHOWN_DIGITS,
    Durations,
    Measure,
    told_s,
)
from service.performance.figures import ChannelFigures, Daily, Drafts, Volume, Work
from service.performance.reading import Happened
from service.performance.tallies import BACKLOG, KNOWN, Counter, sum_of, time_in
from service.tickets.models import Channel

SHARE_DIGITS = 4
_TOLD_S = [round(told_s(number), SHOWN_DIGITS) for number in range(BINS)]

Spans = Sequence[tuple[int, int]]
"""When each begins and ends, in milliseconds since 1970; what is yet to come is not in it."""


def work_by_day(
    session: Session, those: Mapping[str, int], days: Days, until: datetime
) -> tuple[Work, list[Daily[Work]]]:
    """Of some scopes together, each as often as is told; the total first."""
    edges, times = days.edges, list(those.values())
    each = [reading.day_by_day(session, scope, edges) for scope in those]
    happened = [reading.side_by_side(at_once, times) for at_once in zip(*each, strict=True)]
    total, *by_day = works(
        [reading.together(happened), *happened],
        [_span(edges[0], edges[-1], until), *_spans(edges, until)],
    )
    return total, [Daily(day, work) for day, work in zip(days.dates, by_day, strict=True)]


def work_in_all(session: Session, those: Sequence[str], days: Days, until: datetime) -> list[Work]:
    """Of each scope."""
    begin, end = days.edges[0], days.edges[-1]
    happened = reading.in_all(session, those, begin, end)
    return works(happened, [_span(begin, end, until)] * len(happened))


def volume_by_day(
    session: Session, scope: str, days: Days, until: datetime
) -> tuple[Volume, list[Daily[Volume]]]:
    """The total first."""
    edges = days.edges
    happened = reading.day_by_day(session, scope, edges, with_bins=False)
    total = _volume(reading.together(happened), begun=bool(happened) and _begun(edges[0], until))
    return total, [
        Daily(day, _volume(one, begun=_begun(edge, until)))
        for day, one, edge in zip(days.dates, happened, edges, strict=False)
    ]


def channels(session: Session, days: Days, until: datetime) -> list[ChannelFigures]:
    """All of them, in one order."""
    begin, end = days.edges[0], days.edges[-1]
    happened = reading.in_all(session, [scopes.of_channel(one) for one in Channel], begin, end)
    volumes = [_volume(one, begun=begin < end and _begun(begin, until)) for one in happened]
    created = sum(volume.created for volume in volumes)
    return [
        ChannelFigures(
            channel=channel.value,
            share=round(volume.created / created, SHARE_DIGITS) if created else None,
            volume=volume,
            first_response=took[Measure.FIRST_RESPONSE],
            next_response=took[Measure.NEXT_RESPONSE],
            resolution=took[Measure.RESOLUTION],
        )
        for channel, volume, took in zip(Channel, volumes, durations(happened), strict=True)
    ]


def works(those: Sequence[Happened], spans: Spans) -> list[Work]:
    return [
        Work(
            assigned=_count(one, Counter.ASSIGNED),
            resolved=_count(one, Counter.RESOLVED),
            reopened=_count(one, Counter.REOPENED),
            transferred=_count(one, Counter.TRANSFERRED),
            messages=_count(one, Counter.MESSAGES),
            first_response=took[Measure.FIRST_RESPONSE],
            next_response=took[Measure.NEXT_RESPONSE],
            resolution=took[Measure.RESOLUTION],
            drafts=Drafts(
                verbatim=_count(one, Counter.DRAFTS_VERBATIM),
                edited=_count(one, Counter.DRAFTS_EDITED),
                set_aside=_count(one, Counter.DRAFTS_SET_ASIDE),
            ),
            **_times(one, begin_ms, end_ms),
        )
        for one, took, (begin_ms, end_ms) in zip(those, durations(those), spans, strict=True)
    ]


def durations(those: Sequence[Happened]) -> list[dict[Measure, Durations]]:
    """Of each. The nearest rank is the first bin up to which so many tenths are seen."""
    if not those:
        return []
    bins = np.stack([one.bins for one in those]).reshape(len(those), len(MEASURES), BINS)
    seen = bins.cumsum(axis=2)
    counts = seen[:, :, -1]
    median, p90 = (
        (seen >= -(-counts * tenths // 10)[:, :, np.newaxis]).argmax(axis=2).tolist() for tenths in (5, 9)
    )
    return [
        {
            measure: NONE
            if count == 0
            else Durations(
                count=count,
                mean_s=round(one.counts.get(sum_of(measure), 0) / count / 1_000, SHOWN_DIGITS),
                median_s=_TOLD_S[median[number][place]],
                p90_s=_TOLD_S[p90[number][place]],
            )
            for place, (measure, count) in enumerate(zip(MEASURES, of_one, strict=True))
        }
        for number, (one, of_one) in enumerate(zip(those, counts.tolist(), strict=True))
    ]


def _volume(one: Happened, *, begun: bool) -> Volume:
    return Volume(
        created=_count(one, Counter.TICKETS_CREATED),
        imported=_count(one, Counter.TICKETS_IMPORTED),
        resolved=_count(one, Counter.TICKETS_RESOLVED),
        closed=_count(one, Counter.TICKETS_CLOSED),
        reopened=_count(one, Counter.TICKETS_REOPENED),
        deleted=_count(one, Counter.TICKETS_DELETED),
        restored=_count(one, Counter.TICKETS_RESTORED),
        customer_messages=_count(one, Counter.CUSTOMER_MESSAGES),
        backlog=one.levels.get(BACKLOG, 0) if begun else None,
    )


def _count(one: Happened, counter: Counter) -> int:
    return one.counts.get(counter.value, 0)


def _times(one: Happened, begin_ms: int, end_ms: int) -> dict[str, float | None]:
    """By their names; known of whoever was there at the beginning, at the end, or in between."""
    spent_ms = {
        status: max(0, time_in(status, one.levels, end_ms) - time_in(status, one.levels_before, begin_ms))
        for status in ("online", "away", "busy")
    }
    known = one.levels.get(KNOWN) or one.levels_before.get(KNOWN) or any(spent_ms.values())
    told = begin_ms < end_ms and known
    return {
        f"time_{status}_s": round(spent / 1_000, SHOWN_DIGITS) if told else None
        for status, spent in spent_ms.items()
    }


def _spans(edges: Sequence[int], until: datetime) -> list[tuple[int, int]]:
    return [_span(begin, end, until) for begin, end in pairwise(edges)]


def _span(begin: int, end: int, until: datetime) -> tuple[int, int]:
    latest = round(until.timestamp() * 1_000)
    return min(begin * QUARTER_S * 1_000, latest), min(end * QUARTER_S * 1_000, latest)


def _begun(edge: int, until: datetime) -> bool:
    return edge * QUARTER_S <= until.timestamp()
