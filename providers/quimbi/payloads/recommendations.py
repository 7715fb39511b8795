"""`POST /api/generation/actions`."""

from providers.errors import InvalidAnswer
from providers.models import (
    ActionImpact,
    Provenance,
    Recommendation,
    RecommendationRequest,
    RecommendedAction,
)
from providers.quimbi.payloads import sending
from providers.quimbi.payloads.identity import check_customer
from providers.quimbi.payloads.reading import Reply, believable
from providers.quimbi.payloads.tables import PRIORITIES, issue_type
from providers.quimbi.payloads.wording import in_words, sentence


def recommendation_body(request: RecommendationRequest, external_id: str) -> dict[str, object]:
    """One body that satisfies both dialects. No order value: which order the ticket is about is not known."""
    about = request.ticket
    issue = issue_type(about.tags, about.subject)
    return {
        "customer_id": external_id,
        "customer_profile": sending.profile(request.facts, external_id),
        "scenario": "support_ticket",
        "issue_type": issue,
        "context": {
            "ticket": sending.ticket(about) | {"issue_type": issue},
            "locale": request.locale,
            "currency": request.currency,
        },
    }


@believable
def parse_recommendation(reply: Reply, *, external_id: str, provenance: Provenance) -> Recommendation:
    """Actions come most pressing first; the first one's impact stands for the whole."""
    check_customer(reply, external_id)
    if reply.holds("actions"):
        steps = [_documented(step, place) for place, step in enumerate(reply.sections("actions"), start=1)]
    elif reply.holds("recommended_actions"):
        steps = [
            _deployed(step, place) for place, step in enumerate(reply.sections("recommended_actions"), 1)
        ]
    else:
        raise InvalidAnswer("the reply is no recommendation")
    steps.sort(key=lambda step: step.priority)
    return Recommendation(
        actions=tuple(steps),
        priority=reply.label("priority"),
        warnings=reply.texts("warnings"),
        talking_points=reply.texts("talking_points"),
        estimated_impact=steps[0].estimated_impact if steps else ActionImpact(),
        provenance=provenance,
    )


def _documented(step: Reply, place: int) -> RecommendedAction:
    impact = step.section("estimated_impact")
    priority = step.count("priority")
    return RecommendedAction(
        action=step.text("action") or "",
        priority=place if priority is None else priority,
        reasoning=step.text("reasoning"),
        estimated_impact=ActionImpact(
            retention_probability=impact.share("retention_probability"),
            revenue_at_risk=impact.amount("revenue_at_risk"),
        ),
    )


def _deployed(step: Reply, place: int) -> RecommendedAction:
    """A priority in words is mapped; one that the table does not know leaves the place in the list."""
    name, details = in_words(step.text("action") or ""), step.text("details")
    return RecommendedAction(
        action=": ".join(filter(None, (sentence(name).rstrip("."), details))),
        priority=PRIORITIES.get((step.label("priority") or "").lower(), place),
        reasoning=step.text("reasoning"),
        estimated_impact=ActionImpact(retention_probability=step.share("success_probability")),
    )
