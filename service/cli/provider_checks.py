"""The doctor's checks of who answers: one real call for each capability of each provider."""

from collections.abc import Callable, Iterator, Mapping

from providers.chain import IntelligenceChain
from providers.deadline import Deadline
from providers.errors import CustomerNotFound, ProviderError
from providers.interface import Connection, IntelligenceProvider
from providers.models import (
    AnalysisRequest,
    Answer,
    Capability,
    ChurnRequest,
    CustomerRef,
    DraftRequest,
    LtvRequest,
    Reason,
    RecommendationRequest,
    TicketContext,
    Turn,
)
from providers.ports import Clock
from service.cli.checks import Check, Result
from service.settings import Settings

HEALTH_CUSTOMER = "test_customer_high_ltv"
CALL_DEADLINE_S = 30.0

QUESTION = TicketContext(
    id="doctor",
    subject="Where is my parcel?",
    channel="email",
    priority="normal",
    version=1,
    tags=("lost_package",),
    conversation=(Turn(from_customer=True, content="My parcel has not arrived yet. Where is it?"),),
)

CURES = {
    Reason.ACCESS_REFUSED: "its key is refused: check the provider's key",
    Reason.UNREACHABLE: "check the provider's address, and the way there",
    Reason.TIMEOUT: "the provider is too slow: look at its own health",
    Reason.RATE_LIMITED: "wait a minute: the provider's quota is spent",
    Reason.INVALID_ANSWER: "what answers is not the provider, or is broken: check its address",
}
LOOK_AT_LOG = "look at the provider's log and ours"

Ask = Callable[[IntelligenceProvider, CustomerRef, Deadline], Answer]

ASKING: Mapping[Capability, Ask] = {
    Capability.ANALYZE: lambda provider, who, by: provider.analyze(AnalysisRequest(who), by),
    Capability.CHURN: lambda provider, who, by: provider.predict_churn(ChurnRequest(who), by),
    Capability.LTV: lambda provider, who, by: provider.forecast_ltv(LtvRequest(who), by),
    Capability.DRAFT: lambda provider, who, by: provider.draft_reply(
        DraftRequest(customer=who, ticket=QUESTION), by
    ),
    Capability.RECOMMEND: lambda provider, who, by: provider.recommend_actions(
        RecommendationRequest(customer=who, ticket=QUESTION), by
    ),
}


def check_providers(chain: IntelligenceChain, settings: Settings, clock: Clock) -> Iterator[Check]:
    customer = CustomerRef(settings.raw.get("QUIMBI_HEALTH_CUSTOMER", "").strip() or HEALTH_CUSTOMER)
    links = [chain.guarded(name) for name in chain.status()]
    for link in links:
        if link.policy is not None:
            yield _health(link, clock)
    for link in links:
        for capability in sorted(link.capabilities):
            yield _call(link, capability, customer, clock)
    generic = [link.name for link in links if link.generic]
    if generic:
        yield Check("fallback", Result.OK, f"{', '.join(generic)} answers where the others do not")
    else:
        cure = "add fallback to the end of INTELLIGENCE_PROVIDERS"
        yield Check("fallback", Result.WRONG, "none: a failing provider leaves agents without a draft", cure)


def _health(link: IntelligenceProvider, clock: Clock) -> Check:
    name = f"{link.name} health"
    health = link.check_health(Deadline.after(CALL_DEADLINE_S, clock))
    if health.connection is Connection.CONNECTED:
        return Check(name, Result.OK, "connected")
    return Check(name, Result.WRONG, health.reason or "unavailable", _cure(health.reason))


def _call(link: IntelligenceProvider, capability: Capability, customer: CustomerRef, clock: Clock) -> Check:
    name, started_s = f"{link.name} {capability}", clock.monotonic()
    try:
        answer = ASKING[capability](link, customer, Deadline.after(CALL_DEADLINE_S, clock))
        known = answer.known
    except CustomerNotFound:
        known = False
    except ProviderError as error:
        return Check(name, Result.WRONG, error.reason, _cure(error.reason))
    took = f"in {(clock.monotonic() - started_s) * 1000:.0f} ms"
    if known:
        return Check(name, Result.OK, f"answered {took}")
    return Check(name, Result.OK, f"answered {took} that it does not know {customer.id}")


def _cure(reason: Reason | None) -> str:
    return CURES.get(reason, LOOK_AT_LOG) if reason else LOOK_AT_LOG
