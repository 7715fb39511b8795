"""A year of a desk as events, in the order in which they happen: the same shape for however many tickets."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from service.feed.following import FedEvent

AGENTS = [f"agent_{number:022}" for number in range(20)]
TEAM = "team_" + "0" * 22
CHANNELS = ["email", "email", "email", "chat", "chat", "form", "phone", "sms"]
DAYS = 365
ONE_DAY_S = 86_400
OPENS_S, CLOSES_S = 6 * 3_600, 22 * 3_600
"""Of each day, in UTC."""

Moment = tuple[float, int, str, str, str, dict[str, Any] | None, dict[str, Any] | None]
"""When, an order of those at once, type, ticket, actor, before, after."""


def days_of(tickets: int, begin: datetime) -> Iterator[list[FedEvent]]:
    """Day by day, all that happens on it. What an agent leaves open at night goes on the next morning."""
    random = Random(7)
    coming: list[list[Moment]] = [[] for _ in range(DAYS + 1)]
    position = 0
    for day in range(DAYS):
        for number in range(day * tickets // DAYS, (day + 1) * tickets // DAYS):
            for moment in _life(random, f"ticket_{number}", day):
                coming[min(DAYS, int(moment[0] // ONE_DAY_S))].append(moment)
        moments = sorted(coming[day], key=lambda moment: moment[:2])
        coming[day] = []
        yield [_event(position + place, moment, begin) for place, moment in enumerate(moments, start=1)]
        position += len(moments)


def staff(begin: datetime) -> list[FedEvent]:
    """Who comes at the very beginning, and is there for good."""
    told = [
        (kind, subject, after)
        for agent in AGENTS
        for kind, subject, after in (
            ("agent.created", ("agent", agent), {"status": "offline"}),
            ("team.member_added", ("team", TEAM), {"agent_id": agent}),
            ("agent.status_changed", ("agent", agent), {"status": "online"}),
        )
    ]
    return [
        FedEvent(
            position=position,
            id=position,
            type=kind,
            version=1,
            subject_type=subject[0],
            subject_id=subject[1],
            ticket_id=None,
            actor="key:bench",
            at=begin,
            before=None,
            after=after,
        )
        for position, (kind, subject, after) in enumerate(told, start=1)
    ]


def _life(random: Random, ticket: str, day: int) -> Iterator[Moment]:
    agent = random.choice(AGENTS)
    by_agent = f"agent:{agent}"
    at = day * ONE_DAY_S + OPENS_S + random.random() * (CLOSES_S - OPENS_S)
    created = {
        "status": "open",
        "channel": random.choice(CHANNELS),
        "assigned_to": None,
        "team_id": TEAM if random.random() < 0.8 else None,
    }
    yield at, 0, "ticket.created", ticket, "key:web", None, created
    yield at, 1, "message.added", ticket, "key:web", None, {"message_id": "m0", "from_agent": False}
    at = _open(at + random.lognormvariate(5, 1))
    yield at, 0, "ticket.updated", ticket, by_agent, {"assigned_to": None}, {"assigned_to": agent}
    for turn in range(1 + int(random.expovariate(0.9))):
        at = _open(at + random.lognormvariate(6.5, 1.2))
        yield at, 0, "message.added", ticket, by_agent, None, {"message_id": f"a{turn}", "from_agent": True}
        if turn == 0:
            told = {"outcome": random.choice(["verbatim", "edited", "edited", "set_aside"])}
            yield at, 1, "draft.outcome_recorded", ticket, by_agent, None, told
        at += random.lognormvariate(8, 1.3)
        yield at, 0, "message.added", ticket, "key:web", None, {"message_id": f"c{turn}", "from_agent": False}
    at = _open(at + random.lognormvariate(7, 1.2))
    yield at, 0, "message.added", ticket, by_agent, None, {"message_id": "last", "from_agent": True}
    yield at, 1, "ticket.updated", ticket, by_agent, {"status": "open"}, {"status": "resolved"}
    if random.random() < 0.07:
        at += random.lognormvariate(10, 1)
        yield at, 0, "ticket.updated", ticket, "key:web", {"status": "resolved"}, {"status": "open"}
        at = _open(at + random.lognormvariate(8, 1))
        yield at, 0, "ticket.updated", ticket, by_agent, {"status": "open"}, {"status": "closed"}


def _open(at: float) -> float:
    """That moment, or the next morning."""
    of_day = at % ONE_DAY_S
    if of_day < OPENS_S:
        return at - of_day + OPENS_S + of_day / 10
    return at if of_day < CLOSES_S else at - of_day + ONE_DAY_S + OPENS_S + (of_day - CLOSES_S) / 4


def _event(position: int, moment: Moment, begin: datetime) -> FedEvent:
    at, _, kind, ticket, actor, before, after = moment
    return FedEvent(
        position=position,
        id=position,
        type=kind,
        version=1,
        subject_type="ticket",
        subject_id=ticket,
        ticket_id=ticket,
        actor=actor,
        at=begin + timedelta(seconds=at),
        before=before,
        after=after,
    )


def a_year_ago(now: datetime) -> datetime:
    return now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=DAYS - 1)
