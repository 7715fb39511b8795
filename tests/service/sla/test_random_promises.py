"""Whatever happens, what is kept is what the history makes, counted once and told once: on both databases."""

import random
from collections import Counter, defaultdict
from dataclasses import replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import select

from service.errors import NotFound
from service.http.pagination import Page
from service.sla.policies import Target
from service.sla.services import PolicyBook
from service.sla.timeline import Said, Status, cycles
from service.sla.tracking.compliance import ComplianceReports
from service.sla.tracking.histories import tracked
from service.sla.tracking.judging import judge
from service.sla.tracking.keeping import MICROSECOND
from service.sla.tracking.lists import Filters, TargetLists
from service.sla.tracking.models import KeptTarget
from service.tickets.models import Message
from tests.service.sla.promises import Promises

STEPS = 70
ZONES = ("UTC", "Europe/Vienna", "Asia/Kathmandu", "Pacific/Apia")


class Walk:
    """Many things happen to a few tickets; now and then somebody follows, looks, or changes a policy."""

    def __init__(self, database, seed):
        self.desk, self.chance = Promises(database, at_once=3), random.Random(seed)
        self.desk.set_policy("policy_normal", next_response_minutes=45)
        self.desk.set_policy("policy_high", next_response_minutes=20, resolution_minutes=300)
        self.tickets = [self.desk.new(self.priority()) for _ in range(4)]

    def priority(self):
        return self.chance.choice(["urgent", "high", "normal", "low"])

    def step(self):
        desk, chance = self.desk, self.chance
        ticket_id = chance.choice(self.tickets)
        desk.later(chance.choice([0.01, 0.3, 2, 9]))
        often = [desk.ask, desk.answer, self.move, self.look, self.look]
        seldom = [self.prioritise, self.unsay, self.reset, self.delete, self.restore, self.new, self.policy]
        try:
            chance.choice([*often * 2, *seldom])(ticket_id)
        except NotFound:  # it is deleted by now
            return

    def move(self, ticket_id):
        self.desk.move(ticket_id, self.chance.choice(["open", "pending", "resolved", "closed"]))

    def look(self, _ticket_id):
        self.desk.look()

    def prioritise(self, ticket_id):
        self.desk.change(ticket_id, priority=self.priority())

    def unsay(self, ticket_id):
        with self.desk.database.reading() as session:
            there = Message.ticket_id == ticket_id, Message.deleted_at.is_(None)
            messages = session.scalars(select(Message.id).where(*there)).all()
        if messages:
            self.desk.conversations.delete(self.chance.choice(messages), actor="lead")

    def reset(self, ticket_id):
        self.desk.conversations.reset(ticket_id, actor="lead")

    def delete(self, ticket_id):
        self.desk.tickets.delete(ticket_id, actor="lead")

    def restore(self, ticket_id):
        self.desk.tickets.restore(ticket_id, actor="lead")

    def new(self, _ticket_id):
        self.tickets.append(self.desk.new(self.priority()))

    def policy(self, _ticket_id):
        minutes = self.chance.choice([None, 10, 60, 600])
        name = self.chance.choice(["first_response_minutes", "next_response_minutes", "resolution_minutes"])
        self.desk.set_policy(f"policy_{self.priority()}", **{name: minutes})
        self.desk.renew()

    def settle(self):
        self.desk.follow()
        self.desk.renew()
        while self.desk.due.run()["tickets"]:
            pass


def test_whatever_happens_what_is_kept_told_counted_and_listed_agrees(database, full, say):
    rounds = 6 if full else 1
    walk = Walk(database, seed=5)
    for _ in range(rounds):
        for _ in range(STEPS):
            walk.step()
        walk.settle()
        what_is_kept_is_what_the_history_makes(walk)
        each_promise_is_counted_once_by_what_became_of_it(walk)
        each_cycle_is_told_of_once_at_most_and_each_breach_was(walk)
        compliance_of_any_zone_and_days_is_what_a_recount_gives(walk)
        the_lists_hold_what_is_kept_in_their_order(walk)
    say(f"promises: {rounds * STEPS} steps of a random history on {database.engine.dialect.name}")


def what_is_kept_is_what_the_history_makes(walk):
    desk, now = walk.desk, walk.desk.clock.now()
    with desk.database.reading() as session:
        policies = desk.book.fresh(session)
        kept = {(row.ticket_id, row.target, row.cycle_at): row for row in session.scalars(select(KeptTarget))}
        tickets = tracked(session, walk.tickets, None)
        said = all_that_was_said(session)
    scores = {}
    for ticket in tickets:
        policy, worst = policies.matching(ticket.facts), 0.0
        there = cycles(replace(ticket.history, said=said[ticket.id]))
        assert cycles(ticket.history) == there
        for cycle in there:
            row = kept.pop((ticket.id, cycle.target, cycle.key), None)
            judged = judge(policy, cycle, now)
            if row is not None and row.policy_id and row.met_at:
                assert row.met_at == cycle.ended_at
                continue
            if ticket.settled or ticket.deleted:
                continue  # a changed policy reaches it once it is opened again
            assert (row is None or row.policy_id is None) == (judged is None)
            if judged is None:
                continue
            state = judged.state
            assert (row.status, row.due_at, row.warn_at) == (state.status, state.due_at, state.warn_at)
            assert (row.breached_at, row.paused_since) == (state.breached_at, state.paused_since)
            assert (row.policy_id, row.next_check_at) == (policy.id, state.next_at)
            assert row.next_check_at is None or row.next_check_at > now
            worst = max(worst, {Status.AT_RISK: 2.0, Status.BREACHED: 4.0}.get(state.status, 0.0))
        scores[ticket.id] = worst
    assert all(row.policy_id is None for row in kept.values())
    assert {ticket.id: ticket.score for ticket in tickets} == scores


def all_that_was_said(session):
    """Message by message, whatever is enough for a history."""
    there = select(Message).where(Message.deleted_at.is_(None)).order_by(Message.created_at, Message.sequence)
    said = defaultdict(list)
    for message in session.scalars(there):
        said[message.ticket_id].append(Said(message.created_at, message.from_agent))
    return said


def each_promise_is_counted_once_by_what_became_of_it(walk):
    with walk.desk.database.reading() as session:
        rows = session.scalars(select(KeptTarget)).all()
    wanted = Counter()
    for row in rows:
        if row.breached_at is not None:
            wanted["", row.target, "breached"] += 1
        elif row.met_at is not None:
            wanted["", row.target, "met"] += 1
    assert sum(wanted.values()) > 5
    assert walk.desk.counted() == walk.desk.counted(grain="quarter") == dict(wanted)
    for dimension in ("policy", "priority", "team", "agent"):
        assert sum(walk.desk.counted(dimension).values()) == sum(wanted.values())


def each_cycle_is_told_of_once_at_most_and_each_breach_was(walk):
    with walk.desk.database.reading() as session:
        rows = session.scalars(select(KeptTarget)).all()
    told = Counter(walk.desk.told())
    for kind, at in (("sla.warning", "warning_told_at"), ("sla.breached", "breach_told_at")):
        for target in Target:
            assert told[kind, target] == len(
                [row for row in rows if row.target is target and getattr(row, at)]
            )
    assert all(row.breach_told_at is not None for row in rows if row.breached_at is not None)
    assert all(row.elapsed_us * MICROSECOND >= timedelta(0) for row in rows)


def compliance_of_any_zone_and_days_is_what_a_recount_gives(walk):
    desk = walk.desk
    reports = ComplianceReports(
        desk.database, TargetLists(desk.database, desk.book, None), desk.book, desk.clock
    )
    with desk.database.reading() as session:
        counted = [row.counted for row in session.scalars(select(KeptTarget)) if row.counted]
    first = desk.clock.now().date() - timedelta(days=40)
    for name in ZONES:
        zone = ZoneInfo(name)
        since = first + timedelta(days=walk.chance.randrange(40))
        until = since + timedelta(days=walk.chance.randrange(1, 20))
        report = reports.report(since=since, until=until, zone=zone, agent_id=None)
        days: Counter[tuple[date, str]] = Counter()
        policies: Counter[tuple[str, str]] = Counter()
        for one in counted:
            day = datetime.fromisoformat(one["at"]).astimezone(zone).date()
            if since <= day < until:
                days[day, one["outcome"]] += 1
                policies[one["policy"], one["outcome"]] += 1
        told = {
            (one.day, outcome): getattr(one.compliance.total, outcome)
            for one in report.by_day
            for outcome in ("met", "breached")
        }
        assert {key: count for key, count in told.items() if count} == dict(days)
        told = {
            (one.id, outcome): getattr(one.compliance.total, outcome)
            for one in report.by_policy
            for outcome in ("met", "breached")
        }
        assert {key: count for key, count in told.items() if count} == dict(policies)
        total = report.overall.total
        assert (total.met, total.breached) == (
            sum(count for (_, outcome), count in days.items() if outcome == "met"),
            sum(count for (_, outcome), count in days.items() if outcome == "breached"),
        )


def the_lists_hold_what_is_kept_in_their_order(walk):
    desk = walk.desk
    lists = TargetLists(desk.database, PolicyBook(desk.database, desk.clock), None)
    with desk.database.reading() as session:
        rows = session.scalars(select(KeptTarget)).all()
        alive = {ticket.id for ticket in tracked(session, walk.tickets, None) if not ticket.deleted}
    breached = [row for row in rows if row.breached_at is not None and row.ticket_id in alive]
    breached.sort(key=lambda row: (row.breached_at, row.id), reverse=True)
    listing = lists.breached(Filters(), Page(limit=100), sight=None)
    assert [one.kept.id for one in listing.rows] == [row.id for row in breached[:100]]
    risky = [row for row in rows if row.status is Status.AT_RISK and row.ticket_id in alive]
    risky.sort(key=lambda row: (row.due_at, row.id))
    listing = lists.at_risk(Filters(), Page(limit=100), sight=None)
    assert [one.kept.id for one in listing.rows] == [row.id for row in risky]
