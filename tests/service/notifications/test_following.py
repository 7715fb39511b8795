"""Who is told of what: the rules over events, on both databases."""

from datetime import timedelta
from typing import Any

import pytest

from service.database import Database
from service.notifications.digests import MOST_AT_ONCE
from service.notifications.following import WebhookFollower
from tests.service.notifications.desks import MORNING, NIGHT, Desk, to
from tests.service.persistence import rows

# ---------------------------------------------------------------- who hears of what


@pytest.mark.parametrize("occasion", ["sla.warning", "sla.breached", "ticket.assigned"])
def test_each_recipient_is_told_once(database: Database, occasion: str) -> None:
    desk = Desk(database)
    desk.rule(occasion, "assignee", "team_lead", "managers", f"agent:{desk.kim.id}")
    desk.rule(occasion, "assignee", channels=["email", "log", "slack:late-shift"])
    event = desk.event(occasion, after={"target": "resolution"})
    desk.follow(event)
    desk.follow(event)
    assert desk.told() == to(desk.kim, desk.lee, desk.max) | {("log", "desk"), ("slack", "late-shift")}
    assert len(desk.entries()) == 5
    assert {entry.address["occasion"] for entry in desk.entries() if entry.address} == {occasion}


def test_whom_an_event_names_is_told_though_the_ticket_moved_on(database: Database) -> None:
    desk = Desk(database)
    desk.rule("ticket.assigned", "assignee")
    desk.rule("sla.breached", "assignee", "team_lead")
    other, alone = rows.team(lead_id=desk.max.id), desk.lee
    with database.writing() as session:
        session.add(other)
    named = {"agent_id": alone.id, "team_id": other.id}
    desk.follow(desk.event("ticket.assigned", after=named))
    assert desk.told() == to(alone)
    desk.follow(desk.event("sla.breached", after=named))
    assert desk.told() == to(alone, desk.max)


@pytest.mark.parametrize(
    ("kind", "after", "occasions"),
    [
        ("ticket.created", {"priority": "urgent"}, {"urgent_ticket"}),
        ("ticket.updated", {"priority": "urgent"}, {"urgent_ticket"}),
        ("ticket.updated", {"status": "open"}, set()),
        ("ticket.created", {"priority": "low"}, set()),
        ("ticket.risk_raised", None, {"churn_risk"}),
    ],
)
def test_urgent_tickets_and_those_of_who_may_leave_are_told(
    database: Database, kind: str, after: dict[str, Any] | None, occasions: set[str]
) -> None:
    desk = Desk(database)
    for occasion in ("urgent_ticket", "churn_risk"):
        desk.rule(occasion, "assignee")
    desk.follow(desk.event(kind, after=after))
    assert desk.occasions() == occasions


def test_of_an_urgent_ticket_of_who_may_leave_the_most_pressing_is_told(database: Database) -> None:
    desk = Desk(database)
    desk.rule("urgent_ticket", "assignee")
    desk.rule("churn_risk", "assignee", "managers")
    urgent = desk.event("ticket.created", after={"priority": "urgent"})
    desk.follow(urgent, desk.event("ticket.risk_raised"))
    assert desk.told() == to(desk.kim, desk.max)
    assert desk.occasions(desk.kim) == {"urgent_ticket"}
    assert desk.occasions(desk.max) == {"churn_risk"}


def test_who_did_it_and_who_is_not_there_any_more_are_not_told(database: Database) -> None:
    desk = Desk(database)
    desk.rule("ticket.assigned", "assignee", "managers", f"agent:{desk.gone.id}")
    desk.follow(desk.event("ticket.assigned", actor=f"agent:{desk.kim.id}", after={"agent_id": desk.kim.id}))
    assert desk.told() == to(desk.max)


def test_a_label_is_nobody_who_could_be_told(database: Database) -> None:
    desk = Desk(database, assigned_to="night shift", team_id=None)
    desk.rule("sla.warning", "assignee", "team_lead")
    desk.follow(desk.event("sla.warning"))
    assert desk.told() == set()


@pytest.mark.parametrize("ticket", [{"status": "resolved"}, {"status": "closed"}, {"deleted_at": NIGHT}])
def test_what_is_settled_by_now_is_told_to_nobody(database: Database, ticket: dict[str, Any]) -> None:
    desk = Desk(database, **ticket)
    desk.rule("sla.breached", "assignee", channels=["email", "log"])
    desk.follow(desk.event("sla.breached"))
    assert desk.told() == set()


def test_events_are_wanted_while_a_rule_names_a_channel_that_is_on(database: Database) -> None:
    desk = Desk(database)
    desk.rule("ticket.assigned", "assignee", channels=("email",), enabled=False)
    desk.rule("ticket.assigned", "assignee", channels=("slack:floor",))
    assert (desk.wants("slack"), desk.wants("email", "log"), desk.wants()) == (True, False, False)


def test_a_rule_or_a_channel_that_is_off_tells_nobody(database: Database) -> None:
    desk = Desk(database)
    desk.rule("sla.breached", "assignee", enabled=False)
    desk.rule("sla.breached", "managers", channels=["email", "slack:late-shift", "log"])
    desk.follow(desk.event("sla.breached"), channels=["log", "webhook"])
    assert desk.told() == {("log", "desk")}


# ---------------------------------------------------------------- when


@pytest.mark.parametrize("calendar_id", [None, "calendar_shut", "calendar_gone"])
def test_people_are_told_at_once_where_no_hours_are_known(
    database: Database, calendar_id: str | None
) -> None:
    desk = Desk(database)
    desk.rule("sla.warning", "assignee", calendar_id=calendar_id)
    desk.follow(desk.event("sla.warning"))
    (entry,) = desk.entries()
    assert (entry.not_before, desk.held()) == (None, [])


def test_in_working_hours_nobody_waits(database: Database) -> None:
    desk = Desk(database, now=MORNING + timedelta(hours=1))
    desk.rule("sla.warning", "assignee", calendar_id="calendar_office")
    desk.follow(desk.event("sla.warning"))
    assert (desk.told(), desk.held()) == (to(desk.kim), [])


def test_what_is_long_past_is_told_to_nobody(database: Database) -> None:
    desk = Desk(database)
    desk.rule("sla.breached", "assignee")
    long_past = NIGHT - timedelta(hours=25)
    desk.follow(
        desk.event("sla.breached", at=long_past),
        desk.event("sla.breached", after={"happened_at": long_past.isoformat(), "late": True}),
    )
    assert desk.told() == set()
    recent = (NIGHT - timedelta(hours=23)).isoformat()
    desk.follow(desk.event("sla.breached", after={"happened_at": recent, "late": True}))
    assert desk.told() == to(desk.kim)


def test_a_breach_that_a_change_brought_about_just_now_is_told_however_long_past_it_is(
    database: Database,
) -> None:
    desk = Desk(database)
    desk.rule("sla.breached", "assignee")
    long_past = NIGHT - timedelta(hours=39)
    desk.follow(desk.event("sla.breached", after={"happened_at": long_past.isoformat(), "late": False}))
    assert desk.told() == to(desk.kim)


def test_a_flood_is_one_digest_for_each_who_would_drown(database: Database) -> None:
    desk = Desk(database)
    desk.rule("sla.breached", "assignee", channels=["email", "log"])
    desk.rule("sla.warning", "managers")
    breaches = [desk.event("sla.breached") for _ in range(MOST_AT_ONCE + 1)]
    warnings = [desk.event("sla.warning") for _ in range(MOST_AT_ONCE)]
    desk.follow(*breaches, *warnings)
    digests = [entry for entry in desk.entries() if entry.address and "digest" in entry.address]
    assert {(entry.channel, entry.target) for entry in digests} == to(desk.kim) | {("log", "desk")}
    assert all(entry.address == {"digest": {"sla.breached": MOST_AT_ONCE + 1}} for entry in digests)
    assert len(desk.entries()) == 2 + MOST_AT_ONCE


def test_what_is_told_at_once_and_what_waits_make_no_flood_together(database: Database) -> None:
    desk = Desk(database)
    desk.rule("sla.breached", "assignee")
    desk.rule("ticket.assigned", "assignee", calendar_id="calendar_office")
    breaches = [desk.event("sla.breached") for _ in range(MOST_AT_ONCE)]
    desk.follow(*breaches, desk.event("ticket.assigned"))
    assert len(desk.entries()) == MOST_AT_ONCE
    assert desk.occasions() == {"sla.breached"}
    assert [notice.occasion for notice in desk.held()] == ["ticket.assigned"]


# ---------------------------------------------------------------- webhooks


def test_each_endpoint_that_listens_gets_what_it_asked_for_once(database: Database) -> None:
    desk = Desk(database)
    all_of_it, of_sla = rows.webhook_endpoint(event_types=["*"]), rows.webhook_endpoint(event_types=["sla.*"])
    off = rows.webhook_endpoint(event_types=["*"], enabled=False)
    with database.writing() as session:
        session.add_all([all_of_it, of_sla, off])
    test = desk.event("webhook.test", subject_type="webhook", subject_id=of_sla.id, ticket_id=None)
    events = [desk.event("ticket.created"), desk.event("sla.breached"), desk.event("auth.signed_in"), test]
    for _ in range(2):
        with database.writing() as session:
            WebhookFollower(desk.outbox()).follow(session, events)
    told = {(entry.target, entry.position) for entry in desk.entries()}
    assert told == {(of_sla.id, 1), (all_of_it.id, 2), (all_of_it.id, 3), (of_sla.id, 3)}
    assert len(desk.entries()) == 4


def test_events_are_wanted_while_an_endpoint_listens(database: Database) -> None:
    follower = WebhookFollower(Desk(database).outbox())
    for enabled in (False, True):
        with database.writing() as session:
            session.add(rows.webhook_endpoint(enabled=enabled))
        with database.reading() as session:
            assert follower.wants(session) is enabled


def test_what_happened_before_a_webhook_was_made_is_not_told_to_it(database: Database) -> None:
    desk = Desk(database)
    with database.writing() as session:
        session.add(rows.webhook_endpoint(event_types=["*"], created_at=NIGHT))
    before = desk.event("ticket.created", at=NIGHT - timedelta(seconds=1))
    events = [before, desk.event("message.added", at=NIGHT)]
    with database.writing() as session:
        WebhookFollower(desk.outbox()).follow(session, events)
    assert [entry.position for entry in desk.entries()] == [events[1].position]
