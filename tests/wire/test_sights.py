"""What agents see of the tickets, over HTTP; on SQLite and PostgreSQL."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from service.identifiers import new_ref
from tests.conftest import empty_all_tables
from tests.wire.calling import SignedIn, new_agent, signed_in, team_of
from tests.wire.desk import Desk, running_desk
from tests.wire.watching import statements


@dataclass(frozen=True)
class Floor:
    """Ann and Ben are in one team, Cem is in another, Dee in none. `tickets`: ids, by whose they are."""

    desk: Desk
    word: str
    customer: str
    ann: SignedIn
    manager: SignedIn
    others: dict[str, str]
    teams: dict[str, str]
    tickets: dict[str, str]

    def names(self, answer: Any) -> set[str]:
        assert answer.status_code == 200, answer.text
        by_id = {ticket_id: name for name, ticket_id in self.tickets.items()}
        found = {by_id[ticket["id"]] for ticket in answer.json()["tickets"] if ticket["id"] in by_id}
        assert answer.json()["pagination"]["total"] >= len(found)
        return found


SEEN = {"anns", "anns_of_theirs", "bens", "returns", "returns_of_cem", "dees", "nobodys", "labelled"}
HIDDEN = {"cems", "sales", "sales_of_ben", "sales_of_dee"}


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def desk(
    request: pytest.FixtureRequest, migrated_sqlite: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Desk]:
    directory = tmp_path_factory.mktemp("sights")
    on_postgres = request.param == "postgresql"
    if on_postgres:
        url = request.getfixturevalue("migrated_postgres")
    else:
        url = f"sqlite:///{shutil.copy(migrated_sqlite, directory / 'desk.db')}"
    environment = {"DATABASE_URL": url, "LOG_FILE": str(directory / "app.log")}
    with running_desk(environment | {"INTELLIGENCE_PROVIDERS": "fallback"}) as desk:
        yield desk
    if on_postgres:
        empty_all_tables(url)


@pytest.fixture(scope="module")
def floor(desk: Desk) -> Floor:
    ann = signed_in(desk)
    ben, cem, dee = (new_agent(desk, name)["id"] for name in ("Ben", "Cem", "Dee"))
    teams = {"returns": team_of(desk, ann.agent_id, ben), "sales": team_of(desk, cem)}
    word, customer = new_ref()[4:].replace("-", "x").replace("_", "x"), new_ref()

    def ticket(assigned_to: str | None = None, team: str | None = None) -> str:
        ticket_id = desk.new_ticket(customer, subject=f"About {word}", assigned_to=assigned_to)
        if team:  # whoever has it may be in another team
            desk.patch(f"/api/tickets/{ticket_id}", {"team_id": teams[team]})
        return ticket_id

    tickets = {
        "anns": ticket(ann.agent_id),
        "anns_of_theirs": ticket(ann.agent_id, "sales"),
        "bens": ticket(ben),
        "returns": ticket(team="returns"),
        "returns_of_cem": ticket(cem, "returns"),
        "dees": ticket(dee),
        "nobodys": ticket(),
        "labelled": ticket("Somebody"),
        "cems": ticket(cem),
        "sales": ticket(team="sales"),
        "sales_of_ben": ticket(ben, "sales"),
        "sales_of_dee": ticket(dee, "sales"),
    }
    others = {"ben": ben, "cem": cem, "dee": dee}
    return Floor(desk, word, customer, ann, signed_in(desk, "manager"), others, teams, tickets)


@pytest.mark.parametrize(
    "query",
    [
        {},
        {"sort": "created_at"},
        {"sort": "updated_at", "order": "asc"},
        {"status": "open", "sort": "updated_at"},
        {"priority": "normal"},
        {"topic_alerts": "parcel"},
    ],
    ids=str,
)
def test_every_list_shows_an_agent_what_is_theirs_and_nothing_else(
    floor: Floor, query: dict[str, str]
) -> None:
    assert floor.names(floor.ann.get("/api/tickets", **query)) == SEEN
    assert floor.names(floor.manager.get("/api/tickets", **query)) == SEEN | HIDDEN
    assert floor.names(floor.desk.get("/api/tickets", params=query)) == SEEN | HIDDEN


def test_a_search_and_a_customers_tickets_show_no_more_and_count_no_more(floor: Floor) -> None:
    for path, query in (
        ("/api/tickets", {"q": floor.word}),
        ("/api/tickets", {"customer_id": floor.customer}),
        (f"/api/customers/{floor.customer}/tickets", {}),
    ):
        answer = floor.ann.get(path, **query)
        assert floor.names(answer) == SEEN
        assert answer.json()["pagination"]["total"] == len(SEEN)
        everything = floor.manager.get(path, **query)
        assert everything.json()["pagination"]["total"] == len(SEEN | HIDDEN)


def test_filters_by_team_and_assignee_show_what_is_seen_of_them(floor: Floor) -> None:
    def names(**query: str) -> set[str]:
        return floor.names(floor.ann.get("/api/tickets", **query))

    assert names(team_id=floor.teams["returns"]) == {"returns", "returns_of_cem"}
    assert names(team_id=floor.teams["sales"]) == {"anns_of_theirs"}
    assert names(assigned_to=floor.ann.agent_id) == {"anns", "anns_of_theirs"}
    assert names(assigned_to=floor.others["cem"]) == {"returns_of_cem"}
    assert names(assigned_to=floor.others["cem"], team_id=floor.teams["sales"]) == set()
    assert names(team_id=floor.others["ben"]) == set(), "an agent is no team"
    of_sales = floor.desk.get("/api/tickets", params={"team_id": floor.teams["sales"]})
    assert floor.names(of_sales) == {"anns_of_theirs", "sales", "sales_of_ben", "sales_of_dee"}


def test_a_list_and_the_page_of_a_ticket_agree_on_who_sees_it(floor: Floor) -> None:
    for name, ticket_id in floor.tickets.items():
        answer = floor.ann.get(f"/api/tickets/{ticket_id}")
        assert answer.status_code == (200 if name in SEEN else 404), name


def test_who_comes_into_a_team_sees_its_tickets_and_who_leaves_sees_them_no_longer(floor: Floor) -> None:
    path = f"/api/teams/{floor.teams['sales']}/members/{floor.ann.agent_id}"
    assert floor.desk.call("PUT", path).status_code == 200
    assert floor.names(floor.ann.get("/api/tickets")) == SEEN | HIDDEN
    assert floor.desk.call("DELETE", path).status_code == 204
    assert floor.names(floor.ann.get("/api/tickets")) == SEEN


def test_a_ticket_that_changes_hands_changes_whose_it_is(floor: Floor) -> None:
    desk, ann = floor.desk, floor.ann
    path = f"/api/tickets/{desk.new_ticket(new_ref(), assigned_to=floor.others['cem'])}"
    seen = []
    for change in (
        {"assigned_to": None},
        {"team_id": floor.teams["sales"]},
        {"team_id": None, "assigned_to": ann.agent_id},
        {"team_id": floor.teams["sales"]},
        {"assigned_to": floor.others["cem"]},
        {"team_id": floor.teams["returns"]},
        {"team_id": None},
    ):
        told = desk.patch(path, change).json()["ticket"]
        assert {name: told[name] for name in change} == change
        listed = path.endswith(tuple(row["id"] for row in ann.get("/api/tickets").json()["tickets"]))
        assert ann.get(path).status_code == (200 if listed else 404)
        seen.append(listed)
    assert seen == [True, False, True, True, False, True, False]
    history = desk.get(f"{path}/events").json()["events"]
    assert history[0]["before"] == {"team_id": floor.teams["returns"]}
    assert history[0]["after"] == {"team_id": None}


def test_a_list_that_is_seen_by_one_costs_no_more_statements_than_one_of_all(floor: Floor) -> None:
    def asked(caller: SignedIn) -> int:
        caller.get("/api/tickets", status="open", limit=2)
        with statements(floor.desk) as seen:
            assert len(caller.get("/api/tickets", status="open", limit=2).json()["tickets"]) == 2
        return len([statement for statement in seen if statement.lstrip().upper().startswith("SELECT")])

    assert asked(floor.ann) <= asked(floor.manager) + 1
