"""The provider of last resort."""

from typing import Self

from providers.deadline import Deadline
from providers.fallback.catalogue import BASE_LOCALE, Catalogue, Register, catalogue_for
from providers.fallback.situations import agent_wrote_last, situation_of
from providers.interface import Connection, IntelligenceProvider, ProviderHealth
from providers.models import (
    AnalysisRequest,
    Capability,
    ChurnPrediction,
    ChurnRequest,
    CustomerIntelligence,
    Draft,
    DraftRequest,
    LtvForecast,
    LtvRequest,
    Provenance,
    Recommendation,
    RecommendationRequest,
    RecommendedAction,
    Source,
)
from providers.ports import Clock, ProviderHost

REGISTERS = {"email": "letter", "form": "letter", "chat": "chat", "sms": "sms", "phone": "phone"}
DEFAULT_REGISTER = "letter"
DEFAULT_TONE = "professional"
DEFAULT_LENGTH = "medium"
FOLLOW_UP = "follow_up"


class FallbackProvider(IntelligenceProvider):
    """Answers everything at once, a passed deadline included: it is what is left when time has run out."""

    name = "fallback"
    display_name = "Fallback"
    generic = True

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    @classmethod
    def from_host(cls, host: ProviderHost) -> Self:
        return cls(host.clock)

    @property
    def capabilities(self) -> frozenset[Capability]:
        return frozenset(Capability)

    def check_health(self, deadline: Deadline) -> ProviderHealth:
        return ProviderHealth(connection=Connection.CONNECTED)

    def analyze(self, request: AnalysisRequest, deadline: Deadline) -> CustomerIntelligence:
        return CustomerIntelligence(
            provenance=self._provenance(),
            known=False,
            customer_id=request.customer.id,
            communication_guidance=catalogue_for(BASE_LOCALE).guidance,
        )

    def predict_churn(self, request: ChurnRequest, deadline: Deadline) -> ChurnPrediction:
        return ChurnPrediction(
            provenance=self._provenance(),
            known=False,
            customer_id=request.customer.id,
            window_days=request.window_days,
        )

    def forecast_ltv(self, request: LtvRequest, deadline: Deadline) -> LtvForecast:
        return LtvForecast(
            provenance=self._provenance(),
            known=False,
            customer_id=request.customer.id,
            horizon_months=request.horizon_months,
        )

    def draft_reply(self, request: DraftRequest, deadline: Deadline) -> Draft:
        catalogue = catalogue_for(request.locale)
        register = catalogue.drafts[REGISTERS.get(request.ticket.channel, DEFAULT_REGISTER)]
        tone = request.tone if request.tone and request.tone in register.opening else DEFAULT_TONE
        situation = situation_of(request.ticket, catalogue)
        if agent_wrote_last(request.ticket):
            situation = FOLLOW_UP
        return Draft(
            provenance=self._provenance(),
            content=compose(register, situation, tone, request.length),
            tone=tone,
            channel=request.ticket.channel,
            warnings=_not_done(request, catalogue),
        )

    def recommend_actions(self, request: RecommendationRequest, deadline: Deadline) -> Recommendation:
        catalogue = catalogue_for(request.locale)
        situation = catalogue.situations[situation_of(request.ticket, catalogue)]
        actions = tuple(
            RecommendedAction(action=advice.action, priority=priority, reasoning=advice.reasoning)
            for priority, advice in enumerate(situation.actions, start=1)
        )
        return Recommendation(
            provenance=self._provenance(),
            actions=actions,
            warnings=(catalogue.warnings.general_advice,),
            talking_points=situation.talking_points,
        )

    def _provenance(self) -> Provenance:
        return Provenance(provider=self.name, source=Source.FALLBACK, as_of=self._clock.now())


def compose(register: Register, situation: str, tone: str, length: str | None) -> str:
    """Short: what was received and what comes next; medium asks for what is missing; long adds a courtesy."""
    openings = register.follow_up if situation == FOLLOW_UP else register.opening
    ask, next_step, extra = register.ask[situation], register.next_step[tone], register.extra
    body = {"short": (next_step,), "medium": (ask, next_step), "long": (ask, next_step, extra)}
    sentences = body.get(length or DEFAULT_LENGTH, body[DEFAULT_LENGTH])
    parts = (register.greeting, openings[tone], *sentences, register.sign_off)
    return register.separator.join(part for part in parts if part)


def _not_done(request: DraftRequest, catalogue: Catalogue) -> tuple[str, ...]:
    """What was asked for and is not in the text."""
    warnings = catalogue.warnings
    asked = {
        warnings.no_offer: request.include_offer,
        warnings.no_template: request.template is not None,
        warnings.no_actions: bool(request.include_actions),
    }
    return tuple(warning for warning, wanted in asked.items() if wanted)
