"""What the desk's figures say, over days: read from counters that are kept, never from what they count."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Self

from providers.ports import Clock
from service.errors import InvalidField
from service.intelligence.draft_counters import CountedDrafts, DraftCounters

DEFAULT_DAYS = 30
LONGEST_DAYS = 366
ONE_DAY = timedelta(days=1)
SHARE_DIGITS = 4


@dataclass(frozen=True, slots=True)
class Days:
    """Whole days in UTC, from `since` to the one before `until`."""

    since: date
    until: date

    @classmethod
    def asked(cls, since: datetime | None, until: datetime | None, now: datetime) -> Self:
        """The last 30 with today, unless told otherwise; a day that is touched is meant whole.

        Raises `InvalidField`.
        """
        last = _day_after(until) if until else now.astimezone(UTC).date() + ONE_DAY
        first = since.date() if since else last - timedelta(days=DEFAULT_DAYS)
        if (until is not None and since is not None and since >= until) or first >= last:
            raise InvalidField("from", "Must be before to, which is the end of today unless told.")
        if (last - first).days > LONGEST_DAYS:
            raise InvalidField("from", f"Must be {LONGEST_DAYS} days before to at most.")
        return cls(first, last)

    @property
    def begin(self) -> datetime:
        return datetime.combine(self.since, time(), UTC)

    @property
    def end(self) -> datetime:
        return datetime.combine(self.until, time(), UTC)


def _day_after(moment: datetime) -> date:
    """The first day of which nothing comes before the moment."""
    day = moment.date()
    return day if moment.time() == time() else day + ONE_DAY


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftFigures:
    """`provider` and `tone` are None where the figures are of all of them.

    `unused`: no message named the draft. The shares are 0..1, None where there is nothing to share.
    """

    provider: str | None
    tone: str | None
    generated: int
    verbatim: int
    edited: int
    set_aside: int
    unused: int
    used_share: float | None
    mean_edited_share: float | None

    @classmethod
    def of(
        cls, counted: Iterable[CountedDrafts], *, provider: str | None = None, tone: str | None = None
    ) -> Self:
        rows = list(counted)
        generated, verbatim = sum(row.generated for row in rows), sum(row.verbatim for row in rows)
        edited, set_aside = sum(row.edited for row in rows), sum(row.set_aside for row in rows)
        return cls(
            provider=provider,
            tone=tone,
            generated=generated,
            verbatim=verbatim,
            edited=edited,
            set_aside=set_aside,
            unused=max(0, generated - verbatim - edited - set_aside),
            used_share=_share(verbatim + edited, generated),
            mean_edited_share=_share(sum(row.edited_share_sum for row in rows), edited),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftReport:
    days: Days
    total: DraftFigures
    by_provider: Sequence[DraftFigures]
    by_tone: Sequence[DraftFigures]
    by_provider_and_tone: Sequence[DraftFigures]

    @classmethod
    def of(cls, days: Days, rows: Sequence[CountedDrafts]) -> Self:
        return cls(
            days=days,
            total=DraftFigures.of(rows),
            by_provider=[
                DraftFigures.of((row for row in rows if row.provider == provider), provider=provider)
                for provider in sorted({row.provider for row in rows})
            ],
            by_tone=[
                DraftFigures.of((row for row in rows if row.tone == tone), tone=tone)
                for tone in sorted({row.tone for row in rows})
            ],
            by_provider_and_tone=[
                DraftFigures.of([row], provider=row.provider, tone=row.tone) for row in rows
            ],
        )


class DraftAnalytics:
    def __init__(self, counters: DraftCounters, clock: Clock) -> None:
        self._counters = counters
        self._clock = clock

    def report(
        self,
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        provider: str | None = None,
        tone: str | None = None,
    ) -> DraftReport:
        """Raises `InvalidField`."""
        days = Days.asked(since, until, self._clock.now())
        rows = self._counters.counted(days.since, days.until, provider=provider, tone=tone)
        return DraftReport.of(days, rows)


def _share(part: float, whole: int) -> float | None:
    return round(min(1.0, part / whole), SHARE_DIGITS) if whole else None
