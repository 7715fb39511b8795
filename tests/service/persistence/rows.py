"""Rows as the tests of persistence need them: complete, and as short to write as they can be."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from service.access.models import ApiKey, Credential, Invitation, RefreshToken, StoredSession
from service.agents.models import Agent, Team, TeamMember
from service.assignment.models import AgentLoad, Assignment
from service.customer_base.models import KeptStatistics, ParameterVersion
from service.customers.models import Customer, Order, OrderLine, Refund
from service.events import StoredEvent
from service.feed.models import FeedEntry, FeedGap, FollowerPlace
from service.http.models import IdempotencyKey
from service.identifiers import new_id, new_ref
from service.importing.models import ImportPosition
from service.inbound.models import InboundWebhook
from service.intelligence.models import (
    CustomerSnapshot,
    Draft,
    DraftCounter,
    ProviderOutcome,
    StoredRecommendation,
)
from service.leases import JobLease
from service.notifications.models import HeldNotice, NotificationRule, WebhookAttempt, WebhookEndpoint
from service.outbox.models import OutboxEntry
from service.performance.models import FigureProgress, KeptFigures, KeptHistory
from service.provider_control.models import ProcessHeartbeat, ProviderToggles
from service.sla.models import StoredCalendar, StoredPolicy
from service.sla.tracking.models import ComplianceCounter, KeptTarget, Renewal, TrackingState
from service.streams.models import UsedStreamTicket
from service.text_index import SearchText
from service.tickets.models import InboxScoring, Message, Note, PastRank, Ticket, TicketCounter, TicketField

NOON = datetime(2026, 1, 31, 12, 0, 0, 123456, tzinfo=UTC)
PROVENANCE = {"provider": "quimbi", "source": "fresh", "degraded": False, "as_of": NOON}


def customer(**fields: Any) -> Customer:
    return Customer(
        **{"id": new_id("customer"), "ref": new_ref(), "created_at": NOON, "updated_at": NOON} | fields
    )


def agent(**fields: Any) -> Agent:
    defaults = {
        "id": new_id("agent"),
        "email": f"{new_ref()}@desk.example",
        "name": "Kim Lee",
        "folded_name": "kim lee",
        "role": "agent",
        "status": "online",
        "capacity": 10,
        "created_at": NOON,
        "updated_at": NOON,
    }
    return Agent(**defaults | fields)


def team(**fields: Any) -> Team:
    name = new_id("Returns")
    defaults = {"id": new_id("team"), "name": name, "folded_name": name.casefold()}
    return Team(**defaults | {"created_at": NOON, "updated_at": NOON} | fields)


def assignment(of: Ticket, who: Agent, **fields: Any) -> Assignment:
    defaults = {"id": new_id("assignment"), "ticket_id": of.id, "agent_id": who.id, "reason": "manual"}
    return Assignment(**defaults | {"assigned_at": NOON} | fields)


def team_member(of: Team, who: Agent) -> TeamMember:
    return TeamMember(team_id=of.id, agent_id=who.id, joined_at=NOON)


def session(of: Agent, **fields: Any) -> StoredSession:
    defaults = {"id": new_id("session"), "agent_id": of.id, "created_at": NOON, "expires_at": NOON}
    return StoredSession(**defaults | fields)


def refresh_token(of: StoredSession, **fields: Any) -> RefreshToken:
    defaults = {"sha256": new_ref(), "session_id": of.id, "issued_at": NOON, "expires_at": NOON}
    return RefreshToken(**defaults | fields)


def invitation(of: Agent) -> Invitation:
    return Invitation(
        agent_id=of.id, sha256=new_ref(), created_by="anonymous", created_at=NOON, expires_at=NOON
    )


def api_key(**fields: Any) -> ApiKey:
    defaults = {
        "id": new_id("key"),
        "name": new_id("key")[:40].lower(),
        "prefix": "sd_1234567",
        "sha256": new_ref(),
        "scopes": ["desk"],
        "origins": [],
        "created_by": "anonymous",
        "created_at": NOON,
    }
    return ApiKey(**defaults | fields)


def order(owner: Customer, **fields: Any) -> Order:
    defaults = {
        "id": new_id("order"),
        "external_id": new_id("shop"),
        "customer_id": owner.id,
        "ordered_at": NOON,
        "currency": "EUR",
        "status": "paid",
        "total": Decimal("19.90"),
        "tracking": {"numbers": ["1Z9"], "carrier": "UPS"},
        "created_at": NOON,
        "updated_at": NOON,
    }
    return Order(**defaults | fields)


def order_line(position: int = 0, **fields: Any) -> OrderLine:
    return OrderLine(
        **{"position": position, "title": "Tea", "quantity": 2, "price": Decimal("9.95")} | fields
    )


def refund(**fields: Any) -> Refund:
    return Refund(**{"external_id": new_id("refund"), "at": NOON, "amount": Decimal("9.95")} | fields)


def ticket(owner: Customer, **fields: Any) -> Ticket:
    defaults = {
        "id": new_id("ticket"),
        "customer_id": owner.id,
        "subject": "Where is my parcel?",
        "status": "open",
        "priority": "normal",
        "channel": "email",
        "created_at": NOON,
        "updated_at": NOON,
    }
    return Ticket(**defaults | fields)


def message(about: Ticket, **fields: Any) -> Message:
    defaults = {
        "id": new_id("msg"),
        "ticket_id": about.id,
        "from_agent": False,
        "content": "Hello",
        "created_at": NOON,
    }
    return Message(**defaults | fields)


def note(about: Ticket, **fields: Any) -> Note:
    defaults = {"id": new_id("note"), "ticket_id": about.id, "content": "Called back", "created_at": NOON}
    return Note(**defaults | fields)


def ticket_field(**fields: Any) -> TicketField:
    defaults = {"key": "batch", "label": "Batch", "type": "text", "created_at": NOON, "updated_at": NOON}
    return TicketField(**defaults | fields)


def draft(about: Ticket, **fields: Any) -> Draft:
    defaults = PROVENANCE | {
        "id": new_id("draft"),
        "ticket_id": about.id,
        "conversation_version": 1,
        "sticky": False,
        "content": "Dear customer",
        "tone": "friendly",
        "channel": "email",
        "generated_at": NOON,
    }
    return Draft(**defaults | fields)


def recommendation(about: Ticket, **fields: Any) -> StoredRecommendation:
    defaults = PROVENANCE | {
        "id": new_id("rec"),
        "ticket_id": about.id,
        "conversation_version": 1,
        "facts_fingerprint": "0" * 64,
        "priority": "normal",
        "actions": [{"action": "Apologise", "completed": False}],
        "created_at": NOON,
        "updated_at": NOON,
    }
    return StoredRecommendation(**defaults | fields)


def snapshot(of: Customer, **fields: Any) -> CustomerSnapshot:
    defaults = {
        "customer_id": of.id,
        "capability": "analyze",
        "arguments": "",
        "provider": "quimbi",
        "as_of": NOON,
        "known": True,
        "answer": "{}",
        "churn_risk": 0.18,
        "lifetime_value": Decimal("892.5"),
    }
    return CustomerSnapshot(**defaults | fields)


def idempotency_key(**fields: Any) -> IdempotencyKey:
    defaults = {
        "scope": "caller POST /api/tickets",
        "key": new_id("key"),
        "request_hash": "0" * 64,
        "locked_until": NOON,
        "created_at": NOON,
        "expires_at": NOON,
    }
    return IdempotencyKey(**defaults | fields)


def provider_toggles(**fields: Any) -> ProviderToggles:
    names = ["quimbi", "fallback"]
    defaults = {"version": 1, "configured": names, "order": names, "disabled": [], "circuit_resets": {}}
    return ProviderToggles(**defaults | fields)


def process_heartbeat(**fields: Any) -> ProcessHeartbeat:
    defaults = {"id": new_id("process"), "host": "desk-1", "pid": 4711, "started_at": NOON, "at": NOON}
    return ProcessHeartbeat(**defaults | {"report": {}} | fields)


def import_position(**fields: Any) -> ImportPosition:
    defaults = {
        "key": "0" * 64,
        "kind": "orders",
        "name": "orders.csv",
        "started_at": NOON,
        "updated_at": NOON,
    }
    return ImportPosition(**defaults | fields)


def kept_statistics(of: Customer, **fields: Any) -> KeptStatistics:
    defaults = {"customer_id": of.id, "orders_due": False, "contacts_due": False}
    return KeptStatistics(**defaults | fields)


def parameter_version(**fields: Any) -> ParameterVersion:
    defaults = {"fitted_at": NOON, "fitted_by": "job", "adopted": True, "parameters": {}}
    return ParameterVersion(**defaults | fields)


def calendar(**fields: Any) -> StoredCalendar:
    name = new_id("Office")
    defaults = {
        "id": new_id("calendar"),
        "name": name,
        "folded_name": name.casefold(),
        "time_zone": "Europe/Vienna",
        "hours": {"monday": [{"from": "09:00", "to": "12:00"}, {"from": "13:00", "to": "17:00"}]},
        "holidays": [{"date": "2026-12-24", "name": "Christmas Eve"}],
        "exceptions": [],
        "created_at": NOON,
        "updated_at": NOON,
    }
    return StoredCalendar(**defaults | fields)


def policy(of: StoredCalendar, **fields: Any) -> StoredPolicy:
    name = new_id("Policy")
    defaults = {
        "id": new_id("policy"),
        "name": name,
        "folded_name": name.casefold(),
        "position": 5,
        "calendar_id": of.id,
        "first_response_minutes": 60,
        "warning_share": 0.8,
        "created_at": NOON,
        "updated_at": NOON,
    }
    return StoredPolicy(**defaults | fields)


def kept_target(of: Ticket, **fields: Any) -> KeptTarget:
    defaults = {
        "ticket_id": of.id,
        "target": "first_response",
        "cycle_at": NOON,
        "policy_id": "policy_normal",
        "policy_version": 1,
        "calendar_id": "calendar_always",
        "calendar_version": 1,
        "length_s": 28_800,
        "begin": NOON,
        "status": "within_sla",
        "elapsed_us": 0,
        "priority": "normal",
        "owned_by": of.owned_by or "",
        "made_at": NOON,
    }
    return KeptTarget(**defaults | fields)


def compliance_counter(**fields: Any) -> ComplianceCounter:
    defaults = {"dimension": "all", "grain": "day", "begin": NOON, "value": "", "target": "resolution"}
    return ComplianceCounter(**defaults | {"outcome": "met", "cycles": 1} | fields)


def inbound_webhook(**fields: Any) -> InboundWebhook:
    defaults = {
        "id": new_id("inbound"),
        "name": new_id("shop"),
        "active": True,
        "secret_version": 1,
        "created_by": "anonymous",
        "created_at": NOON,
        "updated_at": NOON,
    }
    return InboundWebhook(**defaults | fields)


def event(**fields: Any) -> StoredEvent:
    defaults = {
        "type": "ticket.created",
        "version": 1,
        "subject_type": "ticket",
        "subject_id": "t",
        "actor": "a",
    }
    return StoredEvent(**defaults | {"at": NOON} | fields)


def outbox_entry(**fields: Any) -> OutboxEntry:
    defaults = {
        "id": new_id("dlv"),
        "position": 1,
        "about": "ticket_123",
        "channel": "log",
        "target": "desk",
        "state": "pending",
        "attempts": 0,
        "next_attempt_at": NOON,
        "created_at": NOON,
    }
    return OutboxEntry(**defaults | fields)


def webhook_endpoint(**fields: Any) -> WebhookEndpoint:
    defaults = {
        "id": new_id("webhook"),
        "url": f"https://{new_id('host')}.example/",
        "event_types": ["ticket.*"],
        "enabled": True,
        "secret_number": 1,
        "retiring": [],
        "version": 1,
        "created_by": "agent:a",
        "created_at": NOON,
        "updated_at": NOON,
    }
    return WebhookEndpoint(**defaults | fields)


def webhook_attempt(endpoint: WebhookEndpoint, **fields: Any) -> WebhookAttempt:
    defaults = {
        "endpoint_id": endpoint.id,
        "delivery_id": new_id("dlv"),
        "event_type": "ticket.created",
        "attempt": 1,
        "status": 200,
        "duration_ms": 12,
        "at": NOON,
    }
    return WebhookAttempt(**defaults | fields)


def notification_rule(**fields: Any) -> NotificationRule:
    defaults = {
        "id": new_id("rule"),
        "name": "Tell",
        "occasion": "sla.warning",
        "recipients": ["assignee"],
        "channels": ["log"],
        "enabled": True,
        "version": 1,
        "created_at": NOON,
        "updated_at": NOON,
    }
    return NotificationRule(**defaults | fields)


def held_notice(**fields: Any) -> HeldNotice:
    defaults = {
        "channel": "email",
        "target": "agent_1",
        "position": 1,
        "ticket_id": "ticket_123",
        "occasion": "sla.breached",
        "not_before": NOON,
    }
    return HeldNotice(**defaults | fields)


def one_of_everything() -> list[list[Any]]:
    """A row at least in every table, in groups that can be added one after the other."""
    office = calendar()
    ada = customer(name="Ada", email="Ada@Example.org", external_ids={"quimbi": "7001"})
    kim, returns = agent(languages=["de"]), team()
    shift = session(kim)
    parcel = ticket(ada, tags={"parcel", "late"}, team_id=returns.id, owned_by=returns.id)
    return [
        [ada, kim, returns, office],
        [policy(office)],
        [team_member(returns, kim)],
        [Credential(agent_id=kim.id, password_hash="$argon2id$…", changed_at=NOON), invitation(kim), shift],
        [refresh_token(shift), api_key(origins=["https://shop.example"])],
        [order(ada, lines=[order_line(0), order_line(1)], refunds=[refund()]), parcel, snapshot(ada)],
        [kept_statistics(ada, recent_days=[739_000]), parameter_version()],
        [
            SearchText(kind="subject", source_id=parcel.id, ticket_id=parcel.id, document="parcel"),
            SearchText(kind="customer", source_id=ada.id, customer_id=ada.id, document="ada"),
        ],
        [assignment(parcel, kim), AgentLoad(agent_id=kim.id, tickets=1)],
        [message(parcel), note(parcel), draft(parcel), recommendation(parcel), event(ticket_id=parcel.id)],
        [idempotency_key(), ticket_field(), TicketCounter(status="open", shard=3, tickets=1)],
        [
            ProviderOutcome(provider="quimbi", connection="connected", at=NOON),
            JobLease(name="prune", due_at=NOON),
            InboxScoring(id=1, made_with="0" * 64, at=NOON),
            PastRank(change=1, ticket_id=parcel.id, waiting=True, inbox_rank=1.5, at=NOON),
            provider_toggles(),
            process_heartbeat(),
            DraftCounter(day=date(2026, 1, 31), provider="quimbi", tone="friendly", shard=3, generated=1),
            import_position(),
        ],
        [
            FeedEntry(position=1, event_id=1),
            FeedGap(first_id=2, last_id=3, holders=["4/17"]),
            FollowerPlace(name="performance", position=1, after_event_id=0),
            outbox_entry(),
        ],
        [
            kept_target(parcel),
            TrackingState(id=1, since=NOON, made_with="0" * 64),
            Renewal(policy_id=None, after_id=""),
            compliance_counter(),
        ],
        [webhook := webhook_endpoint(), notification_rule(), held_notice()],
        [webhook_attempt(webhook)],
        [inbound_webhook(), UsedStreamTicket(id="used", expires_at=NOON)],
        [
            KeptFigures(scope="desk", span="day", slot=1, counts={"assigned": 1}, spread=b"", levels={}),
            KeptHistory(id=parcel.id, kind="ticket", history="{}", sealed="{}"),
            FigureProgress(id=1, position=1, sealed_position=0, base_position=0),
        ],
    ]
