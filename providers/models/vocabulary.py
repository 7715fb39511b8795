"""The words that questions and answers share."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Capability(StrEnum):
    ANALYZE = "analyze"
    CHURN = "predict_churn"
    LTV = "forecast_ltv"
    DRAFT = "draft_reply"
    RECOMMEND = "recommend_actions"


FACTS = frozenset({Capability.ANALYZE, Capability.CHURN, Capability.LTV})
TEXTS = frozenset({Capability.DRAFT, Capability.RECOMMEND})


class Source(StrEnum):
    """Where an answer came from."""

    FRESH = "fresh"
    CACHE = "cache"
    STALE = "stale"
    STORED = "stored"
    FALLBACK = "fallback"


class Reason(StrEnum):
    """Why an answer is not what a provider freshly said; part of the REST contract."""

    NOT_CONFIGURED = "not_configured"
    UNKNOWN_CUSTOMER = "unknown_customer"
    TIMEOUT = "timeout"
    UNREACHABLE = "unreachable"
    PROVIDER_ERROR = "provider_error"
    INVALID_ANSWER = "invalid_answer"
    ACCESS_REFUSED = "access_refused"
    REQUEST_REFUSED = "request_refused"
    RATE_LIMITED = "rate_limited"
    CIRCUIT_OPEN = "circuit_open"
    BUSY = "busy"
    IN_PROGRESS = "in_progress"


UNKNOWN_LEVEL = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """Who answered, how, and as of when. `degraded`: a provider that should have answered did not."""

    provider: str
    source: Source
    as_of: datetime
    degraded: bool = False
    reason: Reason | None = None

    def __post_init__(self) -> None:
        if self.as_of.tzinfo is None:
            raise ValueError("as_of must be timezone-aware")


def level_of(churn_risk: float | None) -> str:
    """The level of a churn risk where no provider named one: below 0.3 low, below 0.6 medium, else high."""
    if churn_risk is None:
        return UNKNOWN_LEVEL
    if churn_risk < 0.3:
        return "low"
    return "medium" if churn_risk < 0.6 else "high"
