"""What is told of figures: whose, and up to when."""

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from service.database import Database
from service.performance.services import UNDERWAY, Asked, Viewer
from service.permissions import Reach
from tests.service.performance.counted import Figures
from tests.service.performance.histories import AGENTS, BEGIN, TEAMS, fed

KIM, LEE = AGENTS[:2]
UTC = Asked(ZoneInfo("UTC"), BEGIN.date(), BEGIN.date() + timedelta(days=2))

EVERYBODYS = Viewer(Reach.ANY, frozenset())


@pytest.fixture
def figures(database: Database) -> Figures:
    found = Figures(database)
    found.at(BEGIN + timedelta(days=1))
    return found


def test_the_teams_of_a_lead_together_count_nobody_twice(figures: Figures) -> None:
    """Kim is in two of three teams for a while, online all the time, and answers on a ticket of no team."""
    red, blue, green = TEAMS
    hours = [BEGIN + timedelta(hours=hour) for hour in range(6)]
    told = {"status": "open", "channel": "email", "assigned_to": None, "team_id": None}
    subject = {"subject": ("agent", KIM)}
    figures.happen(
        [
            fed(1, "agent.created", hours[0], after={"status": "online"}, **subject),
            fed(2, "team.member_added", hours[0], subject=("team", red), after={"agent_id": KIM}),
            fed(3, "team.member_added", hours[1], subject=("team", blue), after={"agent_id": KIM}),
            fed(4, "ticket.created", hours[1], ticket_id="t", after=told),
            fed(5, "message.added", hours[2], f"agent:{KIM}", ticket_id="t", after={"from_agent": True}),
            fed(6, "ticket.updated", hours[2], f"agent:{KIM}", ticket_id="t", after={"status": "resolved"}),
            fed(7, "team.member_removed", hours[3], subject=("team", red), before={"agent_id": KIM}),
            fed(8, "agent.status_changed", hours[5], after={"status": "offline"}, **subject),
        ]
    )

    def seen(*team_ids: str) -> tuple[float | None, int, int, int, int]:
        viewer = Viewer(Reach.TEAM, frozenset(team_ids))
        total = figures.parts.reports.of_team(None, UTC, viewer).total
        took = total.first_response.count, total.resolution.count
        return (total.time_online_s, total.messages, total.resolved, *took)

    assert seen(red) == (3 * 3_600, 1, 1, 1, 1)
    assert seen(blue) == (4 * 3_600, 1, 1, 1, 1)
    assert seen(red, blue) == seen(red, blue, green) == (5 * 3_600, 1, 1, 1, 1)
    assert seen(red, green) == seen(red)
    assert seen(green) == (None, 0, 0, 0, 0)


def test_time_in_a_status_goes_on_to_what_was_counted_last(figures: Figures) -> None:
    """What is not counted yet is from before; Kim came online after that, and Lee long before."""
    hours = [BEGIN + timedelta(hours=hour) for hour in range(4)]
    figures.happen(
        [
            fed(1, "agent.created", hours[0], subject=("agent", LEE), after={"status": "online"}),
            fed(2, "agent.created", hours[2], subject=("agent", KIM), after={"status": "online"}),
            fed(3, "ticket.deleted", hours[3], ticket_id="t"),
        ]
    )
    figures.recorded([fed(4, "ticket.deleted", hours[1], ticket_id="t")])
    report = figures.parts.reports.of_team(None, UTC, EVERYBODYS)
    assert report.freshness.as_of == hours[1]
    assert report.total.time_online_s == (1 + 3) * 3_600


def test_no_time_is_less_than_none_where_a_clock_ran_ahead(figures: Figures) -> None:
    ahead = BEGIN + timedelta(hours=30)
    figures.happen([fed(1, "agent.created", ahead, subject=("agent", KIM), after={"status": "online"})])
    figures.happen([fed(number, "ticket.deleted", BEGIN, ticket_id="t") for number in range(2, 2 + UNDERWAY)])
    assert figures.parts.reports.of_team(None, UTC, EVERYBODYS).total.time_online_s == 0
