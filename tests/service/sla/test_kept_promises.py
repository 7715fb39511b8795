"""What is kept of promises follows the tickets, falls due in time, and is told once.

On one database: on both go the random histories, whoever is killed, and the desk over HTTP.
"""

from decimal import Decimal

import pytest
from sqlalchemy import delete, select

from service.events import StoredEvent
from service.sla.tracking import queries
from service.sla.tracking.following import TierFollowing
from service.sla.tracking.judging import Points
from service.sla.tracking.keeping import THE_SERVICE
from service.sla.tracking.models import KeptTarget
from service.tickets.models import PastRank, TicketStatus
from service.tickets.services import ScoredFacts
from tests.service.sla.promises import TOLD, Promises

pytestmark = pytest.mark.parametrize("engine_name", ["sqlite"])


@pytest.fixture
def desk(database) -> Promises:
    return Promises(database)


def test_a_new_ticket_is_promised_what_its_policy_says(desk) -> None:
    ticket_id = desk.new("urgent")
    desk.follow()
    kept = desk.kept(ticket_id)
    begun = desk.ticket(ticket_id).created_at
    assert {target: row.length_s for target, row in kept.items()} == {
        "first_response": 30 * 60,
        "resolution": 8 * 3600,
    }
    first = kept["first_response"]
    assert (first.begin, first.policy_id, first.status) == (begun, "policy_urgent", "within_sla")
    assert (first.due_at - begun).total_seconds() == 30 * 60
    assert first.next_check_at == first.warn_at


def test_what_nears_is_warned_of_and_what_passes_is_told_each_once(desk) -> None:
    ticket_id = desk.new("urgent")
    assert desk.look()["tickets"] == 0
    desk.later(24.1 / 60)
    assert desk.look() == {"tickets": 1, "warnings": 1, "breaches": 0}
    assert desk.statuses(ticket_id)["first_response"] == "at_risk"
    desk.later(6 / 60)
    assert desk.look() == {"tickets": 1, "warnings": 0, "breaches": 1}
    assert desk.look()["tickets"] == 0
    assert desk.told() == [("sla.warning", "first_response"), ("sla.breached", "first_response")]


def test_an_event_tells_which_promise_it_is_and_names_nobody(desk) -> None:
    desk.new("urgent")
    desk.look()
    desk.later(1)
    desk.look()
    with desk.database.reading() as session:
        event = session.scalars(select(StoredEvent).where(StoredEvent.type == "sla.breached")).one()
    told = event.after
    assert (event.actor, event.subject_type, event.personal) == (THE_SERVICE, "ticket", None)
    assert (told["policy_id"], told["priority"], told["late"]) == ("policy_urgent", "urgent", True)
    assert told["due_at"] == told["happened_at"]


def test_the_score_steps_up_and_down_and_the_ticket_stays_as_it_was(desk) -> None:
    ticket_id = desk.new("urgent")
    desk.look()
    before = desk.ticket(ticket_id)
    desk.later(0.45)
    desk.look()
    risky = desk.ticket(ticket_id)
    assert risky.service_level_score == 2.0
    assert risky.inbox_rank == before.inbox_rank + 2.0
    desk.later(0.1)
    desk.look()
    breached = desk.ticket(ticket_id)
    assert breached.service_level_score == 4.0
    assert (breached.version, breached.updated_at) == (before.version, before.updated_at)
    with desk.database.reading() as session:
        left = session.scalars(select(PastRank.inbox_rank).where(PastRank.ticket_id == ticket_id)).all()
    assert {before.inbox_rank, risky.inbox_rank} <= set(left)
    desk.answer(ticket_id)
    desk.follow()
    assert desk.ticket(ticket_id).service_level_score == 0.0


def test_an_answer_that_nobody_has_followed_yet_is_not_told_as_missed(desk) -> None:
    ticket_id = desk.new("urgent")
    desk.follow()
    desk.later(0.4)
    desk.answer(ticket_id)
    desk.later(0.2)
    assert desk.due.run() == {"tickets": 1, "warnings": 0, "breaches": 0}
    assert desk.statuses(ticket_id)["first_response"] == "met"
    assert desk.told() == []


def test_a_ticket_through_its_life(desk) -> None:
    ticket_id = desk.new("high")
    desk.later(1)
    desk.answer(ticket_id)
    desk.move(ticket_id, "pending")
    desk.look()
    assert desk.statuses(ticket_id) == {"first_response": "met", "resolution": "paused"}
    desk.later(100)
    assert desk.look()["tickets"] == 0
    desk.ask(ticket_id)  # opens it again
    desk.look()
    assert desk.statuses(ticket_id)["resolution"] == "within_sla"
    begun = desk.ticket(ticket_id).created_at
    assert (desk.kept(ticket_id)["resolution"].due_at - begun).total_seconds() == (24 + 100) * 3600
    desk.later(20)
    desk.look()
    assert desk.statuses(ticket_id)["resolution"] == "at_risk"
    desk.move(ticket_id, "resolved")
    desk.look()
    assert desk.statuses(ticket_id)["resolution"] == "met"
    desk.later(50)
    desk.look()
    desk.move(ticket_id, "open")
    desk.later(4)
    desk.look()
    assert desk.statuses(ticket_id)["resolution"] == "breached"
    assert desk.told(ticket_id) == [("sla.warning", "resolution"), ("sla.breached", "resolution")]
    assert desk.counted() == {("", "first_response", "met"): 1, ("", "resolution", "breached"): 1}


def test_each_cycle_of_questions_is_told_of_by_itself(desk) -> None:
    desk.set_policy("policy_urgent", next_response_minutes=60)
    ticket_id = desk.new("urgent", status="open")
    desk.answer(ticket_id)
    for _ in range(2):
        desk.later(0.1)
        desk.ask(ticket_id)
        desk.look()
        desk.later(1.1)
        desk.look()
        desk.answer(ticket_id)
        desk.look()
    assert desk.told().count(("sla.breached", "next_response")) == 2
    assert desk.counted()["", "next_response", "breached"] == 2


@pytest.mark.parametrize("lost", ["the answer", "the conversation"])
def test_a_question_after_an_answer_that_is_gone_is_promised_one(desk, lost) -> None:
    desk.set_policy("policy_normal", next_response_minutes=60)
    ticket_id = desk.new()
    desk.later(0.1)
    answer = desk.answer(ticket_id)
    if lost == "the answer":
        desk.conversations.delete(answer, actor="lead")
    else:
        desk.conversations.reset(ticket_id, actor="lead")
    desk.look()
    assert "next_response" not in desk.kept(ticket_id)
    desk.later(0.1)
    asked = desk.clock.now()
    for _ in range(2):
        desk.ask(ticket_id)
        desk.later(0.1)
    desk.look()
    kept = desk.kept(ticket_id)["next_response"]
    assert (kept.begin, kept.status) == (asked, "within_sla")
    desk.later(1)
    assert desk.look()["breaches"] == 1


def test_cycles_that_came_and_went_before_anybody_looked_are_counted(desk) -> None:
    desk.set_policy("policy_normal", next_response_minutes=60)
    ticket_id = desk.new()
    desk.answer(ticket_id)
    for hours in (0.5, 2, 0.5):
        desk.ask(ticket_id)
        desk.later(hours)
        desk.answer(ticket_id)
        desk.later(0.1)
    desk.follow()
    counted = desk.counted()
    assert counted["", "next_response", "met"] == 2
    assert counted["", "next_response", "breached"] == 1
    assert desk.told() == [("sla.breached", "next_response")]


def test_a_change_of_priority_is_reckoned_from_the_whole_history(desk) -> None:
    ticket_id = desk.new("low")
    desk.later(5)
    desk.follow()
    desk.change(ticket_id, priority="high")
    desk.follow()
    first = desk.kept(ticket_id)["first_response"]
    assert (first.status, first.policy_id) == ("breached", "policy_high")
    assert (first.breached_at - first.begin).total_seconds() == 2 * 3600
    desk.change(ticket_id, priority="low")
    desk.follow()
    assert desk.statuses(ticket_id)["first_response"] == "within_sla"
    assert desk.counted() == {}
    assert desk.told() == [("sla.breached", "first_response")]


def test_what_was_met_stays_judged_as_it_was(desk) -> None:
    ticket_id = desk.new("low")
    desk.later(5)
    desk.answer(ticket_id)
    desk.follow()
    desk.change(ticket_id, priority="urgent")
    desk.follow()
    first = desk.kept(ticket_id)["first_response"]
    assert (first.status, first.policy_id) == ("met", "policy_low")


def test_a_changed_policy_reaches_the_open_tickets_that_are_under_it(desk) -> None:
    tickets = [desk.new() for _ in range(3)]
    others = desk.new("low")
    desk.follow()
    desk.later(1)
    desk.set_policy("policy_normal", first_response_minutes=30)
    desk.renew()
    assert [desk.statuses(ticket_id)["first_response"] for ticket_id in tickets] == ["breached"] * 3
    assert desk.statuses(others)["first_response"] == "within_sla"


def test_a_policy_that_no_more_matches_leaves_its_tickets(desk) -> None:
    ticket_id = desk.new()
    desk.later(10)
    desk.look()
    assert desk.ticket(ticket_id).service_level_score == 4.0
    desk.set_policy("policy_normal", channels=["chat"])
    desk.renew()
    assert desk.kept(ticket_id) == {}
    assert desk.counted() == {}
    assert desk.ticket(ticket_id).service_level_score == 0.0
    desk.set_policy("policy_normal", channels=[])
    desk.renew()
    assert desk.statuses(ticket_id)["first_response"] == "breached"
    assert desk.told().count(("sla.breached", "first_response")) == 1


def test_a_ticket_that_no_policy_matches_is_promised_nothing(desk) -> None:
    desk.set_policy("policy_low", priorities=["urgent"])
    ticket_id = desk.new("low")
    desk.later(1_000)
    assert desk.look()["tickets"] == 0
    assert desk.kept(ticket_id) == {}


def test_a_deleted_ticket_rests_and_a_restored_one_goes_on(desk) -> None:
    ticket_id = desk.new("urgent")
    desk.later(0.2)
    desk.tickets.delete(ticket_id, actor="lead")
    desk.look()
    desk.later(10)
    assert desk.look()["tickets"] == 0
    desk.tickets.restore(ticket_id, actor="lead")
    desk.look()
    assert desk.statuses(ticket_id)["first_response"] == "within_sla"
    desk.later(0.31)
    desk.look()
    assert desk.statuses(ticket_id)["first_response"] == "breached"


def test_what_was_withdrawn_asks_for_nothing_any_more(desk) -> None:
    desk.set_policy("policy_normal", next_response_minutes=60)
    ticket_id = desk.new()
    desk.answer(ticket_id)
    desk.later(0.1)
    message_id = desk.ask(ticket_id)
    desk.later(2)
    desk.look()
    assert desk.ticket(ticket_id).service_level_score == 4.0
    desk.conversations.delete(message_id, actor="lead")
    desk.follow()
    assert "next_response" not in desk.kept(ticket_id)
    assert desk.ticket(ticket_id).service_level_score == 0.0


def test_after_an_absence_what_falls_due_now_is_not_kept_waiting(database) -> None:
    """What is long overdue comes after it, in batches, is told as late, and without a warning."""
    desk = Promises(database, at_once=2)
    old = [desk.new("urgent") for _ in range(5)]
    desk.follow()
    desk.later(2.5)
    fresh = desk.new("urgent")
    desk.follow()
    desk.later(0.41)
    desk.due.run()
    with desk.database.reading() as session:
        told = session.scalars(
            select(StoredEvent).where(StoredEvent.type.in_(TOLD)).order_by(StoredEvent.id)
        ).all()
    warned = [event for event in told if event.type == "sla.warning"]
    assert [(event.ticket_id, event.after["late"]) for event in warned] == [(fresh, False)]
    assert warned[0] in told[:2]
    late = [event for event in told if event.type == "sla.breached"]
    assert sorted(event.ticket_id for event in late) == sorted(old)
    assert all(event.after["late"] for event in late)


def late(desk: Promises) -> dict[str, bool]:
    """By ticket, of the one breach that was told of it."""
    with desk.database.reading() as session:
        told = session.scalars(select(StoredEvent).where(StoredEvent.type == "sla.breached")).all()
    assert len(told) == len({event.ticket_id for event in told})
    return {str(event.ticket_id): event.after["late"] for event in told if event.after}


def test_a_breach_that_a_change_brings_about_is_not_late(desk) -> None:
    """However long ago it would have been one."""
    by_priority, opened_again, by_terms = desk.new("low"), desk.new("low"), desk.new("normal")
    for ticket_id in (by_priority, opened_again, by_terms):
        desk.answer(ticket_id)
    desk.later(10)
    desk.move(opened_again, "resolved")
    desk.look()
    desk.later(25)
    desk.change(by_priority, priority="urgent")
    desk.change(opened_again, priority="urgent", status=TicketStatus.OPEN)
    desk.set_policy("policy_normal", resolution_minutes=60)
    desk.look()
    desk.renew()
    assert late(desk) == dict.fromkeys([by_priority, opened_again, by_terms], False)


def test_what_is_newly_promised_is_not_late_where_that_is_long_over(desk) -> None:
    desk.set_policy("policy_low", channels=["chat"])
    ticket_id = desk.new("low")
    desk.renew()
    desk.later(200)
    desk.set_policy("policy_low", channels=[], resolution_minutes=None)
    desk.renew()
    assert late(desk) == {ticket_id: False}


def test_after_an_absence_it_is_late_whoever_finds_it(desk) -> None:
    """Whether or not it was known before, and though policies changed meanwhile."""
    known, known_and_changed = desk.new("urgent"), desk.new("high")
    desk.follow()
    never_seen = desk.new("urgent")
    desk.later(39)
    desk.change(known_and_changed, priority="urgent")
    desk.set_policy("policy_urgent", resolution_minutes=None)
    desk.look()
    desk.renew()
    assert late(desk) == dict.fromkeys([known, known_and_changed, never_seen], True)


def test_points_that_are_set_otherwise_reach_the_open_tickets(database) -> None:
    before = Promises(database)
    ticket_id = before.new("urgent")
    before.follow()
    before.later(1)
    before.look()
    after = Promises(database, clock=before.clock, points=Points(at_risk=1.0, breached=9.0))
    assert after.ticket(ticket_id).service_level_score == 9.0


def test_a_renewal_goes_on_where_it_was_left(database) -> None:
    desk = Promises(database, at_once=2)
    tickets = [desk.new() for _ in range(3)] + [desk.new(status=TicketStatus.PENDING) for _ in range(3)]
    desk.follow()
    for changed in ({"first_response_minutes": 7}, {"channels": ["email"], "first_response_minutes": 8}):
        desk.set_policy("policy_normal", **changed)
        another = Promises(database, at_once=2, clock=desk.clock)  # its first step is made by the first
        another.renew()
        lengths = {desk.kept(ticket_id)["first_response"].length_s for ticket_id in tickets}
        assert lengths == {changed["first_response_minutes"] * 60}


def test_what_is_learnt_of_a_customer_may_bring_another_policy(database) -> None:
    desk = Promises(database)
    desk.ranking.when_facts_change(TierFollowing(desk.book).facts_changed)
    desk.set_policy("policy_low", min_lifetime_value=Decimal(1_000))
    desk.renew()
    ticket_id = desk.new("low")
    desk.follow()
    assert desk.kept(ticket_id) == {}
    desk.facts.known = {"ada": ScoredFacts(lifetime_value=Decimal(5_000))}
    desk.ranking.facts_changed("ada")
    desk.renew()
    assert desk.kept(ticket_id)["first_response"].policy_id == "policy_low"


def test_a_desk_that_had_tickets_before_promises_something_from_then_on(database) -> None:
    desk = Promises(database)
    old, done = desk.new("urgent"), desk.new("urgent")
    desk.answer(done)
    desk.later(5)
    with database.writing() as session:
        queries.state(session).since = desk.clock.now()
    desk.followers.begin_at("service-levels", 0)
    with database.writing() as session:
        session.execute(delete(KeptTarget))
        queries.renew(session, None)
    desk.renew()
    desk.look()
    assert desk.told() == []
    first = desk.kept(old)["first_response"]
    assert (first.status, first.begin) == ("within_sla", desk.clock.now())
    assert "first_response" not in desk.kept(done)


def test_a_ticket_that_was_brought_is_promised_from_then_on(database) -> None:
    desk = Promises(database)
    brought = desk.bring(days=30, status="open"), desk.bring(days=20, status="resolved")
    desk.look()
    assert desk.told() == []
    kept = desk.kept(brought[0])
    assert {row.begin for row in kept.values()} == {desk.clock.now()}
    assert desk.kept(brought[1]) == {}
    desk.later(9)
    desk.look()
    assert desk.told() == [("sla.breached", "first_response")]
