"""What providers and the chain need of their host: implemented in `service/`, faked in `testing/`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Protocol

from providers.models import Answer, Capability, Contact, Order, ProviderRequest, Reason, Source
from providers.statistics import CustomerStatistics, ShopParameters


class Clock(Protocol):
    def now(self) -> datetime:
        """Wall time, timezone-aware UTC."""

    def monotonic(self) -> float:
        """Seconds on a scale that never goes back."""

    def sleep(self, seconds: float) -> None: ...


class Random(Protocol):
    def random(self) -> float:
        """Uniform in [0, 1)."""


class AnswerCache(Protocol):
    """Short-lived answers, as JSON bytes. Never raises: a cache that is down is an empty one."""

    def get(self, key: str) -> bytes | None: ...

    def set(self, key: str, value: bytes, *, ttl_s: int) -> None: ...

    def delete(self, *keys: str) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """Facts as they were kept. `outdated`: something has happened since that they cannot know of."""

    answer: Answer
    outdated: bool


class SnapshotStore(Protocol):
    """Last known good facts, one per customer, capability, arguments and provider. Never raises."""

    def held(
        self,
        capability: Capability,
        request: ProviderRequest,
        *,
        providers: Sequence[str],
        not_before: datetime,
    ) -> Sequence[Snapshot]:
        """Those of `providers` as of `not_before` or later, in the order of `providers`."""

    def keep(
        self, capability: Capability, request: ProviderRequest, answer: Answer, *, asked_at: datetime
    ) -> None:
        """In place of an older one. That something has happened after `asked_at` stays known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A key on the flight board: `mine` for the flight with this token, or another process's."""

    key: str
    token: str
    mine: bool


@dataclass(frozen=True, slots=True)
class Sighting:
    """Whether a flight is still under way; else `note` is what it left, None where nothing."""

    flying: bool
    note: str | None = None


class FlightBoard(Protocol):
    """Which calls are under way in any process. Never raises: None says that the board is out of reach."""

    def claim(self, key: str, *, ttl_s: float) -> Claim | None:
        """Make the key ours, unless another flight has it; it ends by itself after `ttl_s`."""

    def look(self, claim: Claim) -> Sighting | None:
        """How it stands with another process's flight."""

    def land(self, claim: Claim, note: str | None) -> None:
        """Give our key up, with a note for those who watch this very flight."""


class ToggleSource(Protocol):
    def enabled(self) -> Sequence[str]:
        """Names of the enabled providers, in the order in which they are asked."""


class CustomerHistory(Protocol):
    """What the desk may tell a provider of a customer, newest first. Never raises."""

    def recent_orders(self, customer_id: str, *, limit: int) -> Sequence[Order]: ...

    def recent_contacts(self, customer_id: str, *, limit: int) -> Sequence[Contact]: ...


class StatisticsSource(Protocol):
    """The desk's orders and contacts as figures. Raises `errors.Unreachable` where it cannot read them.

    Reads of a customer or of the parameters are single rows, of which the host may keep the latter for some
    seconds.
    """

    def statistics_of(self, customer_id: str, *, as_of: date) -> CustomerStatistics | None:
        """None for nobody of the desk. Nothing after `as_of` counts: an order of the future needs the log."""

    def parameters(self) -> ShopParameters | None:
        """Those in use, None until something was fitted."""

    def newest_order_day(self) -> date | None:
        """Of anybody, today at the latest: how far the desk's knowledge reaches."""


class Outcome(StrEnum):
    ANSWERED = "answered"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class CallRecord:
    """One attempt at a provider; `reason` is None where it answered."""

    provider: str
    capability: Capability
    outcome: Outcome
    reason: Reason | None
    duration_s: float
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ServedRecord:
    """One answer as it left the chain: whose, from where, and how old."""

    provider: str
    capability: Capability
    source: Source
    age_s: float
    degraded: bool
    reason: Reason | None


class CallObserver(Protocol):
    """Neither method may raise or wait: both run in the thread of whoever asked."""

    def called(self, record: CallRecord) -> None: ...

    def served(self, record: ServedRecord) -> None:
        """Once per answer, also from the cache: it has to be cheap."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderHost:
    """All that a provider is made from. `processes`: how many share the provider's limits.

    `statistics` is None where the host keeps none.
    """

    environment: Mapping[str, str]
    deployment: str
    clock: Clock
    random: Random
    history: CustomerHistory
    processes: int = 1
    statistics: StatisticsSource | None = None
