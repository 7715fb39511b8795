"""Random histories of a desk, as the feed tells them: lawful ones, whose events may come late."""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from service.feed.following import FedEvent

BEGIN = datetime(2026, 3, 26, 8, tzinfo=UTC)
"""Before the clocks of Europe are put forward."""

AGENTS = [f"agent_{number:022}" for number in range(4)]
TEAMS = ["team_red", "team_blue", "team_green"]
CHANNELS = ["email", "chat"]
STATUSES = ["online", "busy", "away", "offline"]


@dataclass
class Told:
    """What there is to happen to a ticket."""

    id: str
    status: str
    assigned_to: str | None
    team_id: str | None
    deleted: bool = False
    messages: list[str] = field(default_factory=list)


def fed(position: int, kind: str, at: datetime, actor: str = "key:web", **told: Any) -> FedEvent:
    ticket_id = told.pop("ticket_id", None)
    subject = ("ticket", ticket_id) if ticket_id else told.pop("subject")
    return FedEvent(
        position=position,
        id=position,
        type=kind,
        version=1,
        subject_type=subject[0],
        subject_id=subject[1],
        ticket_id=ticket_id,
        actor=actor,
        at=at,
        before=told.get("before"),
        after=told.get("after"),
    )


class Desk:
    """Makes one event after the other; `late_h`: by how many hours one may come too late."""

    def __init__(self, seed: int, *, days: float = 4, late_h: float = 0) -> None:
        self._random = Random(seed)
        self._now = BEGIN
        self._days = days
        self._late_h = late_h
        self._tickets: list[Told] = []
        self._agents = dict.fromkeys(AGENTS, "offline")
        self._members: set[tuple[str, str]] = set()
        self._last_at: dict[str, datetime] = {}
        self._position = 0

    def events(self, count: int) -> list[FedEvent]:
        made = [event for number, agent in enumerate(AGENTS) if number for event in self._hired(agent)]
        while len(made) < count:
            self._now += timedelta(seconds=self._random.random() * self._days * 172_800 / count)
            made += self._something()
        return made

    def _hired(self, agent: str) -> Iterator[FedEvent]:
        yield self._of("agent.created", ("agent", agent), after={"status": "offline"})

    def _something(self) -> Iterator[FedEvent]:
        choice = self._random.random()
        living = [ticket for ticket in self._tickets if not ticket.deleted]
        if choice < 0.12:
            yield self._status()
        elif choice < 0.16:
            yield self._membership()
        elif choice < 0.4 or not living:
            yield from self._created()
        else:
            yield from self._happens_to(self._random.choice(living), self._random.random())
        if choice > 0.97:
            yield from self._restored()

    def _status(self) -> FedEvent:
        agent = self._random.choice(AGENTS)
        before, self._agents[agent] = self._agents[agent], self._random.choice(STATUSES)
        told = {"before": {"status": before}, "after": {"status": self._agents[agent]}}
        return self._of("agent.status_changed", ("agent", agent), **told)

    def _membership(self) -> FedEvent:
        one = self._random.choice(TEAMS), self._random.choice(AGENTS)
        if one in self._members:
            self._members.remove(one)
            return self._of("team.member_removed", ("team", one[0]), before={"agent_id": one[1]})
        self._members.add(one)
        return self._of("team.member_added", ("team", one[0]), after={"agent_id": one[1]})

    def _created(self) -> Iterator[FedEvent]:
        ticket = Told(
            f"ticket_{len(self._tickets)}",
            self._random.choice(["open", "open", "open", "pending", "resolved", "closed"]),
            self._random.choice([None, *AGENTS, "night shift"]),
            self._random.choice([None, *TEAMS]),
        )
        self._tickets.append(ticket)
        told = {"channel": self._random.choice(CHANNELS), **self._state(ticket)}
        if self._random.random() < 0.1:
            told["created_at"] = (self._now - timedelta(days=300)).isoformat()
        yield self._about(ticket, "ticket.created", after=told)
        if self._random.random() < 0.8 and "created_at" not in told:
            yield self._message(ticket, from_agent=False)

    def _happens_to(self, ticket: Told, choice: float) -> Iterator[FedEvent]:
        if choice < 0.45:
            yield self._message(ticket, from_agent=self._random.random() < 0.6)
        elif choice < 0.5 and ticket.messages:
            gone = ticket.messages.pop(self._random.randrange(len(ticket.messages)))
            yield self._about(ticket, "message.deleted", after={"message_id": gone})
        elif choice < 0.52:
            yield self._about(ticket, "conversation.reset", after={"messages_deleted": 1})
        elif choice < 0.58:
            told = {"outcome": self._random.choice(["verbatim", "edited", "set_aside"])}
            yield self._about(ticket, "draft.outcome_recorded", after=told)
        elif choice < 0.95:
            yield from self._updated(ticket)
        elif choice < 0.97:
            yield from self._erased(ticket)
        else:
            ticket.deleted = True
            yield self._about(ticket, "ticket.deleted")

    def _updated(self, ticket: Told) -> Iterator[FedEvent]:
        before = self._state(ticket)
        if self._random.random() < 0.6:
            ticket.status = self._random.choice(["open", "pending", "resolved", "closed"])
        if self._random.random() < 0.5:
            ticket.assigned_to = self._random.choice([None, *AGENTS, "night shift"])
        if self._random.random() < 0.2:
            ticket.team_id = self._random.choice([None, *TEAMS])
        names = [name for name, value in self._state(ticket).items() if value != before[name]]
        told = {name: self._state(ticket)[name] for name in names}
        yield self._about(ticket, "ticket.updated", before={name: before[name] for name in names}, after=told)

    def _erased(self, ticket: Told) -> Iterator[FedEvent]:
        if ticket.status in {"open", "pending"}:
            before, ticket.status = ticket.status, "closed"
            closing = self._about(
                ticket, "ticket.updated", before={"status": before}, after={"status": "closed"}
            )
            yield closing
            self._position += 1
            yield fed(self._position, "ticket.erased", closing.at, closing.actor, ticket_id=ticket.id)
        else:
            yield self._about(ticket, "ticket.erased")

    def _restored(self) -> Iterator[FedEvent]:
        gone = [ticket for ticket in self._tickets if ticket.deleted]
        if gone:
            ticket = self._random.choice(gone)
            ticket.deleted = False
            yield self._about(ticket, "ticket.restored")

    def _message(self, ticket: Told, *, from_agent: bool) -> FedEvent:
        message_id = f"message_{self._position}"
        ticket.messages.append(message_id)
        told = {"message_id": message_id, "from_agent": from_agent}
        actor = "import:old" if self._random.random() < 0.05 else None
        return self._about(ticket, "message.added", actor=actor, after=told)

    def _state(self, ticket: Told) -> dict[str, Any]:
        return {
            "status": ticket.status,
            "assigned_to": ticket.assigned_to,
            "team_id": ticket.team_id,
        }

    def _about(self, ticket: Told, kind: str, *, actor: str | None = None, **told: Any) -> FedEvent:
        someone = self._random.choice(["key:web", *(f"agent:{agent}" for agent in AGENTS)])
        return self._fed(kind, ticket.id, actor or someone, ticket_id=ticket.id, **told)

    def _of(self, kind: str, subject: tuple[str, str], **told: Any) -> FedEvent:
        return self._fed(kind, subject[1], "key:web", subject=subject, **told)

    def _fed(self, kind: str, whose: str, actor: str, **told: Any) -> FedEvent:
        """Nothing of one ticket or agent comes before what happened to it earlier."""
        at = self._now - timedelta(hours=self._random.random() * self._late_h)
        at = self._last_at[whose] = max(at, self._last_at.get(whose, BEGIN))
        self._position += 1
        return fed(self._position, kind, at, actor, **told)


def as_one_team(events: Iterable[FedEvent], team_ids: Collection[str], one: str) -> Iterator[FedEvent]:
    """The same desk, had those teams been one: who is in any of them is in it, once."""
    ways_in: Counter[str] = Counter()
    for event in events:
        if event.subject_type == "team":
            if event.subject_id not in team_ids:
                yield event
                continue
            agent_id = (event.after or event.before or {})["agent_id"]
            before = ways_in[agent_id]
            ways_in[agent_id] += 1 if event.type == "team.member_added" else -1
            if not before or not ways_in[agent_id]:
                yield replace(event, subject_id=one)
        else:
            yield replace(
                event,
                before=_renamed(event.before, team_ids, one),
                after=_renamed(event.after, team_ids, one),
            )


def _renamed(told: Mapping[str, Any] | None, team_ids: Collection[str], one: str) -> Mapping[str, Any] | None:
    if told is None or told.get("team_id") not in team_ids:
        return told
    return {**told, "team_id": one}
