"""Recommended next actions: stored, and kept while what they rest on is the same."""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec

from providers.deadline import Deadline
from providers.errors import InProgress
from providers.models import (
    ActionImpact,
    Provenance,
    Recommendation,
    RecommendationRequest,
    Source,
    TicketContext,
)
from providers.resilience.between_processes import Handover
from service.clock import rfc3339
from service.errors import NotFound
from service.events import RECOMMENDATION_ACTION_CHANGED, RECOMMENDATION_GENERATED, about_ticket
from service.identifiers import new_id
from service.intelligence import queries
from service.intelligence.models import StoredRecommendation
from service.intelligence.services import STORING_GRACE_S, KnownFacts, TextSources, combined, provenance_of

HIGH_CHURN_RISK = 0.6
HIGH_RISK_WARNING = "Customer has high churn risk"


@dataclass(frozen=True, slots=True, kw_only=True)
class ToldRecommendation:
    recommendation: StoredRecommendation
    facts: KnownFacts
    impact: ActionImpact
    provenance: Provenance
    at: datetime


def fingerprint(facts: KnownFacts) -> str:
    """The same while archetype, churn level, lifetime value and order count are."""
    value = facts.lifetime_value.normalize() if facts.lifetime_value is not None else None  # 640.4 is 640.40
    told = [facts.archetype_id, facts.churn_risk_level, value, facts.total_orders]
    return hashlib.sha256(msgspec.json.encode(told)).hexdigest()


def overall_priority(worded: str | None, ticket_priority: str) -> str:
    """`urgent`, `high` or `normal`: the provider's word, else the ticket's own priority."""
    word = (worded or ticket_priority).lower()
    return word if word in {"urgent", "high"} else "normal"


def warnings_for(recommendation: Recommendation, facts: KnownFacts) -> list[str]:
    warnings = list(recommendation.warnings)
    if (facts.churn_risk or 0) >= HIGH_CHURN_RISK and HIGH_RISK_WARNING not in warnings:
        warnings.append(HIGH_RISK_WARNING)
    return warnings


class RecommendationService:
    def __init__(self, sources: TextSources) -> None:
        self._sources = sources
        self._provider = sources.provider
        self._tickets = sources.tickets
        self._database = sources.database
        self._clock = sources.clock
        self._flights = sources.flights

    def recommend(self, ticket_id: str, *, actor: str) -> ToldRecommendation:
        """Raises `NotFound`, and `NoAnswer` where no provider answers and no fallback is enabled."""
        deadline = self._sources.deadline()
        ticket, customer_id = self._tickets.context(ticket_id)
        customer = self._sources.customers.reference(customer_id)
        told, facts = self._sources.facts(customer, deadline)
        last = self._holding(ticket, facts)
        if last is not None:
            return self._told(last, Source.STORED)
        request = RecommendationRequest(
            customer=customer,
            ticket=ticket,
            locale=self._sources.locale(customer_id),
            currency=facts.currency,
            facts=told,
        )
        stored = self._shared(ticket, request, facts, deadline, actor=actor)
        return self._told(stored, Source(stored.source))

    def _shared(
        self,
        ticket: TicketContext,
        request: RecommendationRequest,
        facts: KnownFacts,
        deadline: Deadline,
        *,
        actor: str,
    ) -> StoredRecommendation:
        def generate() -> StoredRecommendation:
            landed = self._holding(ticket, facts)  # somebody may have stored one since this request looked
            if landed is not None:
                return landed
            answer = self._provider.recommend_actions(request, deadline)
            return self._store(ticket, request.customer.id, answer, facts, actor=actor)

        try:
            return self._flights.share(
                f"recommendation:{ticket.id}:{ticket.version}:{fingerprint(facts)[:32]}",
                generate,
                deadline.remaining_s + STORING_GRACE_S,
                deadline=deadline,
                handover=Handover(find=self._stored, note=lambda recommendation: recommendation.id),
            )
        except InProgress:
            return generate()  # in what is left of the deadline; where nothing is, the fallback's words

    def _holding(self, ticket: TicketContext, facts: KnownFacts) -> StoredRecommendation | None:
        with self._database.reading() as session:
            last = queries.latest_recommendation(session, ticket.id)
        return last if last is not None and _still_holds(last, ticket, facts) else None

    def _stored(self, recommendation_id: str | None) -> StoredRecommendation | None:
        if recommendation_id is None:
            return None
        with self._database.reading() as session:
            return session.get(StoredRecommendation, recommendation_id)

    def complete_action(self, ticket_id: str, index: int, *, completed: bool, actor: str) -> dict[str, Any]:
        """The action at `index` of the ticket's last recommendation. Raises `NotFound`."""
        now = self._clock.now()
        self._tickets.context(ticket_id)
        with self._database.writing() as session:
            stored = queries.latest_recommendation(session, ticket_id, for_change=True)
            if stored is None or index >= len(stored.actions):
                raise NotFound("recommended action", index)
            before = stored.actions[index]
            after = before | {"completed": completed, "completed_at": rfc3339(now) if completed else None}
            stored.actions = [*stored.actions[:index], after, *stored.actions[index + 1 :]]
            stored.updated_at = now
            change = {"recommendation_id": stored.id, "action_id": after["id"], "completed": completed}
            self._sources.events.record(
                session,
                about_ticket(RECOMMENDATION_ACTION_CHANGED, ticket_id, actor=actor, at=now, after=change),
            )
        return after

    def _store(
        self,
        ticket: TicketContext,
        customer_id: str,
        answer: Recommendation,
        facts: KnownFacts,
        *,
        actor: str,
    ) -> StoredRecommendation:
        now = self._clock.now()
        provenance = combined(answer.provenance, facts.provenance)
        stored = StoredRecommendation(
            id=new_id("recommendation"),
            ticket_id=ticket.id,
            conversation_version=ticket.version,
            facts_fingerprint=fingerprint(facts),
            priority=overall_priority(answer.priority, ticket.priority),
            warnings=warnings_for(answer, facts),
            talking_points=list(answer.talking_points),
            estimated_impact=msgspec.to_builtins(_impact(answer, facts)),
            facts=msgspec.to_builtins(facts),
            provider=provenance.provider,
            source=provenance.source,
            degraded=provenance.degraded,
            reason=provenance.reason,
            as_of=provenance.as_of,
            created_at=now,
            updated_at=now,
        )
        with self._database.writing() as session:
            self._tickets.stay_with(session, ticket.id, customer_id)
            last = queries.last_recommendations(session, ticket.id)
            stored.actions = _actions(answer, [action for row in reversed(last) for action in row.actions])
            if last and last[0].degraded:  # it has had its use: an outage leaves one behind, not one a read
                session.delete(last[0])
            session.add(stored)
            made = {
                "recommendation_id": stored.id,
                "provider": stored.provider,
                "degraded": stored.degraded,
            }
            self._sources.events.record(
                session, about_ticket(RECOMMENDATION_GENERATED, ticket.id, actor=actor, at=now, after=made)
            )
        return stored

    def _told(self, stored: StoredRecommendation, source: Source) -> ToldRecommendation:
        return ToldRecommendation(
            recommendation=stored,
            facts=msgspec.convert(stored.facts, KnownFacts),
            impact=msgspec.convert(stored.estimated_impact, ActionImpact),
            provenance=provenance_of(stored, source),
            at=self._clock.now(),
        )


def _still_holds(last: StoredRecommendation, ticket: TicketContext, facts: KnownFacts) -> bool:
    """Facts that could not be learnt now are no reason to drop what was recommended on known ones."""
    same_facts = facts.provenance.degraded or last.facts_fingerprint == fingerprint(facts)
    return not last.degraded and last.conversation_version == ticket.version and same_facts


def _impact(answer: Recommendation, facts: KnownFacts) -> ActionImpact:
    """The whole's own figure, else that of the action to take first."""
    first = min(answer.actions, key=lambda action: action.priority, default=None)
    retention = answer.estimated_impact.retention_probability
    if retention is None and first is not None:
        retention = first.estimated_impact.retention_probability
    return ActionImpact(retention_probability=retention, revenue_at_risk=facts.revenue_at_risk)


def _actions(answer: Recommendation, before: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """An action worded as one before, oldest first, keeps whether it was completed."""
    known = {action["action"]: action for action in before}
    return [
        {
            "id": new_id("action"),
            "action": action.action,
            "priority": action.priority,
            "reasoning": action.reasoning,
            "estimated_impact": msgspec.to_builtins(action.estimated_impact),
            "completed": known.get(action.action, {}).get("completed", False),
            "completed_at": known.get(action.action, {}).get("completed_at"),
        }
        for action in answer.actions
    ]
