"""Texts in place of a language model's: fixed sentences that state nothing about anybody's order."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Self

from providers.testing.quimbi_simulator.profiles import CustomerProfile, to_cents

OPENINGS = {
    "empathetic": "Thank you for telling us about this. I understand how frustrating it must be.",
    "apologetic": "I am sorry for the trouble this has caused you.",
    "professional": "Thank you for contacting us.",
    "concise": "Thank you for your message.",
}
LARGEST_FIGURE = 1e12
FRIENDLY_OPENING = "Hi, and thanks for getting in touch!"


@dataclass(frozen=True, slots=True, kw_only=True)
class SuggestedAction:
    name: str
    sentence: str
    priority: str
    reasoning: str
    success_probability: float
    estimated_cost: Decimal = Decimal(0)


_CONFIRM = SuggestedAction(
    name="confirm_details",
    sentence="Confirm the details of the case with the customer",
    priority="high",
    reasoning="The case can only be solved once its details are certain",
    success_probability=0.8,
)
_FOLLOW_UP = SuggestedAction(
    name="follow_up",
    sentence="Follow up until the customer confirms that the case is solved",
    priority="medium",
    reasoning="A case the customer considers open weighs on the next purchase",
    success_probability=0.7,
)
_REPLACE = SuggestedAction(
    name="send_replacement",
    sentence="Send a replacement with expedited shipping",
    priority="urgent",
    reasoning="The customer does not have what was ordered",
    success_probability=0.85,
    estimated_cost=Decimal("12.50"),
)
_TRACE = SuggestedAction(
    name="trace_shipment",
    sentence="Ask the carrier where the shipment is",
    priority="urgent",
    reasoning="The customer waits for a date",
    success_probability=0.75,
)
_CORRECT_INVOICE = SuggestedAction(
    name="correct_invoice",
    sentence="Check the invoice and correct what is wrong",
    priority="urgent",
    reasoning="A wrong amount is to be put right first",
    success_probability=0.9,
)

REMEDIES = {
    "billing_error": _CORRECT_INVOICE,
    "product_defect": _REPLACE,
    "lost_package": _REPLACE,
    "shipping_delay": _TRACE,
    "wrong_item": _REPLACE,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How much is at stake with a customer; None where it is not known."""

    churn_risk: float | None = None
    revenue_at_risk: Decimal | None = None

    @classmethod
    def of(cls, customer: CustomerProfile) -> Self:
        return cls(churn_risk=customer.churn_risk, revenue_at_risk=customer.revenue_at_risk)

    @classmethod
    def from_profile(cls, profile: Mapping[str, Any]) -> Self:
        """Reads what a caller sent along: top-level figures, or the nesting of an analysis."""
        churn_risk = _figure(profile, "churn_risk", "predictions")
        value = _figure(profile, "lifetime_value", "behavioral_metrics")
        if churn_risk is None or value is None:
            return cls(churn_risk=churn_risk)
        at_risk = to_cents(Decimal(str(value)) * Decimal(str(churn_risk)))
        return cls(churn_risk=churn_risk, revenue_at_risk=at_risk)

    @property
    def likely_to_leave(self) -> bool:
        return self.churn_risk is not None and self.churn_risk >= 0.6


def _figure(profile: Mapping[str, Any], name: str, group: str) -> float | None:
    nested = profile.get(group)
    figure = profile.get(name, nested.get(name) if isinstance(nested, dict) else None)
    return figure if isinstance(figure, int | float) and abs(figure) < LARGEST_FIGURE else None


def message(*, tone: str, channel: str, plainly: bool = False) -> str:
    opening = OPENINGS.get(tone, FRIENDLY_OPENING)
    body = "We are looking into it and will come back to you with an answer."
    if channel == "sms":
        return f"{OPENINGS['concise']} {body}"
    steps = " We will guide you through each step." if plainly else ""
    breaks = " " if channel in ("chat", "phone_script") else "\n\n"
    return breaks.join((opening, body + steps, "Is there anything else we can do for you?"))


def actions(issue_type: str) -> tuple[SuggestedAction, ...]:
    """Most pressing first."""
    remedy = REMEDIES.get(issue_type)
    return (remedy, _CONFIRM, _FOLLOW_UP) if remedy else (_CONFIRM, _FOLLOW_UP)


def talking_points(issue_type: str) -> list[str]:
    apology = ["Apologize sincerely"] if issue_type in REMEDIES else []
    return [*apology, "Say what happens next"]


def issue_of(ticket: Mapping[str, Any]) -> str:
    """The issue type a documented ticket names in its type, tags or subject; `general` where none."""
    named = str([ticket.get("issue_type"), ticket.get("tags"), ticket.get("subject")])
    words = named.lower().replace(" ", "_")
    return next((issue for issue in REMEDIES if issue in words), "general")
