"""How to speak with a customer: sentences that follow from the axes and the risk."""

from collections.abc import Mapping

from providers.statistical.axes.reading import OnAxes
from providers.statistical.forecasting import RiskTold
from providers.statistical.knowing import Why

SURE_ENOUGH = 0.5
"""How far a customer must belong to a segment before a sentence is made of it."""
HIGH_RISK = 0.6

SENTENCES: Mapping[tuple[str, str], str] = {
    ("purchase_frequency", "weekly_shopper"): "Orders often: skip introductions and refer to recent orders.",
    (
        "purchase_frequency",
        "one_time_buyer",
    ): "Has ordered once: explain the next steps, assume no knowledge.",
    ("purchase_value", "high_value"): "Orders of high value: offer a personal contact.",
    ("price_sensitivity", "deal_hunter"): "Buys mostly at a discount: lead with value for money.",
    ("price_sensitivity", "full_price_buyer"): "Buys at full price: lead with quality, not with discounts.",
    ("customer_maturity", "long_term_loyal"): "A customer for two years or more: acknowledge it.",
    ("customer_maturity", "new_customer"): "A new customer: a good first answer counts most.",
    (
        "return_behavior",
        "frequent_returner",
    ): "Returns often: make the way back easy and ask what did not fit.",
    ("communication_preference", "phone_caller"): "Prefers the phone: offer a call.",
    ("communication_preference", "email_preferred"): "Prefers writing: answer in full in one message.",
    ("problem_complexity_profile", "complex_problems"): "Matters were hard to settle: keep one contact.",
    ("loyalty_trajectory", "growing_engagement"): "Orders more than before: thank them for it.",
    ("loyalty_trajectory", "declining"): "Orders less than before: ask what has changed.",
    ("product_knowledge", "expert"): "Probably knows the products well: be brief and precise.",
    ("product_knowledge", "beginner"): "Probably new to the products: explain, without jargon.",
}


def guidance(axes: OnAxes, risk: RiskTold | Why) -> tuple[str, ...]:
    """At most one sentence per axis, in the order above."""
    told = [
        sentence
        for (axis, segment), sentence in SENTENCES.items()
        if axes.memberships.get(axis, {}).get(segment, 0.0) >= SURE_ENOUGH
    ]
    if axes.lapsed:
        told.insert(0, "The last order is more than a year ago: do not assume that they know today's range.")
    elif isinstance(risk, RiskTold) and risk.silent >= HIGH_RISK:
        told.insert(0, "May not order again soon: settle the matter first, sell nothing before that.")
    return tuple(told)
