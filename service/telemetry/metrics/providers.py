"""Calls to providers, and the answers that came of them."""

from prometheus_client import CollectorRegistry, Counter, Histogram

from providers.models import Capability, Reason, Source
from providers.ports import CallRecord, Outcome, ServedRecord
from service.telemetry.metrics.buckets import AGES_S, DURATIONS_S

NO_REASON = "none"

CallKind = tuple[str, Capability, Outcome, Reason | None]
AnswerKind = tuple[str, Capability, Source, bool, Reason | None]


class ProviderMetrics:
    """`providers.ports.CallObserver`."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._calls = Counter(
            "support_provider_calls",
            "Attempts at a provider, each repetition counted.",
            ["provider", "capability", "outcome", "reason"],
            registry=registry,
        )
        self._durations = Histogram(
            "support_provider_call_duration_seconds",
            "Time that one attempt at a provider took.",
            ["provider", "capability"],
            buckets=DURATIONS_S,
            registry=registry,
        )
        self._answers = Counter(
            "support_answers",
            "Answers of intelligence, by where they came from.",
            ["provider", "capability", "source", "degraded", "reason"],
            registry=registry,
        )
        self._ages = Histogram(
            "support_stale_answer_age_seconds",
            "Age of last known facts when they were served.",
            ["provider", "capability"],
            buckets=AGES_S,
            registry=registry,
        )
        self._call_children: dict[CallKind, tuple[Counter, Histogram]] = {}
        self._answer_children: dict[AnswerKind, Counter] = {}

    def called(self, record: CallRecord) -> None:
        key = (record.provider, record.capability, record.outcome, record.reason)
        counter, histogram = self._call_children.get(key) or self._new_call_children(key)
        counter.inc()
        histogram.observe(record.duration_s)

    def served(self, record: ServedRecord) -> None:
        key = (record.provider, record.capability, record.source, record.degraded, record.reason)
        (self._answer_children.get(key) or self._new_answer_child(key)).inc()
        if record.source is Source.STALE:
            self._ages.labels(record.provider, record.capability.value).observe(record.age_s)

    def _new_call_children(self, key: CallKind) -> tuple[Counter, Histogram]:
        provider, capability, outcome, reason = key
        children = (
            self._calls.labels(provider, capability.value, outcome.value, _value(reason)),
            self._durations.labels(provider, capability.value),
        )
        self._call_children[key] = children
        return children

    def _new_answer_child(self, key: AnswerKind) -> Counter:
        provider, capability, source, degraded, reason = key
        child = self._answers.labels(
            provider, capability.value, source.value, "true" if degraded else "false", _value(reason)
        )
        self._answer_children[key] = child
        return child


def _value(reason: Reason | None) -> str:
    return reason.value if reason else NO_REASON
