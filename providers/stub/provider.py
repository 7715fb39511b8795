"""The provider that QA scripts."""

from collections.abc import Callable
from typing import Any, Self, TypeVar

from providers import errors
from providers.deadline import Deadline
from providers.interface import Connection, GuardPolicy, IntelligenceProvider, ProviderHealth
from providers.models import (
    TEXTS,
    AnalysisRequest,
    Answer,
    Capability,
    ChurnPrediction,
    ChurnRequest,
    CustomerIntelligence,
    Draft,
    DraftRequest,
    LtvForecast,
    LtvRequest,
    ProviderRequest,
    Recommendation,
    RecommendationRequest,
)
from providers.ports import Clock, ProviderHost
from providers.stub import answers
from providers.stub.personas import persona_of
from providers.stub.record import Asked, Record
from providers.stub.script import Rule, Script, ScriptSource, Unscripted
from providers.stub.script_file import ScriptFile
from providers.stub.settings import StubSettings, StubSettingsSchema

A = TypeVar("A", bound=Answer)
HEALTH_CUSTOMER = "test_customer_high_ltv"


class StubProvider(IntelligenceProvider):
    """Deterministic by the customer's id. `asked` holds the last thousand questions, oldest first."""

    name = answers.NAME
    display_name = "Stub"
    settings_schema = StubSettingsSchema

    def __init__(self, settings: StubSettings, clock: Clock, script: ScriptSource | None = None) -> None:
        """`script` goes before the file that the settings name."""
        self._clock = clock
        self._record = Record(clock, settings.record)
        from_file = ScriptFile(settings.script) if settings.script else None
        self._source: ScriptSource = script or from_file or Unscripted()

    @classmethod
    def from_host(cls, host: ProviderHost) -> Self:
        return cls(StubSettings.parse(host.environment), host.clock)

    @property
    def capabilities(self) -> frozenset[Capability]:
        return frozenset(Capability)

    @property
    def policy(self) -> GuardPolicy:
        """Neither cached nor retried, so that a scripted fault shows at the very next call."""
        return GuardPolicy(cached=False, max_retries=0)

    @property
    def asked(self) -> tuple[Asked, ...]:
        return self._record.asked()

    def forget(self) -> None:
        """What it was asked so far."""
        self._record.forget()

    def check_health(self, deadline: Deadline) -> ProviderHealth:
        """As an analysis would go now; it uses up no rule and is not recorded as asked."""
        rule = self._script().peek(Capability.ANALYZE, HEALTH_CUSTOMER)
        try:
            self._obey(rule, Capability.ANALYZE, deadline)
        except errors.CustomerNotFound:
            return ProviderHealth(connection=Connection.CONNECTED)
        except errors.ProviderError as error:
            return ProviderHealth.failed(error)
        return ProviderHealth(connection=Connection.CONNECTED)

    def analyze(self, request: AnalysisRequest, deadline: Deadline) -> CustomerIntelligence:
        return self._answer(Capability.ANALYZE, request, deadline, answers.intelligence)

    def predict_churn(self, request: ChurnRequest, deadline: Deadline) -> ChurnPrediction:
        return self._answer(Capability.CHURN, request, deadline, answers.churn)

    def forecast_ltv(self, request: LtvRequest, deadline: Deadline) -> LtvForecast:
        return self._answer(Capability.LTV, request, deadline, answers.forecast)

    def draft_reply(self, request: DraftRequest, deadline: Deadline) -> Draft:
        return self._answer(Capability.DRAFT, request, deadline, answers.draft)

    def recommend_actions(self, request: RecommendationRequest, deadline: Deadline) -> Recommendation:
        return self._answer(Capability.RECOMMEND, request, deadline, answers.recommendation)

    def _answer(
        self,
        capability: Capability,
        request: ProviderRequest,
        deadline: Deadline,
        usual: Callable[[Any, Any, Any], A],
    ) -> A:
        external_id = request.customer.known_as(self.name)
        self._record.note(capability, request, external_id)
        rule = self._script().take(capability, request.customer, external_id)
        self._obey(rule, capability, deadline)
        persona = persona_of(external_id)
        if persona is None and capability in TEXTS:
            raise errors.CustomerNotFound
        answer = usual(persona, request, self._clock.now())
        return _changed(answer, rule) if rule and rule.answer else answer

    def _obey(self, rule: Rule | None, capability: Capability, deadline: Deadline) -> None:
        """Wait and fail as the rule says. Raises `TimedOut` at the deadline where that comes first."""
        delay_s = rule.delay_s if rule else 0.0
        remaining_s = deadline.remaining_s
        if remaining_s <= delay_s:
            self._clock.sleep(remaining_s)
            raise errors.TimedOut("the deadline passed")
        if delay_s:
            self._clock.sleep(delay_s)
        error = rule.error(capability) if rule else None
        if error is not None:
            raise error

    def _script(self) -> Script:
        return self._source.current()


def _changed(answer: A, rule: Rule) -> A:
    try:
        return answers.changed(answer, rule.answer or {})
    except ValueError as error:  # sound for the sample it was checked on, not for this customer
        raise errors.InvalidAnswer("the scripted answer does not fit this customer") from error
