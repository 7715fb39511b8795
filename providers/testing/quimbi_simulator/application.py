"""What a running Quimbi Backend would answer, faults that show in the reply included."""

import hmac
import json
from dataclasses import replace
from typing import Any

from providers.ports import Clock
from providers.testing.quimbi_simulator.dialect import ROUTES, Dialect, Endpoint
from providers.testing.quimbi_simulator.faults import Fault, Hits
from providers.testing.quimbi_simulator.faulty_replies import ALTERATIONS, REPLACEMENTS, Scene
from providers.testing.quimbi_simulator.population import Population, empty
from providers.testing.quimbi_simulator.profiles import CustomerProfile, Row
from providers.testing.quimbi_simulator.rate_limit import RateLimiter
from providers.testing.replies import Reply
from providers.testing.wire import Request


class Application:
    def __init__(
        self,
        *,
        dialect: Dialect,
        population: Population,
        api_key: str,
        limiter: RateLimiter | None,
        clock: Clock,
    ) -> None:
        self._dialect = dialect
        self._population = population
        self._api_key = api_key
        self._limiter = limiter
        self._clock = clock

    def answer(self, request: Request, body: Any, hits: Hits, *, elsewhere: str) -> Reply:
        reply = self._replacement(request, body, hits, elsewhere) or self._honest_reply(request, body, hits)
        for fault, alteration in ALTERATIONS.items():
            parameters = hits.parameters(fault)
            if parameters is not None and reply.status == 200:
                reply = alteration(reply, parameters)
        return reply.adding(self._dialect.echo(request.headers))

    def _replacement(self, request: Request, body: Any, hits: Hits, elsewhere: str) -> Reply | None:
        scene = Scene(
            dialect=self._dialect,
            path=request.path,
            customer_id=customer_of(body) or "unknown",
            now=self._clock.now(),
            elsewhere=elsewhere,
        )
        for hit in hits.faults:
            if hit.fault in REPLACEMENTS:
                return REPLACEMENTS[hit.fault](scene, hit.parameters)
        return None

    def _honest_reply(self, request: Request, body: Any, hits: Hits) -> Reply:
        endpoint = ROUTES.get(request.path)
        if endpoint is None:
            return self._dialect.unknown_route()
        if request.method != ("GET" if endpoint is Endpoint.HEALTH else "POST"):
            return self._dialect.method_not_allowed()
        if endpoint is Endpoint.HEALTH:
            return self._dialect.health()
        if self._limiter is None:
            return self._admitted_reply(request, endpoint, body, hits)
        allowance = self._limiter.allow(self._dialect.quota_holder(request.headers, request.address))
        if allowance.wait_s:
            return self._dialect.rate_limited(allowance.headers)
        reply = self._admitted_reply(request, endpoint, body, hits)
        return reply.adding(self._dialect.quota_headers(allowance))

    def _admitted_reply(self, request: Request, endpoint: Endpoint, body: Any, hits: Hits) -> Reply:
        return self._refusal(request, endpoint, body) or self._knowing_reply(endpoint, body, hits)

    def _refusal(self, request: Request, endpoint: Endpoint, body: Any) -> Reply | None:
        key = request.headers.get("x-api-key")
        if not key:
            return self._dialect.missing_key()
        if not hmac.compare_digest(key.encode("latin-1"), self._api_key.encode()):
            return self._dialect.wrong_key()
        if request.headers.get("content-type", "").lower().partition(";")[0].strip() != "application/json":
            return self._dialect.unprocessable({"body": "Input should be a valid JSON object"})
        return self._dialect.check(endpoint, body)

    def _knowing_reply(self, endpoint: Endpoint, body: Any, hits: Hits) -> Reply:
        customer_id = self._dialect.asks_about(endpoint, body)
        if customer_id is None:
            return Reply.of(200, self._dialect.answer(endpoint, body, None))
        customer = self._row(customer_id, hits)
        if customer is None:
            return self._dialect.unknown_customer(customer_id)
        if customer.row is Row.BROKEN:
            return self._dialect.broken_row(customer_id)
        return Reply.of(200, self._dialect.answer(endpoint, body, customer))

    def _row(self, customer_id: str, hits: Hits) -> CustomerProfile | None:
        if hits.parameters(Fault.EMPTY_ROW) is not None:
            return empty(customer_id)
        if hits.parameters(Fault.BROKEN_ROW) is not None:
            return replace(empty(customer_id), row=Row.BROKEN)
        if hits.parameters(Fault.OTHER_CUSTOMER) is not None:
            return self._population.somebody_else(customer_id)
        return self._population.find(customer_id)


def parse_body(raw: bytes) -> Any:
    """The JSON sent, with NaN as Python reads it; None where it is no JSON, or nested beyond bearing."""
    try:
        return json.loads(raw)
    except (ValueError, RecursionError):
        return None


def customer_of(body: Any) -> str | None:
    """Whom a body is about, as far as it tells."""
    if not isinstance(body, dict):
        return None
    profile = body.get("customer_profile")
    named = body.get("customer_id", profile.get("customer_id") if isinstance(profile, dict) else None)
    return named if isinstance(named, str) else None
