"""Everything a provider or the chain needs of its host, in memory."""

import math
import threading
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from itertools import count
from typing import Any

from providers.models import Answer, Capability, Contact, Order, ProviderRequest
from providers.ports import (
    CallRecord,
    Claim,
    Clock,
    CustomerHistory,
    ProviderHost,
    ServedRecord,
    Sighting,
    Snapshot,
)
from providers.statistics import (
    ContactStatistics,
    CustomerStatistics,
    OrderFact,
    ShopParameters,
    summarise,
)
from providers.testing.clock import EPOCH, FakeClock, FixedRandom
from providers.testing.scripted import ScriptedCall, ScriptedProvider, sample_answer

__all__ = [
    "EPOCH",
    "FakeClock",
    "FixedRandom",
    "InMemoryAnswerCache",
    "InMemoryFlightBoard",
    "InMemorySnapshotStore",
    "NoHistory",
    "RecordedHistory",
    "RecordedOrders",
    "RecordingObserver",
    "ScriptedCall",
    "ScriptedProvider",
    "StaticToggles",
    "make_host",
    "sample_answer",
]


class InMemoryAnswerCache:
    """`down` makes it what a cache that cannot be reached is to its users: empty."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._entries: dict[str, tuple[bytes, float]] = {}
        self._lock = threading.Lock()
        self.down = False

    def get(self, key: str) -> bytes | None:
        with self._lock:
            value, expires_at_s = self._entries.get(key, (None, -math.inf))
            return value if not self.down and self._clock.monotonic() < expires_at_s else None

    def set(self, key: str, value: bytes, *, ttl_s: int) -> None:
        with self._lock:
            if not self.down:
                self._entries[key] = (value, self._clock.monotonic() + ttl_s)

    def delete(self, *keys: str) -> None:
        with self._lock:
            for key in () if self.down else keys:
                self._entries.pop(key, None)

    def ttl_s(self, key: str) -> float | None:
        """Seconds left, None where the key is absent."""
        with self._lock:
            remaining_s = self._entries.get(key, (b"", -math.inf))[1] - self._clock.monotonic()
            return remaining_s if remaining_s > 0 else None

    def keys(self) -> list[str]:
        return sorted(key for key in list(self._entries) if self.ttl_s(key) is not None)


class InMemoryFlightBoard:
    """One for all who play processes; `down` takes it out of their reach."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._flights: dict[str, tuple[str, float]] = {}
        self._notes: dict[str, str] = {}
        self._tokens = count()
        self._lock = threading.Lock()
        self.down = False

    def claim(self, key: str, *, ttl_s: float) -> Claim | None:
        with self._lock:
            if self.down:
                return None
            holder = self._holder(key)
            if holder is not None:
                return Claim(key=key, token=holder, mine=False)
            token = f"flight-{next(self._tokens)}"
            self._flights[key] = (token, self._clock.monotonic() + ttl_s)
            return Claim(key=key, token=token, mine=True)

    def look(self, claim: Claim) -> Sighting | None:
        with self._lock:
            if self.down:
                return None
            if self._holder(claim.key) == claim.token:
                return Sighting(flying=True)
            return Sighting(flying=False, note=self._notes.get(claim.token))

    def land(self, claim: Claim, note: str | None) -> None:
        with self._lock:
            if self.down:
                return
            if self._holder(claim.key) == claim.token:
                del self._flights[claim.key]
            if note is not None:
                self._notes[claim.token] = note

    def _holder(self, key: str) -> str | None:
        token, until_s = self._flights.get(key, ("", -math.inf))
        return token if self._clock.monotonic() < until_s else None


SnapshotKey = tuple[str, Capability, frozenset[tuple[str, str | int]], str]


class InMemorySnapshotStore:
    def __init__(self) -> None:
        self._snapshots: dict[SnapshotKey, Snapshot] = {}
        self._marked_at: dict[str, datetime] = {}
        self._lock = threading.Lock()

    def held(
        self,
        capability: Capability,
        request: ProviderRequest,
        *,
        providers: Sequence[str],
        not_before: datetime,
    ) -> Sequence[Snapshot]:
        with self._lock:
            kept = [self._snapshots.get(_snapshot_key(capability, request, name)) for name in providers]
        return [each for each in kept if each is not None and each.answer.provenance.as_of >= not_before]

    def keep(
        self, capability: Capability, request: ProviderRequest, answer: Answer, *, asked_at: datetime
    ) -> None:
        with self._lock:
            marked_at = self._marked_at.get(request.customer.id)
            self._snapshots[_snapshot_key(capability, request, answer.provenance.provider)] = Snapshot(
                answer=answer, outdated=marked_at is not None and marked_at > asked_at
            )

    def mark_outdated(self, customer_id: str, at: datetime) -> None:
        with self._lock:
            self._marked_at[customer_id] = at
            for key, snapshot in self._snapshots.items():
                if key[0] == customer_id:
                    self._snapshots[key] = replace(snapshot, outdated=True)

    def __len__(self) -> int:
        return len(self._snapshots)


def _snapshot_key(capability: Capability, request: ProviderRequest, provider: str) -> SnapshotKey:
    return request.customer.id, capability, frozenset(request.arguments.items()), provider


class StaticToggles:
    """The enabled providers in order; assign `names` to switch."""

    def __init__(self, *names: str) -> None:
        self.names: tuple[str, ...] = names

    def enabled(self) -> Sequence[str]:
        return self.names


class NoHistory:
    def recent_orders(self, customer_id: str, *, limit: int) -> Sequence[Order]:
        return ()

    def recent_contacts(self, customer_id: str, *, limit: int) -> Sequence[Contact]:
        return ()


class RecordedHistory:
    """Orders and contacts by customer id, newest first as given."""

    def __init__(
        self,
        *,
        orders: Mapping[str, Sequence[Order]] | None = None,
        contacts: Mapping[str, Sequence[Contact]] | None = None,
    ) -> None:
        self._orders = orders or {}
        self._contacts = contacts or {}

    def recent_orders(self, customer_id: str, *, limit: int) -> Sequence[Order]:
        return self._orders.get(customer_id, ())[:limit]

    def recent_contacts(self, customer_id: str, *, limit: int) -> Sequence[Contact]:
        return self._contacts.get(customer_id, ())[:limit]


class RecordedOrders:
    """`StatisticsSource` over whole logs by customer id. `fitted` may be assigned, too."""

    def __init__(
        self,
        orders: Mapping[str, Sequence[OrderFact]],
        *,
        contacts: Mapping[str, ContactStatistics] | None = None,
        fitted: ShopParameters | None = None,
    ) -> None:
        self._orders = orders
        self._contacts = contacts or {}
        self.fitted = fitted

    def statistics_of(self, customer_id: str, *, as_of: date) -> CustomerStatistics | None:
        orders = self._orders.get(customer_id)
        if orders is None:
            return None
        return summarise(orders, self._contacts.get(customer_id), as_of=as_of)

    def parameters(self) -> ShopParameters | None:
        return self.fitted

    def newest_order_day(self) -> date | None:
        return max((order.day for orders in self._orders.values() for order in orders), default=None)


class RecordingObserver:
    def __init__(self) -> None:
        self.records: list[CallRecord] = []
        self.answers: list[ServedRecord] = []

    def called(self, record: CallRecord) -> None:
        self.records.append(record)

    def served(self, record: ServedRecord) -> None:
        self.answers.append(record)


def make_host(**overrides: Any) -> ProviderHost:
    """A development host on a clock of its own; `overrides` are fields of `ProviderHost`."""
    history: CustomerHistory = NoHistory()
    host = ProviderHost(
        environment={},
        deployment="development",
        clock=FakeClock(),
        random=FixedRandom(),
        history=history,
    )
    return replace(host, **overrides)
