"""What is told of figures: whose, and up to when."""

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from service.database import Database
from service.performance.services import Asked, Viewer
from service.permissions import Reach
from tests.service.performance.counted import Figures
from tests.service.performance.histories import AGENTS, BEGIN, TEAMS, fed

KIM = AGENTS[0]
UTC = Asked(ZoneInfo("UTC"), BEGIN.date(), BEGIN.date() + timedelta(days=2))


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
