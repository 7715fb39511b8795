"""The questions of the suite, and how they are put."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from providers.deadline import Deadline
from providers.interface import IntelligenceProvider
from providers.models import (
    AnalysisRequest,
    Answer,
    Capability,
    ChurnPrediction,
    ChurnRequest,
    CustomerIntelligence,
    CustomerRef,
    Draft,
    DraftRequest,
    LtvForecast,
    LtvRequest,
    ProviderRequest,
    Recommendation,
    RecommendationRequest,
    TicketContext,
    Turn,
)

CHANNELS = ("email", "sms", "chat", "phone", "form")
TONES = ("friendly", "professional", "empathetic", "apologetic", "concise")
LENGTHS = ("short", "medium", "long")

TICKET = TicketContext(
    id="ticket_123",
    subject="Where is my parcel?",
    channel="email",
    priority="normal",
    version=1,
    tags=("shipping",),
    conversation=(Turn(from_customer=True, content="I ordered last week and nothing has arrived."),),
)


class WallClock:
    """Real time."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)


@dataclass(frozen=True, slots=True)
class Question:
    ask: Callable[[IntelligenceProvider, Any, Deadline], Answer]
    request: Callable[[CustomerRef], ProviderRequest]
    answered_by: type[Answer]


QUESTIONS: Mapping[Capability, Question] = {
    Capability.ANALYZE: Question(
        lambda provider, request, deadline: provider.analyze(request, deadline),
        AnalysisRequest,
        CustomerIntelligence,
    ),
    Capability.CHURN: Question(
        lambda provider, request, deadline: provider.predict_churn(request, deadline),
        ChurnRequest,
        ChurnPrediction,
    ),
    Capability.LTV: Question(
        lambda provider, request, deadline: provider.forecast_ltv(request, deadline),
        LtvRequest,
        LtvForecast,
    ),
    Capability.DRAFT: Question(
        lambda provider, request, deadline: provider.draft_reply(request, deadline),
        lambda customer: DraftRequest(customer=customer, ticket=TICKET),
        Draft,
    ),
    Capability.RECOMMEND: Question(
        lambda provider, request, deadline: provider.recommend_actions(request, deadline),
        lambda customer: RecommendationRequest(customer=customer, ticket=TICKET),
        Recommendation,
    ),
}


def ticket(**changes: Any) -> TicketContext:
    return replace(TICKET, **changes)


HOSTILE_TEXTS: Mapping[str, str] = {
    "a NUL byte": "before\x00after",
    "lone surrogates": "\ud800 and \udfff",
    "right to left": "\u202e\u05e9\u05dc\u05d5\u05dd\u202c \u0645\u0631\u062d\u0628\u0627",
    "emoji": "👩‍👩‍👧‍👦🏳️‍🌈" * 50,
    "controls": "".join(map(chr, range(32))) + "\x7f\x85\u2028",
    "markup": "<script>alert(1)</script> {{7*7}} ${x} %s %(a)s {0} '; DROP TABLE tickets;--",
    "brackets": "[" * 10_000,
    "nothing": "",
    "blanks": " \n\t\u200b ",
    "one long word": "ä" * 200_000,
}
LONG_CONVERSATION = tuple(
    Turn(from_customer=position % 2 == 0, content=f"Message {position}. " + "word " * 100)
    for position in range(2_000)
)
HOSTILE_IDS = ("../../etc/passwd", "..", "a b?c=d&e#f", "ключ", "%00", "x" * 300, "\x00", "\ud800", "")
