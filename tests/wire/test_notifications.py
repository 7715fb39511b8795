"""Who at the desk hears of what: rules over HTTP, and mail, Slack and the log that come of them."""

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from service.notifications.holding import HeldNotices
from service.settings import Settings
from tests.service.notifications.mailbox import Inbox, serving
from tests.service.notifications.receiver import Receiver, receiving
from tests.wire.promises import CALENDARS, new_calendar
from tests.wire.staff import hire, new_team
from tests.wire.telling import TellingDesk, sqlite_copy, telling_desk

RULES = "/api/admin/notification-rules"
FIRST_RULES = {
    "rule_sla_warning",
    "rule_sla_breached",
    "rule_churn_risk",
    "rule_urgent_ticket",
    "rule_ticket_assigned",
}


@pytest.fixture(scope="module")
def inbox() -> Iterator[tuple[Inbox, int]]:
    inbox = Inbox()
    with serving(inbox) as port:
        yield inbox, port


@pytest.fixture(scope="module")
def slack() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


@pytest.fixture(scope="module")
def desk(
    inbox: tuple[Inbox, int], slack: Receiver, migrated_sqlite: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[TellingDesk]:
    directory = tmp_path_factory.mktemp("notifications")
    settings = {
        "NOTIFICATION_CHANNELS": "log,email,slack",
        "SMTP_HOST": "127.0.0.1",
        "SMTP_PORT": str(inbox[1]),
        "SMTP_SECURITY": "none",
        "SMTP_FROM": "desk@desk.example",
        "SLACK_WEBHOOKS": f"escalations={slack.url}/T0/B0/token-of-slack",
        "PUBLIC_URL": "https://desk.example.com",
        "LOG_LEVEL": "INFO",
    }
    with telling_desk(sqlite_copy(migrated_sqlite, directory), directory, **settings) as desk:
        yield desk


def test_the_first_rules_are_there_and_can_be_switched_off(desk: TellingDesk) -> None:
    rules = desk.get(RULES).json()["rules"]
    assert {rule["id"] for rule in rules} >= FIRST_RULES
    assert all(rule["channels"] == ["log", "email"] for rule in rules if rule["id"] in FIRST_RULES)
    off = desk.patch(f"{RULES}/rule_sla_warning", {"enabled": False})
    assert (off.status_code, off.json()["rule"]["enabled"]) == (200, False)


def test_a_rule_is_made_read_changed_and_deleted(desk: TellingDesk) -> None:
    kim = hire(desk)
    body = {
        "name": "At night",
        "occasion": "sla.breached",
        "recipients": [f"agent:{kim.id}"],
        "channels": ["email"],
    }
    made = desk.post(RULES, body)
    rule = made.json()["rule"]
    address = f"{RULES}/{rule['id']}"
    assert made.headers["Location"].endswith(address)
    assert desk.get(address).json() == {"rule": rule}
    changed = desk.patch(
        address, {"channels": ["slack:escalations"]}, headers={"If-Match": made.headers["ETag"]}
    )
    assert changed.json()["rule"]["channels"] == ["slack:escalations"]
    assert desk.patch(address, {"name": "x"}, headers={"If-Match": made.headers["ETag"]}).status_code == 412
    unknown = desk.patch(address, {"channels": ["slack:nowhere"]})
    assert (unknown.status_code, "channels" in unknown.json()["errors"]) == (422, True)
    in_hours = desk.patch(address, {"calendar_id": "calendar_always"})
    assert in_hours.json()["rule"]["calendar_id"] == "calendar_always"
    assert desk.call("DELETE", address).status_code == 204
    assert desk.get(address).status_code == 404


def test_a_calendar_in_whose_hours_a_rule_tells_is_not_deleted(desk: TellingDesk) -> None:
    calendar = new_calendar(desk)["id"]
    body = {"name": "By day", "occasion": "sla.breached", "channels": ["log"], "enabled": False}
    rule = desk.post(RULES, body | {"calendar_id": calendar}).json()["rule"]
    refused = desk.call("DELETE", f"{CALENDARS}/{calendar}")
    assert refused.status_code == 409
    assert f"the notification rule 'By day' ({rule['id']})" in refused.json()["detail"]
    assert desk.get(f"{CALENDARS}/{calendar}").status_code == 200
    desk.patch(f"{RULES}/{rule['id']}", {"calendar_id": None})
    assert desk.call("DELETE", f"{CALENDARS}/{calendar}").status_code == 204
    gone = desk.patch(f"{RULES}/{rule['id']}", {"calendar_id": calendar})
    assert (gone.status_code, list(gone.json()["errors"])) == (422, ["calendar_id"])


def test_an_urgent_ticket_is_told_by_mail_slack_and_log_without_a_word_of_it(
    desk: TellingDesk, inbox: tuple[Inbox, int], slack: Receiver
) -> None:
    team = new_team(desk)
    kim, lead = hire(desk, "agent", team), hire(desk, "team_lead", team)
    desk.patch(f"/api/teams/{team}", {"lead_id": lead.id})
    slack.take()  # what other tests made of it
    desk.post(RULES, {"name": "Slack", "occasion": "urgent_ticket", "channels": ["slack:escalations"]})
    secret = {"subject": "A <secret> subject", "initial_message": "Secret words", "priority": "urgent"}
    ticket_id = desk.new_ticket(assigned_to=kim.id, team_id=team, **secret)
    desk.tell()
    desk.tell()
    mails = {
        mail["To"]: mail
        for mail in inbox[0].mails
        if ticket_id in mail["Subject"] and "urgent" in mail["Subject"]
    }
    assert set(mails) == {kim.email, lead.email}
    assert f"https://desk.example.com/tickets/{ticket_id}" in mails[kim.email].get_content()
    (message,) = slack.take()
    assert json.loads(message.body)["text"].startswith(f"Ticket {ticket_id} is urgent.")
    log = desk.component(Settings).log_file
    assert log is not None
    written = log.read_text()
    lines = [json.loads(line) for line in written.splitlines()]
    told = [line for line in lines if line["event"] == "notification" and line["ticket_id"] == ticket_id]
    assert {line["about"]["occasion"] for line in told} == {"urgent_ticket", "ticket.assigned"}
    everything = written + message.body.decode() + "".join(mail.as_string() for mail in inbox[0].mails)
    assert "ecret" not in everything
    assert "token-of-slack" not in written


def mails_to(inbox: tuple[Inbox, int], address: str) -> list[str]:
    """Their subjects."""
    return [mail["Subject"] for mail in inbox[0].mails if mail["To"] == address]


def test_that_a_customer_may_leave_is_told_when_it_is_learnt_and_once(
    desk: TellingDesk, inbox: tuple[Inbox, int]
) -> None:
    kim, customer = hire(desk), "test_customer_low_ltv"
    ticket_id = desk.new_ticket(customer, assigned_to=kim.id)
    desk.tell()
    warning = f"Ticket {ticket_id}: a customer who may leave"
    assert warning not in mails_to(inbox, kim.email)
    for _ in range(2):
        assert desk.get(f"/api/ai/customers/{customer}/intelligence").status_code == 200
        desk.tell()
    assert mails_to(inbox, kim.email).count(warning) == 1
    history = desk.get(f"/api/tickets/{ticket_id}/events").json()["events"]
    (raised,) = [event for event in history if event["type"] == "ticket.risk_raised"]
    assert (raised["actor"], raised["before"], raised["after"]) == ("service", None, None)


def test_what_happened_while_nobody_worked_is_one_mail_without_what_is_settled(
    desk: TellingDesk, inbox: tuple[Inbox, int]
) -> None:
    kim, day = hire(desk), desk.clock.now() + timedelta(days=2)
    hours = {f"{day:%A}".lower(): [{"from": "00:00", "to": "24:00"}]}
    calendar = new_calendar(desk, time_zone="UTC", hours=hours)["id"]
    rule = {"name": "By day", "occasion": "urgent_ticket", "recipients": [f"agent:{kim.id}"]}
    made = desk.post(RULES, rule | {"channels": ["email"], "calendar_id": calendar})
    tickets = []
    for _ in range(3):
        tickets += [desk.new_ticket(priority="urgent") for _ in range(4)]
        desk.tell()
    desk.patch(f"/api/tickets/{tickets[3]}", {"status": "resolved"})
    desk.component(HeldNotices).run()
    desk.tell()
    assert mails_to(inbox, kim.email) == []
    desk.clock.advance(timedelta(days=2).total_seconds())
    desk.component(HeldNotices).run()
    desk.tell()
    assert mails_to(inbox, kim.email) == ["11 things to look at"]
    desk.call("DELETE", f"{RULES}/{made.json()['rule']['id']}")


def test_slack_that_is_busy_is_heard_again_later_and_one_that_is_archived_is_not(
    desk: TellingDesk, slack: Receiver
) -> None:
    slack.take()
    desk.post(RULES, {"name": "Slack", "occasion": "urgent_ticket", "channels": ["slack:escalations"]})
    slack.will_answer(429, Retry_After="30")
    desk.new_ticket(priority="urgent")
    desk.tell()
    desk.tell_later()
    assert len(slack.take()) == 2
    slack.will_answer(410)
    desk.new_ticket(priority="urgent")
    desk.tell()
    desk.tell_later()
    assert len(slack.take()) == 1
