"""The axes of customer DNA that the simulator's customers are described by: axis → segments, in order."""

AXES: dict[str, tuple[str, str, str] | tuple[str, str, str, str]] = {
    "purchase_frequency": ("weekly_shopper", "monthly_shopper", "occasional_buyer", "one_time_buyer"),
    "purchase_value": ("high_value", "medium_value", "low_value"),
    "category_exploration": ("explorer", "variety_seeker", "focused_buyer"),
    "price_sensitivity": ("full_price_buyer", "value_seeker", "deal_hunter"),
    "purchase_cadence": ("routine_buyer", "seasonal_shopper", "irregular"),
    "customer_maturity": ("long_term_loyal", "established", "new_customer"),
    "repurchase_behavior": ("highly_loyal", "moderate_repeater", "low_loyalty"),
    "return_behavior": ("never_returns", "occasional_returner", "frequent_returner"),
    "communication_preference": ("self_service", "email_preferred", "phone_caller"),
    "problem_complexity_profile": ("simple_questions", "moderate_issues", "complex_problems"),
    "loyalty_trajectory": ("growing_engagement", "stable", "declining"),
    "product_knowledge": ("expert", "intermediate", "beginner"),
    "value_sophistication": ("value_aware", "feature_focused", "price_focused"),
}
