"""What the two dialects of Quimbi Backend have in common."""

import math
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Any, ClassVar

from marshmallow import INCLUDE, Schema, ValidationError

from providers.testing.quimbi_simulator.profiles import CustomerProfile
from providers.testing.quimbi_simulator.rate_limit import Allowance
from providers.testing.replies import Reply

Body = Mapping[str, Any]


class Endpoint(StrEnum):
    ANALYZE = "analyze"
    CHURN = "churn"
    LTV = "ltv"
    MESSAGE = "message"
    ACTIONS = "actions"
    HEALTH = "health"


GENERATION = frozenset({Endpoint.MESSAGE, Endpoint.ACTIONS})

ROUTES = {
    "/api/intelligence/analyze": Endpoint.ANALYZE,
    "/api/intelligence/predict/churn": Endpoint.CHURN,
    "/api/intelligence/predict/ltv": Endpoint.LTV,
    "/api/generation/message": Endpoint.MESSAGE,
    "/api/generation/actions": Endpoint.ACTIONS,
    "/health": Endpoint.HEALTH,
}


class DialectName(StrEnum):
    DOCUMENTED = "documented"
    DEPLOYED = "deployed"


class RequestSchema(Schema):
    """Fields that are not declared are ignored without a word."""

    class Meta:
        unknown = INCLUDE


class Dialect(ABC):
    """Replies of one dialect. `schemas` are its requests, by endpoint."""

    name: ClassVar[DialectName]
    schemas: ClassVar[Mapping[Endpoint, type[RequestSchema]]]

    @abstractmethod
    def error(self, status: int, code: str, message: str, details: Body | None = None) -> Reply: ...

    @abstractmethod
    def missing_key(self) -> Reply: ...

    @abstractmethod
    def wrong_key(self) -> Reply: ...

    @abstractmethod
    def unknown_customer(self, customer_id: str) -> Reply: ...

    @abstractmethod
    def quota_holder(self, headers: Mapping[str, str], address: str) -> str:
        """Whose calls are counted together."""

    @abstractmethod
    def quota_headers(self, allowance: Allowance) -> Mapping[str, str]:
        """What an allowed call is told of the quota."""

    @abstractmethod
    def echo(self, headers: Mapping[str, str]) -> Mapping[str, str]:
        """Headers of a request that come back in its reply."""

    @abstractmethod
    def rate_limited(self, headers: Mapping[str, str]) -> Reply: ...

    @abstractmethod
    def unprocessable(self, faults: Mapping[str, str]) -> Reply:
        """`faults`: path of the field → what is wrong with it."""

    @abstractmethod
    def broken_row(self, customer_id: str) -> Reply: ...

    @abstractmethod
    def unclean(self, body: Body) -> Reply | None:
        """The reply to values that this dialect cannot bear, None where there are none."""

    @abstractmethod
    def health(self) -> Reply: ...

    @abstractmethod
    def asks_about(self, endpoint: Endpoint, body: Body) -> str | None:
        """Id of the customer whose row the endpoint reads; None where it reads none."""

    @abstractmethod
    def answer(self, endpoint: Endpoint, body: Body, customer: CustomerProfile | None) -> Any:
        """Content of the 200 for a valid body; `customer` is None where no row is read."""

    def unknown_route(self) -> Reply:
        return self.error(404, "NOT_FOUND", "Not Found")

    def method_not_allowed(self) -> Reply:
        return self.error(405, "METHOD_NOT_ALLOWED", "Method Not Allowed")

    def check(self, endpoint: Endpoint, body: Any) -> Reply | None:
        """The refusal of a body, None for a valid one."""
        if not isinstance(body, dict):
            return self.unprocessable({"body": "Input should be a JSON object"})
        if (refusal := self.unclean(body)) is not None:
            return refusal
        try:
            self.schemas[endpoint]().load(body)
        except ValidationError as invalid:
            return self.unprocessable(dict(_by_path(invalid.messages)))
        return None


def _by_path(messages: Any, path: str = "body") -> Iterator[tuple[str, str]]:
    if isinstance(messages, dict):
        for name, nested in messages.items():
            yield from _by_path(nested, f"{path}.{name}")
    else:
        yield path, messages[0] if isinstance(messages, list) else str(messages)


def holds_unclean_value(body: Any) -> bool:
    """Whether NaN, an infinity or a NUL character is anywhere inside."""
    waiting = [body]  # not recursive: JSON may nest deeper than calls may
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            waiting.extend(value)
            waiting.extend(value.values())
        elif isinstance(value, list):
            waiting.extend(value)
        elif (isinstance(value, str) and "\0" in value) or (
            isinstance(value, float) and not math.isfinite(value)
        ):
            return True
    return False
