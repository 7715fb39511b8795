"""The CRM's scoring service: `GET /scores/{customer}?window_days=90`."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from providers.errors import InvalidAnswer
from providers.http import HttpClient, segment


@dataclass(frozen=True, slots=True, kw_only=True)
class Scores:
    """Of one customer. `churn_risk`: probability of leaving within `window_days`, None where not scored."""

    churn_risk: float | None
    window_days: int
    lifetime_value: Decimal | None
    orders: int | None
    currency: str | None
    tier: str | None


class ScoresClient:
    def __init__(self, http: HttpClient) -> None:
        self._http = http

    def scores_of(self, customer_id: str, *, window_days: int, timeout_s: float) -> Scores:
        """Raises `CustomerNotFound`, `RateLimited`, `DeadlinePassed` or a `ProviderFault`."""
        reply = self._http.get(f"/scores/{segment(customer_id)}?window_days={window_days}", timeout_s)
        if reply.get("customer") != customer_id or reply.get("window_days") != window_days:
            raise InvalidAnswer("the reply is about another customer, or another time")
        return Scores(
            churn_risk=_number(reply, "churn_risk"),
            window_days=window_days,
            lifetime_value=_amount(reply, "lifetime_value"),
            orders=_count(reply, "orders"),
            currency=_text(reply, "currency"),
            tier=_text(reply, "tier"),
        )

    def close(self) -> None:
        self._http.close()


def means_unknown(body: object) -> bool:
    """Whether the body of a 404 is the service's own, and not that of a proxy before it."""
    return isinstance(body, dict) and body.get("error") == "no such customer"


def _number(reply: Mapping[str, object], name: str) -> float | None:
    amount = _amount(reply, name)
    return None if amount is None else float(amount)


def _amount(reply: Mapping[str, object], name: str) -> Decimal | None:
    value = reply.get(name)
    if value is None or isinstance(value, Decimal):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return Decimal(value)
    raise InvalidAnswer(f"{name} is no number")


def _count(reply: Mapping[str, object], name: str) -> int | None:
    value = reply.get(name)
    if value is None or (isinstance(value, int) and not isinstance(value, bool)):
        return value
    raise InvalidAnswer(f"{name} is no whole number")


def _text(reply: Mapping[str, object], name: str) -> str | None:
    value = reply.get(name)
    if value is None or isinstance(value, str):
        return value
    raise InvalidAnswer(f"{name} is no text")
