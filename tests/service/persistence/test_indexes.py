"""Each way in which the desk looks for rows has an index, and the database takes it."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import Select, func, literal, select, text, tuple_
from sqlalchemy.orm import Session

from service.access.models import ApiKey, RefreshToken, StoredSession
from service.agents.models import Agent, Team, TeamMember
from service.assignment.models import Assignment
from service.assignment.waiting import QUEUED
from service.customer_base.models import ANYTHING_DUE, KeptStatistics
from service.customers.models import Customer, Order
from service.database import Database
from service.events import AUDITED, OF_PROVIDERS, StoredEvent
from service.http.models import IdempotencyKey
from service.intelligence.models import CustomerSnapshot, Draft
from service.models import metadata
from service.notifications.models import HeldNotice, NotificationRule, WebhookAttempt, WebhookEndpoint
from service.outbox.models import PENDING, OutboxEntry, State
from service.sla.models import StoredCalendar, StoredPolicy
from service.sla.tracking.models import AT_RISK, BREACHED, KeptTarget
from service.text_index import SearchText
from service.tickets.filters import TicketFilter
from service.tickets.inbox_merges import Merge
from service.tickets.inbox_orders import ByScore, ByTime, Stream
from service.tickets.models import Message, PastRank, Ticket, TicketTag
from service.tickets.scoring import Weights
from tests.service.persistence.rows import NOON

living = select(Ticket.id).where(Ticket.deleted_at.is_(None))
highest_first = (Ticket.inbox_rank.desc(), Ticket.id.desc())
waiting = living.where(Ticket.status == "open", Ticket.waiting.is_(True)).order_by(*highest_first).limit(101)
behind = tuple_(Ticket.inbox_rank, Ticket.id) < tuple_(literal(2.5), literal("t"))
newest_first = (Ticket.created_at.desc(), Ticket.id.desc())
audited = select(StoredEvent).where(AUDITED)
newest_entry = (StoredEvent.at.desc(), StoredEvent.id.desc())
LISTED_BY = ("policy_id", "priority", "team_id", "agent_id", "owned_by")
breached = select(KeptTarget.id).where(BREACHED).order_by(KeptTarget.breached_at.desc(), KeptTarget.id.desc())
at_risk = select(KeptTarget.id).where(AT_RISK, KeptTarget.due_at.is_not(None))
at_risk = at_risk.order_by(KeptTarget.due_at, KeptTarget.id)
of_team = living.where(Ticket.owned_by == "team_1", Ticket.status == "open")

LOOK_UPS: dict[str, Select[Any]] = {
    "ix_tickets_queued": select(Ticket.id)
    .where(QUEUED, Ticket.owned_by == "team_1", Ticket.waiting.is_(True), behind)
    .order_by(*highest_first)
    .limit(20),
    "ix_agents_status_active": select(Agent.id).where(
        Agent.status == "offline", Agent.active, Agent.status_since <= NOON
    ),
    "ix_assignments_present_agent_id": select(Assignment.ticket_id)
    .where(Assignment.ended_at.is_(None), Assignment.agent_id == "agent_1")
    .order_by(Assignment.ticket_id),
    "ix_assignments_ticket_id_sequence": select(Assignment)
    .where(Assignment.ticket_id == "ticket_123")
    .order_by(Assignment.sequence.desc())
    .limit(101),
    "ix_tickets_inbox": waiting.where(behind),
    "ix_tickets_inbox_of_assigned_to": waiting.where(Ticket.assigned_to == "agent_1"),
    "ix_tickets_inbox_of_customer_id": waiting.where(Ticket.customer_id == "cust_123"),
    "ix_tickets_inbox_of_priority": waiting.where(Ticket.priority == "urgent"),
    "ix_tickets_inbox_of_channel": waiting.where(Ticket.channel == "sms"),
    "ix_tickets_inbox_of_owned_by": waiting.where(Ticket.owned_by == "team_1").where(behind),
    "ix_tickets_owned_by_status_created_at_id": select(Ticket.id)
    .where(Ticket.owned_by == "team_1", Ticket.status == "open")
    .order_by(*newest_first)
    .limit(100),
    "ix_tickets_owned_by_status_updated_at_id": of_team.order_by(Ticket.updated_at, Ticket.id).limit(100),
    "ix_team_members_agent_id_team_id": select(TeamMember.team_id).where(TeamMember.agent_id == "agent_1"),
    "ix_agents_created_at_id": select(Agent).order_by(Agent.created_at, Agent.id).limit(101),
    "ix_agents_role_active": select(Agent.id).where(Agent.role == "admin", Agent.active),
    "ix_teams_created_at_id": select(Team).order_by(Team.created_at, Team.id).limit(101),
    "ix_tickets_updated_at_id": living.order_by(Ticket.updated_at.desc(), Ticket.id.desc()).limit(100),
    "ix_tickets_status_updated_at_id": living.where(Ticket.status == "open")
    .order_by(Ticket.updated_at, Ticket.id)
    .limit(100),
    "ix_search_texts_ticket_id": select(SearchText.document).where(SearchText.ticket_id == "ticket_123"),
    "ix_search_texts_customer_id": select(SearchText.document).where(SearchText.customer_id == "cust_123"),
    "ix_tickets_created_at_id": living.order_by(*newest_first).limit(100),
    "ix_tickets_status_created_at_id": living.where(Ticket.status == "open")
    .order_by(*newest_first)
    .limit(100),
    "ix_tickets_assigned_to_created_at_id": living.where(Ticket.assigned_to == "agent_1")
    .order_by(*newest_first)
    .limit(100),
    "ix_tickets_customer_id_created_at_id": select(Ticket)
    .where(Ticket.customer_id == "cust_123")
    .order_by(*newest_first),
    "ix_past_ranks_change": select(PastRank.ticket_id).where(PastRank.change >= 7).limit(100),
    "ix_past_ranks_ticket_id": select(PastRank.sequence)
    .where(PastRank.ticket_id == "ticket_123", PastRank.change + 0 >= 7, PastRank.sequence + 0 < 7)
    .limit(1),
    "ix_ticket_tags_tag_ticket_id": select(TicketTag.ticket_id).where(TicketTag.tag == "late"),
    "ix_messages_ticket_id_created_at_sequence": select(Message)
    .where(Message.ticket_id == "ticket_123")
    .order_by(Message.created_at.desc(), Message.sequence.desc())
    .limit(200),
    "ix_customers_email_lower": select(Customer).where(func.lower(Customer.email) == "ada@example.org"),
    "ix_customers_created_at_id": select(Customer)
    .order_by(Customer.created_at.desc(), Customer.id.desc())
    .limit(100),
    "ix_orders_customer_id_ordered_at": select(Order)
    .where(Order.customer_id == "cust_123")
    .order_by(Order.ordered_at.desc())
    .limit(20),
    "ix_customer_snapshots_refresh_due_since": select(CustomerSnapshot)
    .where(CustomerSnapshot.refresh_due_since.is_not(None))
    .order_by(CustomerSnapshot.refresh_due_since)
    .limit(20),
    "ix_drafts_ticket_id_generated_at": select(Draft)
    .where(Draft.ticket_id == "ticket_123")
    .order_by(Draft.generated_at.desc())
    .limit(1),
    "ix_events_ticket_id_at_id": select(StoredEvent)
    .where(StoredEvent.ticket_id == "ticket_123")
    .order_by(StoredEvent.at, StoredEvent.id),
    "ix_events_of_providers_at_id": select(StoredEvent)
    .where(OF_PROVIDERS, tuple_(StoredEvent.at, StoredEvent.id) < tuple_(literal(NOON), literal(7)))
    .order_by(StoredEvent.at.desc(), StoredEvent.id.desc())
    .limit(100),
    "ix_events_audited_at_id": audited.order_by(*newest_entry).limit(100),
    "ix_events_audited_type_at_id": audited.where(StoredEvent.type == "access.denied").order_by(
        *newest_entry
    ),
    "ix_events_audited_actor_at_id": audited.where(StoredEvent.actor == "key:web").order_by(*newest_entry),
    "ix_events_audited_subject_id_at_id": audited.where(StoredEvent.subject_id == "ref_1").order_by(
        *newest_entry
    ),
    "ix_events_subject_id_at_id": select(StoredEvent)
    .where(StoredEvent.subject_id == "ref_1")
    .order_by(StoredEvent.at, StoredEvent.id),
    "ix_idempotency_keys_customer_id": select(IdempotencyKey.key).where(
        IdempotencyKey.customer_id == "cust_123"
    ),
    "ix_sessions_agent_id": select(StoredSession.id).where(StoredSession.agent_id == "agent_1"),
    "ix_sessions_expires_at": select(StoredSession.id)
    .where(StoredSession.expires_at < NOON)
    .order_by(StoredSession.expires_at)
    .limit(500),
    "ix_refresh_tokens_session_id": select(RefreshToken.sha256).where(RefreshToken.session_id == "session_1"),
    "ix_api_keys_created_at_id": select(ApiKey)
    .order_by(ApiKey.created_at.desc(), ApiKey.id.desc())
    .limit(101),
    "ix_customer_snapshots_at_risk": select(CustomerSnapshot)
    .where(CustomerSnapshot.risk_class == "EUR13high")
    .order_by(CustomerSnapshot.revenue_at_risk.desc(), CustomerSnapshot.customer_id.desc())
    .limit(101),
    "ix_customer_statistics_last_day": select(func.max(KeptStatistics.last_day)).where(
        KeptStatistics.last_day <= 739_000
    ),
    "ix_customer_statistics_due": select(KeptStatistics.customer_id)
    .where(ANYTHING_DUE)
    .order_by(KeptStatistics.customer_id)
    .limit(500),
    "ix_webhook_endpoints_created_at_id": select(WebhookEndpoint)
    .order_by(WebhookEndpoint.created_at, WebhookEndpoint.id)
    .limit(101),
    "ix_webhook_attempts_endpoint_id_at_id": select(WebhookAttempt)
    .where(WebhookAttempt.endpoint_id == "webhook_1")
    .order_by(WebhookAttempt.at.desc(), WebhookAttempt.id.desc())
    .limit(101),
    "ix_webhook_attempts_at": select(WebhookAttempt.id)
    .where(WebhookAttempt.at < NOON)
    .order_by(WebhookAttempt.at)
    .limit(1_000),
    "ix_notification_rules_created_at_id": select(NotificationRule)
    .order_by(NotificationRule.created_at, NotificationRule.id)
    .limit(101),
    "ix_held_notices_not_before": select(HeldNotice.channel, HeldNotice.target)
    .where(HeldNotice.not_before <= NOON)
    .order_by(HeldNotice.not_before)
    .limit(1),
    "ix_outbox_due": select(OutboxEntry)
    .where(PENDING, OutboxEntry.channel == "webhook", OutboxEntry.next_attempt_at <= NOON)
    .order_by(OutboxEntry.next_attempt_at, OutboxEntry.position)
    .limit(100),
    "ix_outbox_line": select(func.min(OutboxEntry.position)).where(
        PENDING,
        OutboxEntry.channel == "webhook",
        OutboxEntry.target == "endpoint_1",
        OutboxEntry.about == "ticket_1",
    ),
    "ix_outbox_state_created_at_id": select(OutboxEntry)
    .where(OutboxEntry.state == State.DEAD)
    .order_by(OutboxEntry.created_at.desc(), OutboxEntry.id.desc())
    .limit(101),
    "ix_outbox_created_at_id": select(OutboxEntry)
    .order_by(OutboxEntry.created_at.desc(), OutboxEntry.id.desc())
    .limit(101),
    "ix_sla_calendars_created_at_id": select(StoredCalendar)
    .order_by(StoredCalendar.created_at, StoredCalendar.id)
    .limit(101),
    "ix_sla_policies_position_id": select(StoredPolicy).order_by(StoredPolicy.position, StoredPolicy.id),
    "ix_sla_policies_calendar_id": select(StoredPolicy.id).where(StoredPolicy.calendar_id == "calendar_1"),
    "ix_ticket_targets_ticket_id_target_cycle_at": select(KeptTarget.id).where(
        KeptTarget.ticket_id == "ticket_123"
    ),
    "ix_ticket_targets_next_check_at": select(KeptTarget.ticket_id)
    .where(KeptTarget.next_check_at.is_not(None), KeptTarget.next_check_at <= NOON)
    .order_by(KeptTarget.next_check_at.desc())
    .limit(200),
    "ix_ticket_targets_policy_id_ticket_id": select(KeptTarget.ticket_id)
    .where(KeptTarget.policy_id == "p", KeptTarget.met_at.is_(None), KeptTarget.ticket_id > "t")
    .order_by(KeptTarget.ticket_id)
    .limit(200),
    "ix_ticket_targets_breached": breached.limit(101),
    "ix_ticket_targets_at_risk": at_risk.limit(101),
    **{
        f"ix_ticket_targets_{name}_of_{column}": rows.where(getattr(KeptTarget, column) == "low").limit(101)
        for name, rows in (("breached", breached), ("at_risk", at_risk))
        for column in LISTED_BY
    },
    "ix_idempotency_keys_expires_at": select(IdempotencyKey.key)
    .where(IdempotencyKey.expires_at < NOON)
    .order_by(IdempotencyKey.expires_at)
    .limit(500),
}


def sqlite_plan(session: Session, query: str) -> list[str]:
    return [row.detail for row in session.execute(text(f"EXPLAIN QUERY PLAN {query}"))]


FORGET_STATISTICS = (
    text(
        "DELETE FROM pg_statistic WHERE starelid IN (SELECT oid FROM pg_class WHERE relname = ANY(:tables))"
    ),
    text("UPDATE pg_class SET reltuples = -1, relpages = 0 WHERE relname = ANY(:tables)"),
)


def postgresql_plan(session: Session, query: str) -> list[str]:
    """Of tables that were never filled: what other tests left would decide between indexes."""
    tables = [table.name for table in metadata.sorted_tables]
    session.execute(text("SET session_replication_role = replica"))  # or the audit's triggers refuse
    session.execute(text(f"TRUNCATE {', '.join(tables)}"))  # an index that was emptied keeps its pages
    session.execute(text("RESET session_replication_role"))
    for forget in FORGET_STATISTICS:
        session.execute(forget, {"tables": tables})
    session.execute(text("SET enable_seqscan = off"))  # an empty table is cheapest read as a whole
    session.execute(text("SET enable_bitmapscan = off"))
    session.execute(text("SET enable_sort = off"))
    return list(session.scalars(text(f"EXPLAIN {query}")))


PLANS: dict[str, Callable[[Session, str], list[str]]] = {"sqlite": sqlite_plan, "postgresql": postgresql_plan}


@pytest.mark.parametrize("index", LOOK_UPS)
def test_the_look_up_takes_its_index_and_sorts_nothing(
    database: Database, engine_name: str, index: str
) -> None:
    query = LOOK_UPS[index].compile(database.engine, compile_kwargs={"literal_binds": True})
    with database.reading() as session:
        plan = PLANS[engine_name](session, str(query))
    assert any(index in step for step in plan), plan
    assert not any("TEMP B-TREE" in step or "Sort" in step for step in plan), plan


def test_a_customers_snapshots_are_found_by_their_key(database: Database, engine_name: str) -> None:
    query = select(CustomerSnapshot).where(
        CustomerSnapshot.customer_id == "cust_123", CustomerSnapshot.capability == "analyze"
    )
    literal = str(query.compile(database.engine, compile_kwargs={"literal_binds": True}))
    with database.reading() as session:
        plan = " ".join(PLANS[engine_name](session, literal))
    assert "pk_customer_snapshots" in plan or "sqlite_autoindex_customer_snapshots_1" in plan


NOBODYS = TicketFilter(status="open", unassigned=True)
OF_TEAM = TicketFilter(status="open", unassigned=True, team_id="team_1")
INBOX, NEWEST = ByScore(Weights(), NOON), ByTime(Ticket.created_at, ascending=False)


def stream(wanted: TicketFilter, order: ByScore | ByTime, *, waiting: bool | None = None) -> Select[Any]:
    return Merge(wanted, order).stream(Stream(wanted, waiting=waiting), 101, None)


UNASSIGNED = {
    "ix_tickets_inbox_of_assigned_to": stream(NOBODYS, INBOX, waiting=True),
    "ix_tickets_assigned_to_created_at_id": stream(TicketFilter(unassigned=True), NEWEST),
    "ix_tickets_unassigned_inbox_of_owned_by": stream(OF_TEAM, INBOX, waiting=True),
    "ix_tickets_unassigned_created_at_id": stream(OF_TEAM, NEWEST),
    "ix_tickets_unassigned_updated_at_id": stream(OF_TEAM, ByTime(Ticket.updated_at, ascending=True)),
}


@pytest.mark.parametrize("index", UNASSIGNED)
def test_what_nobody_has_is_found_by_the_index_of_who_has_what(
    database: Database, engine_name: str, index: str
) -> None:
    query = UNASSIGNED[index].compile(database.engine, compile_kwargs={"literal_binds": True})
    with database.reading() as session:
        plan = PLANS[engine_name](session, str(query))
    assert any(index in step for step in plan), plan
    assert not any("TEMP B-TREE" in step or "Sort" in step for step in plan), plan
