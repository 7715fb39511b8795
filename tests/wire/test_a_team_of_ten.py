"""A team of ten, with skills, languages and shifts, takes 500 tickets: over HTTP, on a clock of the test's.

On SQLite; with --full on PostgreSQL. Nothing runs beside it: what the desk does by itself, it does when the
test says so.
"""

import random
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import requests
from sqlalchemy import select

from service.assignment.models import Assignment
from service.database import Database
from service.jobs import JobRunner
from service.testing.desk import SupportDesk, desk_with_stub
from service.tickets.models import Priority, Ticket
from service.tickets.scoring import Weights
from tests.conftest import empty_all_tables
from tests.wire.calling import team_of
from tests.wire.staff import Colleague, hire

TICKETS, BATCH = 500, 50
STEP_S, GRACE_S = 5.0, 120
MOST_STEPS = 40
MOST_HAND_OUTS = {Priority.URGENT: 9, Priority.HIGH: 13, Priority.NORMAL: 19, Priority.LOW: 23}
"""That may leave a ticket waiting. While the team is full there is room for 16 tickets in two of them."""

TAGS = ("refunds", "sizes", "shipping", "wholesale")
LOCALES = ("en-GB", "de-AT", "de-DE", "fr-FR", "nl-NL", None)
CUSTOMERS = 24
STRATEGIES = {"skills", "language", "vip_to_senior", "last_agent", "least_loaded", "round_robin"}


@dataclass(frozen=True)
class Place:
    """What one of the ten is like. `shift`: early, late or all day."""

    shift: str
    capacity: int
    languages: tuple[str, ...]
    specialisations: tuple[str, ...]
    role: str = "agent"


PLACES = (
    Place("early", 24, ("en", "de"), ("refunds", "sizes")),
    Place("early", 20, ("en",), ("shipping",)),
    Place("all day", 45, ("en", "fr"), ("Refunds", "wholesale"), "senior_agent"),
    Place("all day", 36, ("de",), ("sizes",)),
    Place("late", 38, ("en", "nl"), ("shipping", "sizes")),
    Place("late", 32, ("fr",), ()),
    Place("late", 50, ("en", "de"), ("wholesale", "shipping"), "senior_agent"),
    Place("late", 20, ("en",), ("refunds",)),
    Place("late", 45, ("de", "fr", "en"), ("sizes", "SHIPPING"), "team_lead"),
    Place("late", 44, ("en",), ("refunds", "shipping")),
)


@dataclass
class Member:
    """One of the team, who works through what they were given."""

    place: Place
    colleague: Colleague
    session: requests.Session = field(default_factory=requests.Session)

    @property
    def id(self) -> str:
        return self.colleague.id


@dataclass
class Team:
    desk: SupportDesk
    id: str
    members: list[Member]
    chance: random.Random = field(default_factory=lambda: random.Random(6))
    session: requests.Session = field(default_factory=requests.Session)
    created: int = 0
    online: set[str] = field(default_factory=set)
    passed_over: Counter[str] = field(default_factory=Counter)
    """What waits, each with how many hand-outs left it waiting."""
    waits: list[tuple[str, int]] = field(default_factory=list)
    """Each time that one waited and was given, with how many those were."""

    # ------------------------------------------------------------ what happens

    def mail_comes_in(self, tickets: int) -> None:
        for number in range(self.created, self.created + tickets):
            tags = self.chance.sample([*TAGS, "praise"], self.chance.randrange(3))
            body = {
                "customer_id": f"cust_{self.chance.randrange(CUSTOMERS)}",
                "subject": f"Matter {number}",
                "team_id": self.id,
                "tags": tags,
                "priority": self.chance.choice(["urgent", "high", "normal", "low"]),
                "initial_message": self.chance.choice([None, "Where is it?"]),
            }
            answer = self.call("POST", "/api/tickets", body)
            assert answer.status_code == 201, answer.text
        self.created += tickets

    def are(self, status: str, *shifts: str) -> None:
        for member in self.members:
            if member.place.shift in shifts:
                told = self.call("PATCH", "/api/agents/me", {"status": status}, member)
                assert told.json()["agent"]["status"] == status
                (self.online.add if status == "online" else self.online.discard)(member.id)

    def work(self, tickets: int) -> None:
        """Each who is there resolves so many of theirs, from the top of their queue."""
        for member in self.members:
            if member.id not in self.online:
                continue
            queue = self.call("GET", f"/api/agents/{member.id}/queue?limit=100").json()
            assert queue["workload"]["load"] == len(queue["tickets"]) <= member.place.capacity
            for ticket in queue["tickets"][:tickets]:
                resolved = self.call("PATCH", f"/api/tickets/{ticket['id']}", {"status": "resolved"}, member)
                assert resolved.status_code == 200, resolved.text

    def hand_out(self) -> int:
        """In the order of the inbox, and nobody has room while one waits: all of them may take any ticket."""
        queue, assigned = self.in_order(), len(self.assignments())
        handed: int = self.run("hand-out-tickets")["assigned"]
        given = [row.ticket_id for row in self.assignments()[assigned:]]
        assert given == queue[:handed], "one was given while another before it waited"
        self.waits += [(ticket_id, self.passed_over.pop(ticket_id, 0)) for ticket_id in given]
        self.passed_over.update(queue[handed:])
        if self.waiting():
            room = self.call("GET", f"/api/agents/available?team_id={self.id}").json()
            assert room["agents"] == []
        return handed

    def run(self, job: str) -> Any:
        return self.desk.component(JobRunner).run_now(job)

    # ------------------------------------------------------------ what is there

    def call(
        self, method: str, path: str, body: Any = None, member: Member | None = None
    ) -> requests.Response:
        session, headers = (member.session, member.colleague.headers) if member else (self.session, {})
        return session.request(method, self.desk.url + path, json=body, headers=headers, timeout=30)

    def rows(self, statement: Any) -> Sequence[Any]:
        with self.desk.component(Database).reading() as session:
            return session.execute(statement).all()

    def waiting(self) -> int:
        return len(self.in_order())

    def in_order(self) -> list[str]:
        """What waits, first of all what is before all others in the inbox."""
        waited = Weights().waited(self.desk.clock.now())
        queued = self.rows(select(Ticket.id, Ticket.inbox_rank, Ticket.waiting).where(Ticket.queued))
        places = sorted(((row.inbox_rank + waited * row.waiting, row.id) for row in queued), reverse=True)
        return [ticket_id for _, ticket_id in places]

    def assignments(self) -> Sequence[Any]:
        return self.rows(select(*Assignment.__table__.columns).order_by(Assignment.sequence))


@pytest.fixture
def url(full: bool, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    if full:
        found = request.getfixturevalue("migrated_postgres")
        yield found
        empty_all_tables(found)
    else:
        yield request.getfixturevalue("sqlite_url")


@pytest.fixture
def team(url: str, tmp_path: Path) -> Iterator[Team]:
    environment = {
        "DATABASE_URL": url,
        "LOG_FILE": str(tmp_path / "app.log"),
        "ASSIGNMENT_AUTOMATIC": "true",
        "ASSIGNMENT_GRACE_S": str(GRACE_S),
    }
    with desk_with_stub(environment) as desk:
        for number in range(CUSTOMERS):
            made = desk.post(
                "/api/customers", {"id": f"cust_{number}", "locale": LOCALES[number % len(LOCALES)]}
            )
            assert made.status_code == 201, made.text
        members = []
        for place in PLACES:
            colleague = hire(desk, place.role)
            told = {"capacity": place.capacity, "languages": place.languages}
            told |= {"specialisations": place.specialisations}
            assert desk.patch(f"/api/agents/{colleague.id}", told).status_code == 200
            members.append(Member(place, colleague))
        yield Team(desk, team_of(desk, *(member.id for member in members)), members)


def test_a_team_of_ten_takes_500_tickets(team: Team, say: Callable[[str], None], full: bool) -> None:
    the_early_shift_begins(team)
    the_late_shift_joins_and_the_early_one_leaves(team)
    everything_finds_its_agent(team)
    every_assignment_is_explained(team)
    no_capacity_was_broken_at_any_moment(team)
    nobody_was_starved(team)
    a_client_is_told_the_same(team)
    if full:
        say(f"tickets to a team of ten: {TICKETS}, {len(team.assignments())} assignments, on PostgreSQL")


def the_early_shift_begins(team: Team) -> None:
    """Mail comes before anybody is there: it waits, and is handed out as they come, while there is room."""
    team.mail_comes_in(BATCH)
    assert team.hand_out() == 0
    assert team.waiting() == BATCH
    team.are("online", "early", "all day")
    assert team.hand_out() == BATCH
    team.mail_comes_in(2 * BATCH)
    room = sum(member.place.capacity for member in team.members if member.id in team.online)
    assert team.hand_out() == room - BATCH
    assert team.waiting() == 3 * BATCH - room


def the_late_shift_joins_and_the_early_one_leaves(team: Team) -> None:
    team.work(5)
    assert team.hand_out() == 20
    team.are("online", "late")
    team.mail_comes_in(2 * BATCH)
    assert team.hand_out() == 2 * BATCH + 5
    team.are("offline", "early")
    left = {row.ticket_id for row in team.assignments() if _is_left_behind(team, row)}
    assert len(left) > BATCH / 2
    assert team.run("return-unaccepted-tickets") == {"returned": 0, "of_inactive": 0}
    team.desk.clock.advance(GRACE_S + 1)
    assert team.run("return-unaccepted-tickets") == {"returned": len(left), "of_inactive": 0}
    assert not any(_is_left_behind(team, row) for row in team.assignments())
    assert {row.id for row in team.rows(select(Ticket.id).where(Ticket.queued))} == left


def _is_left_behind(team: Team, row: Any) -> bool:
    return row.ended_at is None and row.accepted_at is None and row.agent_id not in team.online


def everything_finds_its_agent(team: Team) -> None:
    """The rest comes in; as agents get room, what waits is handed out."""
    for _ in range(MOST_STEPS):
        team.mail_comes_in(min(2 * BATCH, TICKETS - team.created))
        team.hand_out()
        if team.created == TICKETS and not team.waiting():
            break
        team.work(2)
        team.hand_out()
        team.desk.clock.advance(STEP_S)
    assert (team.created, team.waiting()) == (TICKETS, 0)


def every_assignment_is_explained(team: Team) -> None:
    rows = team.assignments()
    assert {row.ticket_id for row in rows} == {row.id for row in team.rows(select(Ticket.id))}
    assert {row.reason for row in rows} == {"auto"}
    assert not any(row.over_capacity for row in rows)
    decided = Counter(name for row in rows for name in row.strategies)
    assert {"skills", "language", "least_loaded"} <= set(decided) <= STRATEGIES
    for row in rows:
        assert row.why.endswith("."), row.why
        if "language" in row.strategies:
            assert "peaks " in row.why


def no_capacity_was_broken_at_any_moment(team: Team) -> None:
    """By what was kept of each moment, in its order; what ends and begins at once may have done so in any."""
    capacity = {member.id: member.place.capacity for member in team.members}
    moments: dict[str, list[tuple[datetime, int]]] = defaultdict(list)
    for row in team.assignments():
        moments[row.agent_id].append((row.assigned_at, 1))
        if row.ended_at is not None:
            moments[row.agent_id].append((row.ended_at, -1))
    assert set(moments) == set(capacity)
    for agent_id, those in moments.items():
        load = most = 0
        for _, change in sorted(those):
            load += change
            most = max(most, load)
        assert most <= capacity[agent_id]


def nobody_was_starved(team: Team) -> None:
    """All ten got work; no ticket waited for longer than its priority lets expect, nor when taken back."""
    by_agent = Counter(row.agent_id for row in team.assignments())
    for member in team.members:
        assert by_agent[member.id] >= member.place.capacity / 2
    assert len(team.waits) == len(team.assignments()) > TICKETS
    priorities = {row.id: row.priority for row in team.rows(select(Ticket.id, Ticket.priority))}
    longest = dict.fromkeys(Priority, 0)
    for ticket_id, hand_outs in team.waits:
        priority = priorities[ticket_id]
        longest[priority] = max(longest[priority], hand_outs)
    assert {priority: most for priority, most in longest.items() if most > MOST_HAND_OUTS[priority]} == {}


def a_client_is_told_the_same(team: Team) -> None:
    some = team.chance.sample([row.id for row in team.rows(select(Ticket.id))], 10)
    for ticket_id in some:
        told = team.call("GET", f"/api/tickets/{ticket_id}/assignments").json()["assignments"]
        kept = [row for row in team.assignments() if row.ticket_id == ticket_id]
        assert [one["why"] for one in told] == [row.why for row in reversed(kept)]
