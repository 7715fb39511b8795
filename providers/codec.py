"""Facts as JSON that a person can read, and back. Amounts are numbers, times RFC 3339."""

from typing import Any

import msgspec

from providers.models import Answer, Capability, ChurnPrediction, CustomerIntelligence, LtvForecast

FACT_TYPES: dict[Capability, type[Answer]] = {
    Capability.ANALYZE: CustomerIntelligence,
    Capability.CHURN: ChurnPrediction,
    Capability.LTV: LtvForecast,
}

SCHEMA_VERSION = 1
"""Raise it whenever an answer's fields change meaning: older cached and stored answers are then misses."""

encoder = msgspec.json.Encoder(decimal_format="number")


def encode(value: Any) -> bytes:
    """Shape: JSON object. NaN cannot occur: the models refuse it."""
    return encoder.encode(value)


def decode_answer(capability: Capability, raw: bytes | str) -> Answer:
    """Raises `msgspec.ValidationError` or `msgspec.DecodeError` for anything but such an answer."""
    return msgspec.json.decode(raw, type=FACT_TYPES[capability])
