"""Whether the desk works, and what of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from providers.chain import GuardStatus, IntelligenceChain
from providers.interface import Connection
from providers.models import FACTS, Capability, Reason
from providers.ports import ToggleSource
from service.cache import CacheStatus, GatedAnswerCache, InProcessAnswerCache
from service.database import Database, DatabaseUnavailable
from service.intelligence.outcomes import LastOutcome, OutcomeBoard

NOT_CHECKED_YET = "not_checked_yet"
MIGRATIONS_MISSING = "migrations_missing"
HANGING_S = 4.0
"""Facts without an answer for so long: the provider hangs, which its calls learn at their deadline only."""

ALWAYS_TOLD = ("quimbi",)
"""Providers that clients look for by name, configured or not."""


class Status(StrEnum):
    HEALTHY = "healthy"
    DEGRADED = "degraded"
    UNHEALTHY = "unhealthy"


class ServiceState(StrEnum):
    CONNECTED = "connected"
    UNAVAILABLE = "unavailable"
    DISABLED = "disabled"


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """`reasons`: service → why it is unavailable. `providers`: the enabled ones in order."""

    status: Status
    services: Mapping[str, ServiceState]
    reasons: Mapping[str, str]
    features: Mapping[str, bool]
    providers: Sequence[str]
    providers_chosen_by: str
    development_callers: bool


class HealthService:
    def __init__(
        self,
        *,
        database: Database,
        cache: GatedAnswerCache | InProcessAnswerCache,
        chain: IntelligenceChain,
        outcomes: OutcomeBoard,
        toggles: ToggleSource,
        remote: Sequence[str],
        chosen_by: str,
        development_callers: bool,
    ) -> None:
        """`remote`: providers that answer over a network or may fail like one that does.

        `development_callers`: whether who calls from this machine needs no key.
        """
        self._database = database
        self._cache = cache
        self._chain = chain
        self._outcomes = outcomes
        self._toggles = toggles
        self._remote = remote
        self._chosen_by = chosen_by
        self._development_callers = development_callers

    def health(self) -> Health:
        services: dict[str, ServiceState] = {"database": ServiceState.CONNECTED}
        reasons: dict[str, str] = {}
        services["redis_cache"] = _of_cache(self._cache.status())
        if services["redis_cache"] is ServiceState.UNAVAILABLE:
            reasons["redis_cache"] = Reason.UNREACHABLE
        try:
            at_head = self._database.at_head()
            outcomes = self._outcomes.latest() if at_head else self._outcomes.here()
            if not at_head:
                services["database"], reasons["database"] = ServiceState.UNAVAILABLE, MIGRATIONS_MISSING
        except DatabaseUnavailable as error:
            services["database"], reasons["database"] = ServiceState.UNAVAILABLE, str(error)
            outcomes = self._outcomes.here()
        self._add_providers(services, reasons, outcomes)
        return Health(
            status=_overall(services),
            services=services,
            reasons=reasons,
            features={
                "ai_draft_generation": self._chain.offers(Capability.DRAFT),
                "customer_intelligence": self._chain.offers(Capability.ANALYZE),
            },
            providers=self._toggles.enabled(),
            providers_chosen_by=self._chosen_by,
            development_callers=self._development_callers,
        )

    def ready(self) -> str | None:
        """Why requests cannot be taken; None where they can."""
        try:
            self._database.check()
            return (
                None
                if self._database.at_head()
                else "The database lacks migrations: flask --app wsgi db upgrade."
            )
        except DatabaseUnavailable:
            return "The database cannot be reached."

    def _add_providers(
        self,
        services: dict[str, ServiceState],
        reasons: dict[str, str],
        outcomes: Mapping[str, LastOutcome],
    ) -> None:
        enabled = self._toggles.enabled()
        guards = self._chain.status()
        for name in dict.fromkeys([*ALWAYS_TOLD, *self._remote]):
            service = f"{name}_api"
            if name not in self._remote or name not in enabled:
                services[service] = ServiceState.DISABLED
                continue
            if _hangs(guards[name]):
                services[service], reasons[service] = ServiceState.UNAVAILABLE, Reason.TIMEOUT
                continue
            outcome = outcomes.get(name)
            connected = outcome is not None and outcome.connection is Connection.CONNECTED
            services[service] = ServiceState.CONNECTED if connected else ServiceState.UNAVAILABLE
            if not connected:
                reasons[service] = (outcome.reason if outcome else None) or NOT_CHECKED_YET


def _hangs(guard: GuardStatus) -> bool:
    return any(guard.waiting_s.get(capability, 0.0) >= HANGING_S for capability in FACTS)


def _of_cache(status: CacheStatus) -> ServiceState:
    return ServiceState(status.value)


def _overall(services: Mapping[str, ServiceState]) -> Status:
    if services["database"] is ServiceState.UNAVAILABLE:
        return Status.UNHEALTHY
    away = ServiceState.UNAVAILABLE in services.values()
    return Status.DEGRADED if away else Status.HEALTHY
