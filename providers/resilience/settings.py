"""How the chain guards, caches and remembers, as an operator sets it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from marshmallow import fields, validate

from providers.models import Capability
from providers.resilience.breaker import CircuitSettings
from providers.settings import SettingsSchema

DAY_S = 86_400


def _whole(data_key: str, default: int, lowest: int, highest: int, description: str) -> fields.Integer:
    cure = f"Set a whole number from {lowest} to {highest}, or leave it unset for {default}."
    return fields.Integer(
        data_key=data_key,
        load_default=default,
        validate=validate.Range(lowest, highest, error=cure),
        error_messages=dict.fromkeys(("invalid", "too_large"), cure),
        metadata={"description": description},
    )


def _number(data_key: str, default: float, lowest: float, highest: float, description: str) -> fields.Float:
    cure = f"Set a number from {lowest} to {highest}, or leave it unset for {default}."
    return fields.Float(
        data_key=data_key,
        load_default=default,
        validate=validate.Range(lowest, highest, error=cure),
        error_messages=dict.fromkeys(("invalid", "too_large", "special"), cure),
        metadata={"description": description},
    )


class ChainSettingsSchema(SettingsSchema):
    intelligence_ttl_s = _whole(
        "INTELLIGENCE_CACHE_TTL", 900, 1, 30 * DAY_S, "Seconds for which a customer's intelligence is cached."
    )
    churn_ttl_s = _whole(
        "CHURN_CACHE_TTL", 3600, 1, 30 * DAY_S, "Seconds for which a churn prediction is cached."
    )
    ltv_ttl_s = _whole(
        "LTV_CACHE_TTL", 3600, 1, 30 * DAY_S, "Seconds for which a lifetime value forecast is cached."
    )
    single_flight_wait_s = _number(
        "SINGLE_FLIGHT_WAIT", 2.0, 0.0, 30.0, "Seconds to wait for facts that another caller is fetching."
    )
    snapshot_max_age_s = _whole(
        "SNAPSHOT_MAX_AGE",
        30 * DAY_S,
        60,
        3650 * DAY_S,
        "Age in seconds past which last known facts are not served.",
    )
    failure_threshold = _whole(
        "CIRCUIT_FAILURE_THRESHOLD", 5, 1, 1000, "Failures in a row that open a circuit."
    )
    failure_rate = _number(
        "CIRCUIT_FAILURE_RATE", 0.5, 0.01, 1.0, "Share of failed or slow calls that opens a circuit."
    )
    min_calls = _whole(
        "CIRCUIT_MIN_CALLS", 20, 1, 10_000, "Calls below which the failure rate is not judged."
    )
    window_s = _number("CIRCUIT_WINDOW", 60.0, 1.0, 3600.0, "Seconds over which the failure rate is taken.")
    reset_timeout_s = _number(
        "CIRCUIT_RESET_TIMEOUT", 30.0, 0.1, 3600.0, "Seconds after which an open circuit lets one call probe."
    )
    slow_facts_s = _number("CIRCUIT_SLOW_FACTS", 5.0, 0.1, 300.0, "Seconds past which facts count as slow.")
    slow_texts_s = _number(
        "CIRCUIT_SLOW_TEXTS", 20.0, 0.1, 300.0, "Seconds past which a text counts as slow."
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainSettings:
    ttl_s: Mapping[Capability, int]
    single_flight_wait_s: float
    snapshot_max_age_s: int
    circuit: CircuitSettings

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Self:
        """Raises `SettingsError` naming each fault."""
        values = ChainSettingsSchema().parse(environment)
        return cls(
            ttl_s={
                Capability.ANALYZE: values.pop("intelligence_ttl_s"),
                Capability.CHURN: values.pop("churn_ttl_s"),
                Capability.LTV: values.pop("ltv_ttl_s"),
            },
            single_flight_wait_s=values.pop("single_flight_wait_s"),
            snapshot_max_age_s=values.pop("snapshot_max_age_s"),
            circuit=CircuitSettings(**values),
        )
