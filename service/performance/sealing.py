"""Days that never change again, and figures made anew from the events: from the seal on, or from all."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from sqlalchemy.orm import Session

from providers.ports import Clock
from service.clock import rfc3339
from service.database import Database
from service.days import begin_of, quarter_of
from service.errors import Conflict
from service.feed.following import FedEvent
from service.feed.relay import Relay
from service.feed.services import LOOKED_AT, Feed, Followers
from service.jobs import Job
from service.performance import queries
from service.performance.clearing import TakingBack
from service.performance.figures import AsOf
from service.performance.folding import Folding
from service.performance.following import NAME, TYPES, KnownHistories, PerformanceFollower
from service.performance.models import FigureProgress
from service.performance.services import PerformanceReports
from service.performance.tallies import Tally
from service.schedules import DailyAt

BATCH = 2_000
FEW = 20_000
"""Events that are not counted yet, among which the earliest is looked for."""

SEAL_AT = time(4, 0)

Progress = Callable[[str, int], None]
"""Told what is being done, and how much of it is done."""


def unwatched(_doing: str, _done: int) -> None:
    """Nobody looks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """`base_position`: where a rebuild would begin."""

    freshness: AsOf
    base_position: int
    sealed_at: datetime | None
    sealed_by: str | None
    rows: int
    histories: int


class Sealing:
    def __init__(
        self,
        database: Database,
        clock: Clock,
        *,
        feed: Feed,
        relay: Relay,
        followers: Followers,
        follower: PerformanceFollower,
        reports: PerformanceReports,
        after_days: int,
    ) -> None:
        """`after_days`: after how many days a job seals; 0 for never."""
        self._database = database
        self._feed = feed
        self._relay = relay
        self._followers = followers
        self._follower = follower
        self._reports = reports
        self._clock = clock
        self._after_days = after_days

    def seal(self, before: date, *, by: str, progress: Progress = unwatched) -> bool:
        """Days before this one (UTC) never change again; whether any were sealed that were not.

        What a rebuild begins with is brought up to there, in short transactions: one that is broken off goes
        on with the next. Raises `Conflict` where the day is not over, or not all of it is counted yet.
        """
        slot = quarter_of(datetime.combine(before, time(), UTC))
        if before > self._clock.now().date():
            raise Conflict("Only days that are over can be sealed; name today or an earlier day.")
        self._relay.number()
        with self._database.writing() as session:
            held = queries.held_progress(session)
            sealed = held.sealed_slot is None or held.sealed_slot < slot
            if sealed:
                self._check_counted(session, held, begin_of(slot))
                held.sealed_slot, held.sealed_position = slot, held.position
                held.sealed_at, held.sealed_by = self._clock.now(), by
        passed = 0
        while step := self._move_base():
            passed += step
            progress("events passed by the seal", passed)
        return sealed

    def rebuild(self, *, progress: Progress = unwatched) -> int:
        """Count anew all that is not sealed; how many events were. Meanwhile figures are incomplete.

        One that is broken off is gone on with by whoever follows, or by the next, which begins again.
        """
        self._relay.number()
        with self._database.together():
            self._followers.begin_at(NAME, 0)  # whoever follows just now is waited for, and waits
            with self._database.writing() as session:
                held = queries.held_progress(session)
                held.position, base = self._mark(), held.base_position
            self._followers.begin_at(NAME, base)
        self._take_back(progress)
        counted = 0

        def told(events: int) -> None:
            nonlocal counted
            counted += events
            progress("events counted", counted)

        self._follower.counted = told
        while self._followers.advance(NAME) or not self._followers.idle(NAME):
            pass
        return counted

    def _mark(self) -> int:
        """Of a rebuild: another for each."""
        return -round(self._clock.now().timestamp() * 1_000)

    def _take_back(self, progress: Progress) -> None:
        taking_back, taken = TakingBack(), 0
        while True:
            with self._database.writing() as session:
                rows = taking_back.step(session, queries.held_progress(session))
            if not rows:
                return
            taken += rows
            progress("rows taken back", taken)

    def status(self) -> Status:
        with self._database.reading() as session:
            held = queries.progress(session)
            rows = queries.count_figures(session)
            histories = queries.count_histories(session)
        return Status(
            freshness=self._reports.freshness(),
            base_position=held.base_position,
            sealed_at=held.sealed_at,
            sealed_by=held.sealed_by,
            rows=rows,
            histories=histories,
        )

    def jobs(self) -> list[Job]:
        """None where nothing is to be sealed by itself."""
        if not self._after_days:
            return []
        return [
            Job(
                name="seal-figures",
                description="seal the daily figures that are old enough",
                schedule=DailyAt(SEAL_AT),
                run=self._seal_by_age,
            )
        ]

    def _seal_by_age(self) -> dict[str, int]:
        day = self._clock.now().date() - timedelta(days=self._after_days)
        return {"sealed": int(self.seal(day, by="service"))}

    def _check_counted(self, session: Session, held: FigureProgress, before: datetime) -> None:
        """All that is committed, if it happened before; few are looked at, whoever is far behind waits."""
        if held.taking_back:
            raise Conflict("The figures are being made anew; seal when that is done.")
        unnumbered = self._feed.unnumbered(session)
        followed, newest = self._followers.position(session, NAME), self._feed.position(session)
        lag = unnumbered.count + newest - followed
        if lag > FEW or unnumbered.count >= LOOKED_AT:
            raise Conflict(f"{lag:,} events are not counted yet; try again when the service has followed.")
        earliest, _ = self._feed.times(session, followed, newest)
        late = [at for at in (unnumbered.since, earliest) if at is not None and at < before]
        if late:
            raise Conflict(f"Only what happened before {rfc3339(min(late))} is counted yet; try again soon.")

    def _move_base(self) -> int:
        """Over events that are all before the seal; how many positions. Histories follow, figures do not."""
        with self._database.writing() as session:
            held = queries.held_progress(session)
            if held.taking_back:
                return 0
            after = held.base_position
            until = min(after + BATCH, held.sealed_position)
            if until <= after:
                return 0
            events = [
                event
                for event in self._feed.read(session, after, until - after, TYPES)
                if event.position <= until
            ]
            before = _before_the_seal(events, held)
            if len(before) < len(events):
                until = events[len(before)].position - 1
            known = KnownHistories.of(session, before, sealed=True)
            nowhere = Tally()
            folding = Folding(known.tickets, known.agents, lambda _: nowhere)
            for event in before:
                folding.take(event, 0)
            queries.seal_histories(session, [{"id": one, "sealed": text} for one, _, text in known.changed()])
            held.base_position = until
        return until - after


def _before_the_seal(events: Sequence[FedEvent], held: FigureProgress) -> list[FedEvent]:
    """Up to the first that is not: from there on a rebuild has to count."""
    before: list[FedEvent] = []
    for event in events:
        if held.sealed_slot is None or quarter_of(event.at) >= held.sealed_slot:
            break
        before.append(event)
    return before
