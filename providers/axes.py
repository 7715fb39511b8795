"""The axes of customer DNA and their segments: the catalogue that the desk shows.

Segment names are an open vocabulary: a provider may name others, which pass through as they come.
"""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Segment:
    name: str
    display_name: str
    description: str


@dataclass(frozen=True, slots=True)
class Axis:
    """`segments` in their order, from one end of the axis to the other."""

    name: str
    display_name: str
    description: str
    category: str
    segments: Sequence[Segment]


PURCHASE, SUPPORT = "purchase", "support"

AXES = (
    Axis(
        "purchase_frequency",
        "Purchase frequency",
        "How often the customer orders.",
        PURCHASE,
        (
            Segment("weekly_shopper", "Weekly shopper", "13 or more orders a year."),
            Segment("monthly_shopper", "Monthly shopper", "6 to 12 orders a year."),
            Segment("occasional_buyer", "Occasional buyer", "2 to 5 orders a year."),
            Segment("one_time_buyer", "One-time buyer", "One order so far."),
        ),
    ),
    Axis(
        "purchase_value",
        "Purchase value",
        "How much an order comes to.",
        PURCHASE,
        (
            Segment("high_value", "High value", "An average order above 150."),
            Segment("medium_value", "Medium value", "An average order of 50 to 150."),
            Segment("low_value", "Low value", "An average order below 50."),
        ),
    ),
    Axis(
        "category_exploration",
        "Category exploration",
        "How widely the customer buys across the range.",
        PURCHASE,
        (
            Segment("explorer", "Explorer", "Buys from 4 or more categories."),
            Segment("variety_seeker", "Variety seeker", "Buys from 2 or 3 categories."),
            Segment("focused_buyer", "Focused buyer", "Stays with one category."),
        ),
    ),
    Axis(
        "price_sensitivity",
        "Price sensitivity",
        "How much discounts decide.",
        PURCHASE,
        (
            Segment("full_price_buyer", "Full-price buyer", "Buys without waiting for a discount."),
            Segment("value_seeker", "Value seeker", "Takes a discount where there is one."),
            Segment("deal_hunter", "Deal hunter", "Buys mostly at a discount."),
        ),
    ),
    Axis(
        "purchase_cadence",
        "Purchase cadence",
        "How regular the orders are.",
        PURCHASE,
        (
            Segment("routine_buyer", "Routine buyer", "Orders at steady intervals."),
            Segment("seasonal_shopper", "Seasonal shopper", "Orders at certain times of the year."),
            Segment("irregular", "Irregular", "Orders without a pattern."),
        ),
    ),
    Axis(
        "customer_maturity",
        "Customer maturity",
        "How long the customer has been one.",
        PURCHASE,
        (
            Segment("long_term_loyal", "Long-term loyal", "A customer for 2 years or more."),
            Segment("established", "Established", "A customer for 6 to 24 months."),
            Segment("new_customer", "New customer", "A customer for less than 6 months."),
        ),
    ),
    Axis(
        "repurchase_behavior",
        "Repurchase behavior",
        "How often the same products are bought again.",
        PURCHASE,
        (
            Segment("highly_loyal", "Highly loyal", "80 % or more of the products are bought again."),
            Segment("moderate_repeater", "Moderate repeater", "40 to 80 % of the products are bought again."),
            Segment("low_loyalty", "Low loyalty", "Less than 40 % of the products are bought again."),
        ),
    ),
    Axis(
        "return_behavior",
        "Return behavior",
        "How often something goes back.",
        PURCHASE,
        (
            Segment("never_returns", "Never returns", "Nothing was ever sent back."),
            Segment("occasional_returner", "Occasional returner", "1 or 2 returns."),
            Segment("frequent_returner", "Frequent returner", "3 or more returns."),
        ),
    ),
    Axis(
        "communication_preference",
        "Communication preference",
        "How the customer gets in touch.",
        SUPPORT,
        (
            Segment("self_service", "Self-service", "Finds answers without contacting anybody."),
            Segment("email_preferred", "E-mail preferred", "Writes rather than calls."),
            Segment("phone_caller", "Phone caller", "Calls rather than writes."),
        ),
    ),
    Axis(
        "problem_complexity_profile",
        "Problem complexity",
        "How hard the customer's matters are to settle.",
        SUPPORT,
        (
            Segment("simple_questions", "Simple questions", "Asks what one answer settles."),
            Segment("moderate_issues", "Moderate issues", "Needs something to be looked into."),
            Segment("complex_problems", "Complex problems", "Needs several steps or people."),
        ),
    ),
    Axis(
        "loyalty_trajectory",
        "Loyalty trajectory",
        "Where the relationship is going.",
        SUPPORT,
        (
            Segment("growing_engagement", "Growing engagement", "Orders more, or for more, than before."),
            Segment("stable", "Stable", "Orders about as before."),
            Segment("declining", "Declining", "Orders less, or for less, than before."),
        ),
    ),
    Axis(
        "product_knowledge",
        "Product knowledge",
        "How well the customer knows the products.",
        SUPPORT,
        (
            Segment("expert", "Expert", "Knows the products in depth."),
            Segment("intermediate", "Intermediate", "Knows the basics."),
            Segment("beginner", "Beginner", "Is new to the products."),
        ),
    ),
    Axis(
        "value_sophistication",
        "Value sophistication",
        "What the customer weighs before buying.",
        SUPPORT,
        (
            Segment("value_aware", "Value-aware", "Weighs quality against price."),
            Segment("feature_focused", "Feature-focused", "Looks at what a product can do."),
            Segment("price_focused", "Price-focused", "Looks at the price first."),
        ),
    ),
)
