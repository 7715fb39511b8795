"""What a ticket's history makes of each promise: pure functions, whatever the history comes from.

A cycle is one promise that begins, may pause, and may be kept: the first response and the resolution are one
each, every question after the first response is one by itself.

A ticket that waits for its customer (pending) pauses its resolution alone: who asked something is still to
be answered. Nothing runs while a ticket is resolved, closed or deleted; one that is opened again goes on
where it stopped. What was written before the first response is answered by it. A message that was deleted is
not there: a question is none any more, and one whose answer was deleted waits again, as `waiting_since` says.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from service.sla.policies import Target
from service.sla.working_time import Calendar, NotDue, Span, due, elapsed

DELETED = "deleted"
PENDING = "pending"
SETTLED = ("resolved", "closed")


class Status(StrEnum):
    """`PAUSED` is one that is not breached; what was breached stays so, also once it is met."""

    WITHIN_SLA = "within_sla"
    AT_RISK = "at_risk"
    BREACHED = "breached"
    MET = "met"
    PAUSED = "paused"


@dataclass(frozen=True, slots=True)
class Moved:
    """A ticket has the status from then on."""

    at: datetime
    status: str


@dataclass(frozen=True, slots=True)
class Said:
    at: datetime
    from_agent: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """`moves`: the first is how it began. `said`: messages that are not deleted, in order; of several by one
    side in a row the first is enough, and the first after the first response. `deleted`: when the ticket
    itself was.

    `promised_from`: nothing was promised before it, as for a ticket that was brought from elsewhere.
    """

    created_at: datetime
    moves: Sequence[Moved]
    said: Sequence[Said] = ()
    first_response_at: datetime | None = None
    deleted: Sequence[Span] = ()
    promised_from: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Cycle:
    """`key` tells the cycles of one ticket and target apart, however often they are made anew.

    `ended_at`: when what was promised was done, None while it is not.
    """

    target: Target
    key: datetime
    begin: datetime
    ended_at: datetime | None
    pauses: Sequence[Span]


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What is promised: `length` in working time of the calendar; from `warn_after` on it is at risk."""

    calendar: Calendar
    length: timedelta
    warn_after: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """Of a cycle at a moment. `elapsed` and `remaining` in working time; `remaining` below zero is overdue.

    `due_at` and `warn_at`: None while a pause leaves them open, or where the calendar has too few hours
    ahead. `next_at`: when the status will be another by itself.
    """

    status: Status
    begin: datetime
    due_at: datetime | None
    warn_at: datetime | None
    elapsed: timedelta
    remaining: timedelta
    warned_at: datetime | None
    breached_at: datetime | None
    met_at: datetime | None
    paused_since: datetime | None
    next_at: datetime | None
    not_due: NotDue | None

    @property
    def goes_on(self) -> bool:
        return self.met_at is None


def cycles(history: History) -> list[Cycle]:
    """In order of target and beginning. Those that ended before anything was promised are not there."""
    made = [*_first_response(history), *_next_responses(history), *_resolution(history)]
    return list({(cycle.target, cycle.key): cycle for cycle in made}.values())


def state(cycle: Cycle, terms: Terms, now: datetime) -> State:
    """`now` is not before the cycle begins."""
    until = cycle.ended_at or now
    pauses = pauses_until(cycle, until)
    used = elapsed(terms.calendar, cycle.begin, until, pauses)
    over = due(terms.calendar, cycle.begin, terms.length, pauses)
    warn = due(terms.calendar, cycle.begin, terms.warn_after, pauses)
    breached_at = _passed(over.at, cycle.ended_at, now)
    warned_at = _passed(warn.at, cycle.ended_at, now)
    paused_since = _paused_since(pauses) if cycle.ended_at is None else None
    ahead = [at for at in (warn.at, over.at) if at is not None and at > now]
    return State(
        status=_status(cycle, breached_at, warned_at, paused_since),
        begin=cycle.begin,
        due_at=over.at,
        warn_at=warn.at,
        elapsed=used,
        remaining=terms.length - used,
        warned_at=warned_at,
        breached_at=breached_at,
        met_at=cycle.ended_at,
        paused_since=paused_since,
        next_at=min(ahead) if ahead and cycle.ended_at is None else None,
        not_due=over.reason,
    )


def pauses_until(cycle: Cycle, until: datetime) -> list[Span]:
    """Those that began before; of what is done, not the one that began with that."""
    if cycle.ended_at is None:
        return [pause for pause in cycle.pauses if pause.begin <= until]
    return [pause for pause in cycle.pauses if pause.begin < until]


def _status(
    cycle: Cycle, breached_at: datetime | None, warned_at: datetime | None, paused_since: datetime | None
) -> Status:
    if breached_at is not None:
        return Status.BREACHED
    if cycle.ended_at is not None:
        return Status.MET
    if paused_since is not None:
        return Status.PAUSED
    return Status.AT_RISK if warned_at is not None else Status.WITHIN_SLA


def _passed(at: datetime | None, ended_at: datetime | None, now: datetime) -> datetime | None:
    """What is done at the very moment is in time."""
    if at is None or (at >= ended_at if ended_at is not None else at > now):
        return None
    return at


def _paused_since(pauses: Sequence[Span]) -> datetime | None:
    """The beginning of what goes on, or of what led over to it without a gap."""
    going_on = [pause.begin for pause in pauses if pause.end is None]
    if not going_on:
        return None
    since = min(going_on)
    for pause in sorted(pauses, key=lambda pause: pause.begin, reverse=True):
        if pause.end is not None and pause.begin < since <= pause.end:
            since = pause.begin
    return since


def _first_response(history: History) -> Iterator[Cycle]:
    """Begins with the customer's first message, where no agent wrote before; else with the ticket."""
    answered_at = history.first_response_at
    first = history.said[0] if history.said else None
    asked = first is not None and not first.from_agent and (answered_at is None or first.at <= answered_at)
    begin = first.at if first is not None and asked else history.created_at
    yield from _promised(
        history,
        Target.FIRST_RESPONSE,
        begin,
        answered_at,
        key=history.created_at,
        pauses=[*history.deleted, *_with_status(history, SETTLED)],
    )


def _next_responses(history: History) -> Iterator[Cycle]:
    if history.first_response_at is None:
        return
    pauses = [*history.deleted, *_with_status(history, SETTLED)]
    answered, asked_at = False, None
    for said in history.said:
        answered = answered or said.at > history.first_response_at
        if said.from_agent:
            if asked_at is not None:
                yield from _promised(history, Target.NEXT_RESPONSE, asked_at, said.at, pauses=pauses)
            answered, asked_at = True, None
        elif answered and asked_at is None:
            asked_at = said.at
    if asked_at is not None:
        yield from _promised(history, Target.NEXT_RESPONSE, asked_at, None, pauses=pauses)


def _resolution(history: History) -> Iterator[Cycle]:
    settled = list(_with_status(history, SETTLED))
    done = settled[-1].begin if settled and settled[-1].end is None else None
    yield from _promised(
        history,
        Target.RESOLUTION,
        history.created_at,
        done,
        pauses=[*history.deleted, *settled, *_with_status(history, (PENDING,))],
    )


def _promised(
    history: History,
    target: Target,
    begin: datetime,
    ended_at: datetime | None,
    *,
    pauses: Sequence[Span],
    key: datetime | None = None,
) -> Iterator[Cycle]:
    since = history.promised_from
    if since is not None and (ended_at < since if ended_at is not None else _rests_since(pauses, since)):
        return
    starts = begin if since is None else max(begin, since)
    if ended_at is not None:
        starts = min(starts, ended_at)
    yield Cycle(target=target, key=key or begin, begin=starts, ended_at=ended_at, pauses=pauses)


def _rests_since(pauses: Sequence[Span], since: datetime) -> bool:
    """It was settled before anything was promised, and has been since."""
    return any(pause.end is None and pause.begin <= since and pause.name in SETTLED for pause in pauses)


def _with_status(history: History, statuses: Sequence[str]) -> Iterator[Span]:
    """One span as long as the ticket has one of them, called by the first that it had."""
    since: Moved | None = None
    for move in history.moves:
        if since is None and move.status in statuses:
            since = move
        elif since is not None and move.status not in statuses:
            if since.at < move.at:
                yield Span(since.at, move.at, since.status)
            since = None
    if since is not None:
        yield Span(since.at, None, since.status)
