"""What each event means for the figures, and whose they are."""

from datetime import timedelta
from typing import Any

from service.performance.following import counted
from service.performance.models import NOTHING_FOLLOWED, FigureProgress
from service.performance.tallies import Tally, time_in
from tests.service.performance.histories import AGENTS, BEGIN, fed

KIM, LEE = AGENTS[:2]


class Told:
    """Events of one ticket, a minute after each other, and what they come to."""

    def __init__(self, **created: Any) -> None:
        self._events = [fed(1, "ticket.created", BEGIN, ticket_id="t", after=state(**created))]

    def then(self, kind: str, *, by: str | None = None, minutes: float = 1, **told: Any) -> "Told":
        at = self._events[-1].at + timedelta(minutes=minutes)
        actor = f"agent:{by}" if by and not by.startswith("import:") else by or "key:web"
        ticket_id = None if "subject" in told else "t"
        found = fed(len(self._events) + 1, kind, at, actor, ticket_id=ticket_id, **told)
        self._events.append(found)
        return self

    def changed(self, *, by: str | None = None, minutes: float = 1, **after: Any) -> "Told":
        return self.then("ticket.updated", by=by, minutes=minutes, before={}, after=after)

    def message(self, *, by: str | None = None, minutes: float = 1, message_id: str = "m") -> "Told":
        told = {"message_id": message_id, "from_agent": by is not None}
        return self.then("message.added", by=by, minutes=minutes, after=told)

    def of(self, scope: str) -> dict[str, int]:
        return {**self.tally(scope).counts, **self.tally(scope).levels}

    def tally(self, scope: str) -> Tally:
        whole = Tally()
        for tally in (
            counted(self._events, {}, {}, FigureProgress(**NOTHING_FOLLOWED)).get(scope, {}).values()
        ):
            whole.add(tally)
        return whole


def state(**given: Any) -> dict[str, Any]:
    usual = {"status": "open", "channel": "email", "assigned_to": None, "team_id": None}
    return usual | given


def test_a_first_response_is_measured_from_the_creation_and_is_of_who_wrote_it() -> None:
    told = Told(assigned_to=LEE).message().message(by=KIM, minutes=9).message(by=KIM)
    assert told.of(f"agent:{KIM}") == {"messages": 2, "first_response_ms": 600_000}
    assert told.of(f"agent:{LEE}") == {"assigned": 1}


def test_a_next_response_is_measured_from_the_oldest_unanswered_message() -> None:
    told = Told().message(by=KIM).message(message_id="a").message(minutes=5, message_id="b")
    assert told.message(by=KIM, minutes=2).of("desk")["next_response_ms"] == 7 * 60_000


def test_a_message_that_was_deleted_waits_for_no_answer() -> None:
    told = Told().message(by=KIM).message(message_id="a").message(minutes=5, message_id="b")
    told.then("message.deleted", after={"message_id": "a"}).message(by=KIM, minutes=1)
    assert told.of("desk")["next_response_ms"] == 2 * 60_000


def test_a_resolution_is_of_who_has_the_ticket_and_a_reopening_of_whose_did_not_hold() -> None:
    told = Told(assigned_to=KIM).changed(by=LEE, status="resolved", minutes=30)
    told.changed(assigned_to=LEE).changed(status="open").changed(by=LEE, status="closed", minutes=3)
    assert told.of(f"agent:{KIM}") == {
        "assigned": 1, "resolved": 1, "resolution_ms": 1_800_000, "transferred": 1, "reopened": 1
    }  # fmt: skip
    assert told.of(f"agent:{LEE}") == {"assigned": 1, "resolved": 1, "resolution_ms": 180_000}
    assert told.of("channel:email")["tickets_closed"] == 1
    assert "backlog" not in told.of("desk")


def test_giving_back_is_no_transfer_and_another_team_is() -> None:
    told = Told(assigned_to=KIM, team_id="red").changed(assigned_to=None).changed(assigned_to=LEE)
    assert "transferred" not in told.of("desk")
    told.changed(assigned_to=None, team_id="blue")
    assert (told.of(f"agent:{LEE}")["transferred"], told.of("team:red")["transferred"]) == (1, 1)
    assert (told.of("team:blue")["backlog"], "backlog" in told.of("team:red")) == (1, False)


def test_a_label_is_nobody() -> None:
    told = Told(assigned_to="night shift").changed(status="resolved")
    assert "assigned" not in told.of("desk")
    assert told.of("desk")["resolved"] == 1


def test_what_an_erasure_closes_nobody_resolved() -> None:
    told = Told(assigned_to=KIM).changed(by=LEE, status="closed")
    told.then("ticket.erased", by=LEE, minutes=0)
    assert told.of(f"agent:{KIM}") == {"assigned": 1}
    assert told.of("desk") == {"tickets_created": 1, "assigned": 1, "tickets_closed": 1}


def test_a_deleted_ticket_leaves_the_backlog_until_it_is_restored() -> None:
    told = Told().then("ticket.deleted")
    assert "backlog" not in told.of("desk")
    assert told.then("ticket.restored").of("desk")["backlog"] == 1


def test_of_what_is_imported_only_the_coming_is_counted() -> None:
    told = Told(created_at=(BEGIN - timedelta(days=9)).isoformat(), assigned_to=KIM)
    told.message(by="import:old").message().message(by=KIM)
    assert told.of(f"agent:{KIM}") == {"messages": 1, "next_response_ms": 60_000}
    assert (told.of("desk")["tickets_imported"], "tickets_created" in told.of("desk")) == (1, False)


def test_a_ticket_of_no_team_counts_for_the_teams_of_the_agent() -> None:
    told = Told().then("team.member_added", subject=("team", "red"), after={"agent_id": KIM})
    told.message(by=KIM, minutes=4)
    assert told.of("team:red") == {"messages": 1, "first_response_ms": 300_000}


def test_time_online_ends_with_the_status_and_goes_on_until_then() -> None:
    told = Told().then("agent.status_changed", subject=("agent", KIM), after={"status": "online"})
    begin_ms = round((BEGIN + timedelta(minutes=1)).timestamp() * 1_000)
    assert time_in("online", told.tally(f"agent:{KIM}").levels, begin_ms + 5_000) == 5_000
    told.then("agent.deactivated", minutes=7, subject=("agent", KIM), after={"status": "offline"})
    assert time_in("online", told.tally(f"agent:{KIM}").levels, begin_ms + 10**9) == 7 * 60_000
