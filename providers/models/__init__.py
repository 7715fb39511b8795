"""What a provider is asked, and what it answers: frozen, typed, validated when made.

Amounts are `Decimal` in `currency` (ISO 4217, None where it is not known), probabilities are 0..1, times
are timezone-aware UTC. None means "not known", never zero. A constructor raises `ValueError` for what
cannot be true, NaN included; an adapter turns that into `errors.InvalidAnswer`.
"""

from providers.models.answers import (
    ActionImpact,
    Answer,
    Archetype,
    Basis,
    BehavioralMetrics,
    ChurnFactor,
    ChurnPrediction,
    ConfidenceInterval,
    CustomerIntelligence,
    Draft,
    LtvForecast,
    Predictions,
    Recommendation,
    RecommendedAction,
)
from providers.models.checks import AMOUNT_LIMIT
from providers.models.questions import (
    AnalysisRequest,
    ChurnRequest,
    Contact,
    CustomerRef,
    DraftRequest,
    LtvRequest,
    Order,
    OrderLine,
    ProviderRequest,
    RecommendationRequest,
    TicketContext,
    Turn,
)
from providers.models.vocabulary import (
    FACTS,
    TEXTS,
    UNKNOWN_LEVEL,
    Capability,
    Provenance,
    Reason,
    Source,
    level_of,
)

__all__ = [
    "AMOUNT_LIMIT",
    "FACTS",
    "TEXTS",
    "UNKNOWN_LEVEL",
    "ActionImpact",
    "AnalysisRequest",
    "Answer",
    "Archetype",
    "Basis",
    "BehavioralMetrics",
    "Capability",
    "ChurnFactor",
    "ChurnPrediction",
    "ChurnRequest",
    "ConfidenceInterval",
    "Contact",
    "CustomerIntelligence",
    "CustomerRef",
    "Draft",
    "DraftRequest",
    "LtvForecast",
    "LtvRequest",
    "Order",
    "OrderLine",
    "Predictions",
    "Provenance",
    "ProviderRequest",
    "Reason",
    "Recommendation",
    "RecommendationRequest",
    "RecommendedAction",
    "Source",
    "TicketContext",
    "Turn",
    "level_of",
]
