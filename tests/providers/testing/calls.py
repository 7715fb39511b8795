from collections.abc import Callable
from typing import Any

import requests

PATHS = {
    "analyze": "/api/intelligence/analyze",
    "churn": "/api/intelligence/predict/churn",
    "ltv": "/api/intelligence/predict/ltv",
    "message": "/api/generation/message",
    "actions": "/api/generation/actions",
}

Ask = Callable[..., requests.Response]


def full_body(customer_id: Any) -> dict[str, Any]:
    """A body that satisfies both dialects at every endpoint."""
    return {
        "customer_id": customer_id,
        "customer_profile": {"customer_id": customer_id, "churn_risk": 0.82, "lifetime_value": 640.4},
        "scenario": "support_ticket",
        "issue_type": "lost_package",
        "conversation_history": [{"from_customer": True, "text": "Where is my parcel?"}],
        "context": {
            "goal": "resolve_support_issue",
            "channel": "email",
            "conversation": [{"from": "customer", "content": "Where is my parcel?"}],
            "ticket": {"subject": "Lost package"},
        },
    }
