"""The stub's texts, told apart by tone, length, options and the axes of the customer."""

from collections.abc import Mapping
from decimal import Decimal

from providers.models import (
    ActionImpact,
    CustomerIntelligence,
    DraftRequest,
    RecommendedAction,
    TicketContext,
    level_of,
)

DEFAULT_TONE = "friendly"
SMS_CHARACTERS = 160

OPENINGS: Mapping[str, str] = {
    "friendly": "Thanks for your message, happy to help!",
    "professional": "Thank you for contacting us.",
    "empathetic": "Thank you for telling us, I understand that this matters to you.",
    "apologetic": "I am sorry for the trouble.",
    "concise": "Thank you, noted.",
}
CLOSINGS: Mapping[str, str] = {
    "short": "I will be in touch.",
    "medium": "I will look into it and be in touch.",
    "long": "I will look into it and be in touch. Until then, feel free to add anything that may help.",
}
SENTENCES: Mapping[str, tuple[str, str]] = {
    "beginner": ("I will explain each step as we go.", "Adjusted for beginner"),
    "expert": ("I will keep it to the technical point.", "Adjusted for expert"),
    "complex_problems": ("One person will stay with this to the end.", "Adjusted for complex problems"),
    "phone_caller": ("If you would rather talk, I can call you.", "Adjusted for phone caller"),
    "self_service": ("Our help pages show the steps, too.", "Adjusted for self service"),
    "deal_hunter": ("I will look for the option that costs you least.", "Adjusted for deal hunter"),
    "long_term_loyal": ("Thank you for having been with us so long.", "Adjusted for long term loyal"),
    "new_customer": ("Welcome, it is good to have you with us.", "Adjusted for new customer"),
}
"""Segment → what is said for it, and how that is told to the agent."""

GUIDANCE: Mapping[str, str] = {
    "deal_hunter": "Lead with value for money.",
    "full_price_buyer": "Speak of quality rather than discounts.",
    "beginner": "Explain every step in plain words.",
    "expert": "Be brief and technical.",
    "phone_caller": "Offer a call.",
    "self_service": "Link to the help pages.",
    "complex_problems": "Keep one person in charge of the whole problem.",
    "long_term_loyal": "Acknowledge how long the customer has been with you.",
    "new_customer": "Welcome the customer.",
    "declining": "Take care: the customer is turning away.",
}

OFFER = "As a thank-you, we have an offer for you."
SENTENCES_BY_LENGTH: Mapping[str, int] = {"short": 0, "medium": 1, "long": 3}


def guidance_for(segments: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(GUIDANCE[segment] for segment in segments.values() if segment in GUIDANCE)


def reply(request: DraftRequest, segments: Mapping[str, str]) -> tuple[str, str, tuple[str, ...]]:
    """Content, tone, and what was personalised. An SMS drops what does not fit."""
    tone = request.tone if request.tone and request.tone in OPENINGS else DEFAULT_TONE
    length = request.length if request.length and request.length in CLOSINGS else "medium"
    spoken = [SENTENCES[segment] for segment in segments.values() if segment in SENTENCES]
    extras = spoken[: SENTENCES_BY_LENGTH[length]]
    if request.include_offer:
        extras.append((OFFER, "Included an offer"))
    if request.template is not None:
        extras.append(("This follows our usual steps.", "Followed a template"))
    if request.include_actions:
        extras.append(("The agreed steps are under way.", "Included the chosen actions"))
    opening, closing = OPENINGS[tone], CLOSINGS[length]
    if request.ticket.channel == "sms":
        return _fitted(opening, extras, CLOSINGS["short"], tone)
    separator = "\n\n" if request.ticket.channel in {"email", "form"} else " "
    sentences = [opening, *(sentence for sentence, _ in extras), closing]
    return separator.join(sentences), tone, tuple(name for _, name in extras)


def _fitted(
    opening: str, extras: list[tuple[str, str]], closing: str, tone: str
) -> tuple[str, str, tuple[str, ...]]:
    content, applied = opening, []
    for sentence, name in extras:
        if len(f"{content} {sentence} {closing}") <= SMS_CHARACTERS:
            content = f"{content} {sentence}"
            applied.append(name)
    return f"{content} {closing}", tone, tuple(applied)


# ---------------------------------------------------------------- recommendations


def actions_for(
    ticket: TicketContext, churn_risk: float | None, at_stake: Decimal | None
) -> tuple[RecommendedAction, ...]:
    """Most pressing first; the more a customer is at risk, the more is suggested."""
    suggested = ["Apologise and confirm what went wrong"] if ticket.priority in {"urgent", "high"} else []
    suggested.append("Answer the customer's question")
    if level_of(churn_risk) == "high":
        suggested.insert(0, "Send a replacement or a refund at once")
    if level_of(churn_risk) in {"medium", "high"}:
        suggested.append("Follow up after the solution")
    return tuple(
        RecommendedAction(
            action=action,
            priority=priority,
            reasoning=f"The churn risk is {level_of(churn_risk)}.",
            estimated_impact=impact(churn_risk, at_stake) if priority == 1 else ActionImpact(),
        )
        for priority, action in enumerate(suggested, start=1)
    )


def impact(churn_risk: float | None, at_stake: Decimal | None) -> ActionImpact:
    """`retention_probability`: half of the risk is assumed to be averted."""
    if churn_risk is None:
        return ActionImpact()
    return ActionImpact(retention_probability=round(1 - churn_risk / 2, 4), revenue_at_risk=at_stake)


def urgency(ticket: TicketContext, churn_risk: float | None) -> str:
    if ticket.priority == "urgent" or level_of(churn_risk) == "high":
        return "urgent"
    return "high" if ticket.priority == "high" or level_of(churn_risk) == "medium" else "normal"


def at_risk(facts: CustomerIntelligence) -> Decimal | None:
    """Churn risk times lifetime value, None where either is."""
    risk, value = facts.predictions.churn_risk, facts.metrics.lifetime_value
    if risk is None or value is None:
        return None
    return (value * Decimal(str(risk))).quantize(Decimal("0.01"))
