"""A feed, its viewers and their lines, without a server: whoever tests takes the turns."""

from datetime import UTC, datetime

import msgspec

from service.access.standing import Identity
from service.database import DatabaseUnavailable
from service.feed.following import FedEvent
from service.http.callers import Caller
from service.permissions import OF_ROLE, Owners, Role
from service.streams.broadcast import Broadcast
from service.streams.owners import MOST_KEPT
from service.streams.stream import Stream
from service.streams.telling import Telling
from service.streams.viewing import Viewer

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)


def event(position, kind="ticket.updated", **fields):
    ticket_id = fields.pop("ticket_id", "ticket_1")
    defaults = {
        "position": position,
        "id": position + 100,
        "type": kind,
        "version": 1,
        "subject_type": "ticket",
        "subject_id": ticket_id or "other",
        "ticket_id": ticket_id,
        "actor": "key:web",
        "at": NOON,
        "before": None,
        "after": {"status": "open"},
    }
    return FedEvent(**defaults | fields)


class Source:
    """A feed in memory, which counts how often it is asked."""

    def __init__(self):
        self.events = []
        self.owned = {}
        self.windows = self.looked_up = 0
        self.away = False

    def add(self, number=1, kind="ticket.updated", **fields):
        for _ in range(number):
            self.events.append(event(len(self.events) + 1, kind, **fields))

    def newest(self):
        if self.away:
            raise DatabaseUnavailable("away")
        return len(self.events)

    def window(self, after, positions):
        self.windows += 1
        return self.events[after : after + positions]

    def owners(self, ticket_ids):
        self.looked_up += 1
        return {ticket_id: self.owned[ticket_id] for ticket_id in ticket_ids if ticket_id in self.owned}


class Line:
    """Of a client that takes everything at once, unless it is `slow`."""

    def __init__(self, *, slow=False):
        self.slow = slow
        self.sent = b""
        self.taken = 0
        self.ended = self.was_cut = False

    def descriptor(self):
        return -1 if self.was_cut else 0  # standard input, which nobody has hung up

    def unsent(self):
        return len(self.sent) - self.taken if self.slow and not self.was_cut else 0

    def write(self, sent):
        assert not self.ended
        self.sent += sent

    def end(self):
        self.ended = True

    def cut(self):
        self.was_cut = self.ended = True

    def positions(self):
        """Of the events that came, as a browser reads them."""
        return [told["position"] for name, told in self.told() if name == "message"]

    def told(self):
        for block in self.sent.decode().split("\n\n"):
            fields = dict(
                line.split(": ", 1)
                for line in block.split("\n")
                if not line.startswith((":", "retry")) and line
            )
            if "data" in fields:
                told = msgspec.json.decode(fields["data"])
                assert fields["id"] == str(told["position"])
                yield fields.get("event", "message"), told


class Standing:
    """Who may watch: all, but those who have gone."""

    def __init__(self):
        self.gone = set()
        self.callers = {}
        self.asked = 0

    def still(self, identities):
        self.asked += 1
        return {one: self.callers[one.caller_id] for one in identities if one.caller_id not in self.gone}


def agent(name="kim", *teams, role=Role.AGENT):
    return Caller(
        id=f"agent:{name}",
        kind="agent",
        role=role,
        agent_id=name,
        team_ids=frozenset(teams),
        grants=OF_ROLE[role],
    )


MANAGER = agent("maya", role=Role.MANAGER)
ALL = Viewer.of(MANAGER)


class Desk:
    def __init__(self, clock, *, most=10, most_owners=MOST_KEPT):
        self.clock = clock
        self.source, self.standing = Source(), Standing()
        telling = Telling(self.source, most_owners=most_owners)
        self.broadcast = Broadcast(telling, self.standing, clock, most=most, by_itself=False)

    def stream(self, after=0, *, who=MANAGER, types=None, line=None):
        line = line or Line()
        self.standing.callers[who.id] = who
        self.broadcast.join(
            Stream(
                line=line,
                identity=Identity(caller_id=who.id),
                viewer=Viewer.of(who),
                types=types,
                after=after,
                now_s=self.clock.monotonic(),
            )
        )
        return line

    def turns(self, most=1_000):
        """Until there is nothing more to do."""
        for number in range(most):
            if not self.broadcast.turn():
                return number + 1
        raise AssertionError("it never comes to rest")


OURS = Owners(team_id="ours")
THEIRS = Owners(team_id="theirs")
