"""What every provider of customer intelligence offers."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar, Self

from marshmallow import Schema

from providers.deadline import Deadline
from providers.errors import ProviderError, UnsupportedCapability
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
    Reason,
    Recommendation,
    RecommendationRequest,
)
from providers.ports import ProviderHost


class Connection(StrEnum):
    CONNECTED = "connected"
    UNAVAILABLE = "unavailable"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderHealth:
    """The outcome of one real call. `reason` is None where connected.

    `retry_after_s` is the wait that a failing provider asks for, None where it names none.
    """

    connection: Connection
    reason: Reason | None = None
    retry_after_s: float | None = None

    @classmethod
    def failed(cls, error: ProviderError) -> Self:
        return cls(connection=Connection.UNAVAILABLE, reason=error.reason, retry_after_s=error.retry_after_s)


@dataclass(frozen=True, slots=True, kw_only=True)
class GuardPolicy:
    """How the chain guards calls to a provider that can fail.

    `max_concurrency` is for this process; `calls_per_minute` and `calls_per_hour` are the provider's
    quota for everyone, of which background calls get half. None means no limit.
    """

    cached: bool = True
    max_retries: int = 0
    attempt_timeout_s: float = 30.0
    max_concurrency: int | None = None
    calls_per_minute: int | None = None
    calls_per_hour: int | None = None


class IntelligenceProvider(ABC):
    """One source of customer intelligence: synchronous and thread-safe.

    A method may be called only for a declared capability; any other raises `UnsupportedCapability`.
    Every method ends by its deadline, and fails with a subclass of `errors.ProviderError` only.
    """

    name: str
    """Short lower-case name, by which configuration and provenance speak of it."""

    display_name: str
    """Name for people, and the `service` of its log lines."""

    generic: bool = False
    """True for words of no particular knowledge: asked last, degraded when others failed before it."""

    settings_schema: ClassVar[type[Schema] | None] = None
    """The environment variables it reads, so that configuration can be checked and documented."""

    @classmethod
    @abstractmethod
    def from_host(cls, host: ProviderHost) -> Self:
        """Make it from its environment variables. Raises `settings.SettingsError` naming each fault."""

    @property
    @abstractmethod
    def capabilities(self) -> frozenset[Capability]:
        """What it offers; the rest is never asked of it."""

    @property
    def policy(self) -> GuardPolicy | None:
        """How to guard its calls; None for one that computes locally and cannot fail."""
        return None

    @abstractmethod
    def check_health(self, deadline: Deadline) -> ProviderHealth:
        """Make one cheap real call."""

    def close(self) -> None:
        """Release connections and threads."""

    def analyze(self, request: AnalysisRequest, deadline: Deadline) -> CustomerIntelligence:
        raise UnsupportedCapability(self.name, Capability.ANALYZE)

    def predict_churn(self, request: ChurnRequest, deadline: Deadline) -> ChurnPrediction:
        raise UnsupportedCapability(self.name, Capability.CHURN)

    def forecast_ltv(self, request: LtvRequest, deadline: Deadline) -> LtvForecast:
        raise UnsupportedCapability(self.name, Capability.LTV)

    def draft_reply(self, request: DraftRequest, deadline: Deadline) -> Draft:
        raise UnsupportedCapability(self.name, Capability.DRAFT)

    def recommend_actions(self, request: RecommendationRequest, deadline: Deadline) -> Recommendation:
        raise UnsupportedCapability(self.name, Capability.RECOMMEND)
