"""Fresh facts, kept for a while where a person can read them."""

from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Any, Generic, TypeVar

import msgspec

from providers.codec import FACT_TYPES, SCHEMA_VERSION, encode
from providers.interface import IntelligenceProvider
from providers.models import Answer, Capability, Source
from providers.ports import AnswerCache, Random
from providers.resilience.between_processes import Handover
from providers.resilience.cache_keys import key_of
from providers.resilience.single_flight import Flights
from providers.resilience.wrapping import A, Call, Wrapper

SHORTEST_TTL_SHARE = 0.9
"""Times to live are drawn from this share of the setting up to all of it, lest many end at once."""

Facts = TypeVar("Facts", bound=Answer)


class Envelope(msgspec.Struct, Generic[Facts], frozen=True, gc=False):
    """What tells whether a cached value is still the answer to the question asked now."""

    schema: int
    provider: str
    capability: str
    arguments: dict[str, str | int]
    answer: Facts


DECODERS: Mapping[Capability, msgspec.json.Decoder[Envelope[Any]]] = {
    capability: msgspec.json.Decoder(Envelope[facts])  # type: ignore[valid-type]  # a type chosen at run time
    for capability, facts in FACT_TYPES.items()
}


DECODED_ANSWERS = 1024


@lru_cache(maxsize=DECODED_ANSWERS)
def decoded(capability: Capability, raw: bytes) -> Envelope[Any]:
    """The same bytes are the same answer: a warm customer's are parsed and checked once per process.

    Raises `ValueError` or `RecursionError` for anything but such an answer.
    """
    return DECODERS[capability].decode(raw)


class Cached(Wrapper):
    """Facts only, and one call upstream however many miss at once."""

    def __init__(
        self,
        inner: IntelligenceProvider,
        *,
        cache: AnswerCache,
        flights: Flights,
        ttl_s: Mapping[Capability, int],
        wait_s: float,
        random: Random,
    ) -> None:
        super().__init__(inner)
        self._cache = cache
        self._flights = flights
        self._ttl_s = ttl_s
        self._wait_s = wait_s
        self._random = random

    def around(self, call: Call[A]) -> A:
        key = key_of(call.request)
        if key is None:
            return call.on(self.inner)
        return self._flights.share(
            f"{self.name}:{key}",
            lambda: self._read(key, call) or self._ask(key, call),  # somebody may have landed meanwhile
            min(self._wait_s, call.deadline.remaining_s),
            deadline=call.deadline,
            handover=Handover(find=lambda _no_note: self._read(key, call)),
        )

    def peek(self, call: Call[A]) -> A | None:
        """The cached answer, if there is one: nobody is asked or waited for."""
        key = key_of(call.request)
        return None if key is None else self._read(key, call)

    def keep(self, call: Call[A], answer: A, *, within_s: float) -> None:
        """Cache what is known from elsewhere, for `within_s` seconds at most."""
        key = key_of(call.request)
        if key is not None:
            self._write(key, call, answer, ttl_s=int(within_s))

    def _read(self, key: str, call: Call[A]) -> A | None:
        """None for a miss, and for a value that is not, or no longer, the answer to this call."""
        raw = self._cache.get(key)
        if raw is None:
            return None
        try:
            envelope = decoded(call.capability, raw)
        except (ValueError, RecursionError):  # msgspec's own errors and UnicodeDecodeError are ValueErrors
            return None
        if (
            envelope.schema != SCHEMA_VERSION
            or envelope.provider != self.name
            or envelope.capability != call.capability
            or envelope.arguments != call.request.arguments
        ):
            return None
        answer: A = envelope.answer
        return answer

    def _ask(self, key: str, call: Call[A]) -> A:
        answer = call.on(self.inner)
        if answer.provenance.source is Source.FRESH and not answer.provenance.degraded:
            share = SHORTEST_TTL_SHARE + (1 - SHORTEST_TTL_SHARE) * self._random.random()
            self._write(key, call, answer, ttl_s=int(self._ttl_s[call.capability] * share))
        return answer

    def _write(self, key: str, call: Call[A], answer: A, *, ttl_s: int) -> None:
        """The answer is written as one from the cache, so that a hit is decoded and nothing more."""
        envelope = Envelope(
            schema=SCHEMA_VERSION,
            provider=self.name,
            capability=call.capability,
            arguments=dict(call.request.arguments),
            answer=replace(answer, provenance=replace(answer.provenance, source=Source.CACHE)),
        )
        self._cache.set(key, encode(envelope), ttl_s=max(1, ttl_s))
