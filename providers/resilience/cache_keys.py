"""The names under which operators find cached facts; part of the operators' contract."""

import re
from urllib.parse import quote

from providers.models import AnalysisRequest, ChurnRequest, LtvRequest, ProviderRequest

CACHED_CHURN_WINDOW_DAYS = 90
"""A churn key has no room for a window, so that no other window is cached."""

LTV_HORIZONS_MONTHS = range(1, 37)

_PLAIN = re.compile(r"[A-Za-z0-9._-]*")


def key_of(request: ProviderRequest) -> str | None:
    """None where the answer has no place in the cache."""
    match request:
        case AnalysisRequest(customer):
            return f"customer_intel:{_escaped(customer.id)}"
        case ChurnRequest(customer, window_days) if window_days == CACHED_CHURN_WINDOW_DAYS:
            return f"churn_prediction:{_escaped(customer.id)}"
        case LtvRequest(customer, horizon_months):
            return f"ltv_forecast:{_escaped(customer.id)}:{horizon_months}"
        case _:
            return None


def keys_of(customer_id: str) -> list[str]:
    """All keys that a customer can have."""
    escaped = _escaped(customer_id)
    horizons = [f"ltv_forecast:{escaped}:{months}" for months in LTV_HORIZONS_MONTHS]
    return [f"customer_intel:{escaped}", f"churn_prediction:{escaped}", *horizons]


def _escaped(customer_id: str) -> str:
    """Percent-encoded but for `[A-Za-z0-9._-]`."""
    if _PLAIN.fullmatch(customer_id):
        return customer_id
    return quote(customer_id, safe="", errors="surrogatepass").replace("~", "%7E")
