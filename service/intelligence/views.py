"""`/api/ai`: what providers say of customers, and write for tickets."""

from typing import Any

from providers.models import ChurnPrediction, CustomerIntelligence, LtvForecast
from service.http.callers import current_caller, needs
from service.http.components import component
from service.http.parsing import Blueprint
from service.intelligence.drafting import DraftOptions, DraftService, ToldDraft
from service.intelligence.recommending import RecommendationService, ToldRecommendation
from service.intelligence.schemas import (
    ActionChangeSchema,
    ChangedActionSchema,
    ChurnSchema,
    DraftOptionsSchema,
    DraftSchema,
    IntelligenceSchema,
    LtvQuerySchema,
    LtvSchema,
    RecommendationSchema,
)
from service.intelligence.services import FactsService, Told
from service.permissions import Permission

blueprint = Blueprint(
    "intelligence", __name__, url_prefix="/api/ai", description="Customer intelligence, drafts, next actions"
)


@blueprint.get("/customers/<id:customer_id>/intelligence")
@needs(Permission.INTELLIGENCE_READ)
@blueprint.response(200, IntelligenceSchema)
def read_intelligence(customer_id: str) -> Told[CustomerIntelligence]:
    """Read a customer's DNA, metrics and predictions"""
    return component(FactsService).analyze(customer_id)


@blueprint.get("/customers/<id:customer_id>/churn")
@needs(Permission.INTELLIGENCE_READ)
@blueprint.response(200, ChurnSchema)
def read_churn(customer_id: str) -> Told[ChurnPrediction]:
    """Read a customer's churn prediction, with its factors"""
    return component(FactsService).predict_churn(customer_id)


@blueprint.get("/customers/<id:customer_id>/ltv")
@needs(Permission.INTELLIGENCE_READ)
@blueprint.arguments(LtvQuerySchema, location="query")
@blueprint.response(200, LtvSchema)
def read_ltv(query: dict[str, int], customer_id: str) -> Told[LtvForecast]:
    """Read a customer's lifetime value forecast"""
    return component(FactsService).forecast_ltv(customer_id, query["horizon_months"])


@blueprint.get("/tickets/<id:ticket_id>/draft-response")
@needs(Permission.DRAFTS_WRITE)
@blueprint.response(200, DraftSchema)
def read_draft(ticket_id: str) -> ToldDraft:
    """Draft a reply, or read the one that a regenerate made"""
    return component(DraftService).draft(ticket_id, actor=current_caller().id)


@blueprint.post("/tickets/<id:ticket_id>/regenerate-draft")
@needs(Permission.DRAFTS_WRITE)
@blueprint.arguments(DraftOptionsSchema, required=False)
@blueprint.response(200, DraftSchema)
def regenerate_draft(options: DraftOptions, ticket_id: str) -> ToldDraft:
    """Draft another reply on fresh facts, and keep it"""
    return component(DraftService).regenerate(ticket_id, options, actor=current_caller().id)


@blueprint.post("/tickets/<id:ticket_id>/draft-response/regenerate")
@needs(Permission.DRAFTS_WRITE)
@blueprint.arguments(DraftOptionsSchema, required=False)
@blueprint.response(200, DraftSchema)
def regenerate_draft_response(options: DraftOptions, ticket_id: str) -> ToldDraft:
    """Draft another reply: the same under a second address"""
    return component(DraftService).regenerate(ticket_id, options, actor=current_caller().id)


@blueprint.get("/tickets/<id:ticket_id>/recommendation")
@needs(Permission.DRAFTS_WRITE)
@blueprint.response(200, RecommendationSchema)
def read_recommendation(ticket_id: str) -> ToldRecommendation:
    """Read the recommended next actions for a ticket"""
    return component(RecommendationService).recommend(ticket_id, actor=current_caller().id)


@blueprint.patch("/tickets/<id:ticket_id>/recommendation/actions/<int:index>")
@needs(Permission.DRAFTS_WRITE)
@blueprint.arguments(ActionChangeSchema)
@blueprint.response(200, ChangedActionSchema)
def change_action(change: dict[str, bool], ticket_id: str, index: int) -> dict[str, Any]:
    """Mark a recommended action as completed, or as not"""
    action = component(RecommendationService).complete_action(
        ticket_id, index, completed=change["completed"], actor=current_caller().id
    )
    return {"action": action}
