"""`POST /api/intelligence/predict/churn` and `…/ltv`."""

from dataclasses import dataclass, replace
from decimal import Decimal

from providers.errors import InvalidAnswer
from providers.models import (
    ChurnFactor,
    ChurnPrediction,
    ChurnRequest,
    ConfidenceInterval,
    LtvForecast,
    LtvRequest,
    Provenance,
    Reason,
    level_of,
)
from providers.quimbi.payloads.analysis import difference
from providers.quimbi.payloads.identity import check_customer
from providers.quimbi.payloads.reading import Reply, believable
from providers.quimbi.payloads.wording import intervention

# Missing figures come as zeros from a running installation, and no archetype is here to tell such a row by:
# nothing but zeros says that nothing is known, not that all is well.

WINDOW_DAYS = 90
"""The window of a churn prediction that states none."""


def churn_body(request: ChurnRequest, external_id: str) -> dict[str, object]:
    return {"customer_id": external_id, "prediction_window_days": request.window_days}


@believable
def parse_churn(
    reply: Reply,
    request: ChurnRequest,
    *,
    external_id: str,
    provenance: Provenance,
    currency: str | None = None,
) -> ChurnPrediction:
    check_customer(reply, external_id)
    documented = "churn_risk_score" in reply
    if not documented and "churn_probability" not in reply:
        raise InvalidAnswer("the reply is no churn prediction")
    score = reply.share("churn_risk_score" if documented else "churn_probability")
    factors = _factors(reply)
    if not factors and (score is None or (score == 0 and not documented)):
        return unknown_churn(request, currency=currency, provenance=provenance)
    return ChurnPrediction(
        customer_id=request.customer.id,
        window_days=_window(reply, request),
        churn_risk_score=score,
        risk_level=reply.label("risk_level") or level_of(score),
        factors=factors,
        recommendations=reply.texts("recommendations") if documented else _interventions(reply),
        currency=currency,
        provenance=provenance,
    )


def unknown_churn(request: ChurnRequest, *, currency: str | None, provenance: Provenance) -> ChurnPrediction:
    return ChurnPrediction(
        customer_id=request.customer.id,
        window_days=request.window_days,
        currency=currency,
        known=False,
        provenance=replace(provenance, reason=Reason.UNKNOWN_CUSTOMER),
    )


def _window(reply: Reply, request: ChurnRequest) -> int:
    stated = reply.count("prediction_window_days")
    if stated not in (None, request.window_days):
        raise InvalidAnswer("the reply is about another window")
    return WINDOW_DAYS if stated is None else stated


def _factors(reply: Reply) -> tuple[ChurnFactor, ...]:
    return tuple(
        ChurnFactor(
            factor=name,
            value=factor.words_or_number("value"),
            impact=factor.words_or_number("impact"),
            direction=factor.label("direction"),
        )
        for factor in reply.sections("factors")
        if (name := factor.text("factor")) is not None
    )


def _interventions(reply: Reply) -> tuple[str, ...]:
    steps = map(intervention, reply.sections("recommended_interventions"))
    return tuple(step for step in steps if step is not None)


def ltv_body(request: LtvRequest, external_id: str) -> dict[str, object]:
    """Each dialect ignores the other's name for the horizon without a word."""
    months = request.horizon_months
    return {"customer_id": external_id, "horizon_months": months, "time_horizon_months": months}


@believable
def parse_ltv(
    reply: Reply, request: LtvRequest, *, external_id: str, currency: str | None, provenance: Provenance
) -> LtvForecast:
    check_customer(reply, external_id)
    documented = "forecasted_ltv" in reply
    if not documented and "predicted_ltv" not in reply:
        raise InvalidAnswer("the reply is no forecast")
    months = reply.count("horizon_months" if documented else "time_horizon_months")
    if months not in (None, request.horizon_months):
        raise InvalidAnswer("the reply is about another horizon")
    amounts = _documented_amounts(reply) if documented else _deployed_amounts(reply)
    if amounts is None:
        return unknown_ltv(request, currency=currency, provenance=provenance)
    return LtvForecast(
        customer_id=request.customer.id,
        horizon_months=request.horizon_months,
        forecasted_ltv=amounts.forecasted,
        confidence_interval=amounts.interval,
        current_ltv=amounts.current,
        incremental_ltv=amounts.incremental,
        currency=currency,
        provenance=provenance,
    )


def unknown_ltv(request: LtvRequest, *, currency: str | None, provenance: Provenance) -> LtvForecast:
    return LtvForecast(
        customer_id=request.customer.id,
        horizon_months=request.horizon_months,
        currency=currency,
        known=False,
        provenance=replace(provenance, reason=Reason.UNKNOWN_CUSTOMER),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Amounts:
    forecasted: Decimal | None
    interval: ConfidenceInterval | None
    current: Decimal | None
    incremental: Decimal | None


def _documented_amounts(reply: Reply) -> _Amounts | None:
    forecasted, current = reply.amount("forecasted_ltv"), reply.amount("current_ltv")
    if forecasted is None and current is None:
        return None
    stated = reply.section("confidence_interval")
    return _Amounts(
        forecasted=forecasted,
        interval=_interval(stated.amount("lower"), stated.amount("upper"), stated.share("confidence_level")),
        current=current,
        incremental=reply.amount("incremental_ltv"),
    )


def _deployed_amounts(reply: Reply) -> _Amounts | None:
    """`predicted_ltv` and the interval include what was already spent."""
    predicted, current = reply.amount("predicted_ltv"), reply.amount("current_ltv")
    if not predicted and not current:
        return None
    bounds = reply.amounts("confidence_interval")
    if len(bounds) not in (0, 2):
        raise InvalidAnswer("an interval has two bounds")
    lower, upper = bounds or (None, None)
    coming = difference(predicted, current)
    return _Amounts(
        forecasted=coming,
        interval=_interval(difference(lower, current), difference(upper, current)),
        current=current,
        incremental=coming,
    )


def _interval(
    lower: Decimal | None, upper: Decimal | None, level: float | None = None
) -> ConfidenceInterval | None:
    if lower is None or upper is None:
        return None
    return ConfidenceInterval(lower=lower, upper=upper, confidence_level=level)
