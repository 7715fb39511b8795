"""A desk with two teams, an agent of each role, keys of each scope, and something of everything to name."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from secrets import randbelow, token_hex
from typing import Any

import requests

from service.database import Database
from service.http.problems import CONTENT_TYPE
from service.testing.desk import SupportDesk
from tests.service.persistence.rows import NOON, outbox_entry
from tests.wire.desk import CLIENT_TIMEOUT_S, Desk
from tests.wire.rights import ANY, OWN, TEAM, Route
from tests.wire.staff import Colleague

CUSTOMER = "cust_matrix"


@dataclass
class Company:
    """Two teams, an agent of each role in the first one, and whoever else there is to look at."""

    desk: SupportDesk
    ours: str
    theirs: str
    staff: dict[str, Colleague]
    mate: Colleague
    stranger: Colleague
    keys: dict[str, str]
    session: requests.Session = field(default_factory=requests.Session)
    tickets: dict[tuple[str, str], str] = field(default_factory=dict)

    def ticket(self, colleague: Colleague, about: str, owner: dict[str, Any]) -> str:
        """The same for every route: none of the probes takes one away."""
        known = self.tickets.get((colleague.id, about))
        if known is None:
            known = self.tickets[colleague.id, about] = self.desk.new_ticket(CUSTOMER, **owner)
        return known

    def status(self, method: str, path: str, headers: dict[str, str]) -> int:
        return self.ask(method, path, headers).status_code

    def ask(self, method: str, path: str, headers: dict[str, str]) -> requests.Response:
        body = {} if method == "GET" else {"data": "{"}
        sent = {"Content-Type": "application/json", "If-Match": '"0"'} | headers
        answer = self.session.request(
            method, self.desk.url + path, headers=sent, timeout=CLIENT_TIMEOUT_S, **body
        )
        if answer.status_code >= 400:
            assert answer.headers["Content-Type"] == CONTENT_TYPE, (method, path)
        return answer


def new_key(desk: SupportDesk, scope: str, **fields: Any) -> str:
    made = desk.post("/api/admin/keys", {"name": token_hex(8), "scopes": [scope]} | fields)
    assert made.status_code == 201, made.text
    secret: str = made.json()["secret"]
    return secret


# ---------------------------------------------------------------- what there is to name


def tickets_for(company: Company, colleague: Colleague) -> dict[str, tuple[dict[str, Any], str]]:
    """What a ticket says of its owner, and the reach that it takes this colleague to get there."""
    return {
        "own": ({"assigned_to": colleague.id}, OWN),
        "own, of another team": ({"assigned_to": colleague.id, "team_id": company.theirs}, OWN),
        "nobody's": ({}, OWN),
        "of a label": ({"assigned_to": "night shift"}, OWN),
        "our team's": ({"team_id": company.ours}, OWN),
        "a colleague's": ({"assigned_to": company.mate.id}, TEAM),
        "a colleague's, our team's": ({"assigned_to": company.mate.id, "team_id": company.ours}, TEAM),
        "a stranger's, our team's": ({"assigned_to": company.stranger.id, "team_id": company.ours}, TEAM),
        "a stranger's": ({"assigned_to": company.stranger.id}, ANY),
        "their team's": ({"team_id": company.theirs}, ANY),
        "a colleague's, their team's": (
            {"assigned_to": company.mate.id, "team_id": company.theirs},
            ANY,
        ),
    }


def path_of(company: Company, route: Route, **known: str) -> str:
    """With something new wherever a route takes it away."""
    if "<message_id>" in route.rule:
        known["message_id"] = message_of(company, known["ticket_id"])
    if "<key_id>" in route.rule and "key_id" not in known:
        made = company.desk.post("/api/admin/keys", {"name": token_hex(8), "scopes": ["read"]})
        known["key_id"] = made.json()["key"]["id"]
    if "<delivery_id>" in route.rule:
        known["delivery_id"] = dead_letter(company.desk)
    if "<source_id>" in route.rule and "source_id" not in known:
        made = company.desk.post("/api/admin/inbound-webhooks", {"name": token_hex(8)})
        known["source_id"] = made.json()["webhook"]["id"]
    if "<key>" in route.rule and route.method == "DELETE":
        known["key"] = f"f_{token_hex(4)}"
        company.desk.post("/api/ticket-fields", {"key": known["key"], "label": "Gone", "type": "text"})
    defaults = {
        "customer_id": CUSTOMER,
        "name": "stub",
        "index": "0",
        "key": "order_number",
        "member_id": "agent_nobody",
    }
    return re.sub(r"<([^>]+)>", lambda found: (defaults | known)[found[1]], route.rule)


def dead_letter(desk: Desk, **fields: Any) -> str:
    """No client can make one: a delivery that was given up."""
    entry = outbox_entry(**{"state": "dead", "position": randbelow(2**40), "ended_at": NOON} | fields)
    with desk.component(Database).writing() as session:
        session.add(entry)
    return entry.id


def message_of(company: Company, ticket_id: str) -> str:
    added = company.desk.post(f"/api/tickets/{ticket_id}/messages", {"content": "Hello"})
    message_id: str = added.json()["message"]["id"]
    return message_id


def subjects(company: Company, route: Route, colleague: Colleague) -> Iterator[tuple[str, str, str | None]]:
    """What the route may name: how it is called, its address, and the reach that it takes to get there."""
    if route.names_a_ticket:
        for about, (owner, needed) in tickets_for(company, colleague).items():
            ticket_id = company.ticket(colleague, about, owner)
            yield about, path_of(company, route, ticket_id=ticket_id), needed
    elif "<agent_id>" in route.rule:
        for agent_id, needed in (
            (company.mate.id, TEAM),
            (company.stranger.id, ANY),
        ):
            yield agent_id, path_of(company, route, agent_id=agent_id), needed
    elif "<team_id>" in route.rule:
        for team_id, needed in ((company.ours, TEAM), (company.theirs, ANY)):
            yield team_id, path_of(company, route, team_id=team_id), needed
    else:
        yield "", path_of(company, route), None
