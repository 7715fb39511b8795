"""`POST /api/generation/message`."""

from providers.errors import InvalidAnswer
from providers.models import Draft, DraftRequest, Provenance
from providers.quimbi.payloads import sending
from providers.quimbi.payloads.identity import check_customer
from providers.quimbi.payloads.reading import Reply, believable
from providers.quimbi.payloads.tables import their_channel

DEFAULT_TONE = "professional"
"""Asked for where the agent chose none: one dialect does not tell which tone it took."""


def draft_body(request: DraftRequest, external_id: str) -> dict[str, object]:
    """One body that satisfies both dialects: the profile and context of one, the history of the other."""
    turns = sending.turns(request.ticket)
    tone, channel = request.tone or DEFAULT_TONE, their_channel(request.ticket.channel)
    return {
        "customer_id": external_id,
        "customer_profile": sending.profile(request.facts, external_id),
        "context": {
            "goal": "resolve_support_issue",
            "channel": channel,
            "conversation": [
                {"from": "customer" if from_customer else "agent", "content": text}
                for from_customer, text in turns
            ],
            "constraints": _constraints(request, tone),
            "ticket": sending.ticket(request.ticket),
        },
        "conversation_history": [
            {"from_customer": from_customer, "text": text} for from_customer, text in turns
        ],
        "tone": tone,
        "channel": channel,
    }


@believable
def parse_draft(reply: Reply, request: DraftRequest, *, external_id: str, provenance: Provenance) -> Draft:
    check_customer(reply, external_id)
    if (message := reply.text("message")) is None:
        raise InvalidAnswer("the message is empty")
    return Draft(
        content=message,
        tone=reply.label("tone") or request.tone or DEFAULT_TONE,
        channel=request.ticket.channel,
        personalization_applied=_personalizations(reply),
        provenance=provenance,
    )


def _constraints(request: DraftRequest, tone: str) -> dict[str, object]:
    return {
        "tone": tone,
        "length": request.length,
        "locale": request.locale,
        "currency": request.currency,
        "include_offer": request.include_offer,
        "template": request.template,
        "include_actions": list(request.include_actions),
    }


def _personalizations(reply: Reply) -> tuple[str, ...]:
    """Listed in one dialect; names that are true in the other, where null and `{}` mean no."""
    if reply.holds("personalization_applied"):
        return reply.texts("personalization_applied")
    applied = reply.section("personalizations")
    return tuple(name for name in applied.names() if applied.is_true(name))
