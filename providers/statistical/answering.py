"""A customer's figures as the answers of a provider. Importing this loads numpy and scipy."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from providers.errors import UnsupportedCapability
from providers.models import (
    ActionImpact,
    AnalysisRequest,
    Archetype,
    Basis,
    BehavioralMetrics,
    Capability,
    ChurnFactor,
    ChurnPrediction,
    ChurnRequest,
    ConfidenceInterval,
    CustomerIntelligence,
    LtvForecast,
    LtvRequest,
    Predictions,
    Provenance,
    Recommendation,
    RecommendationRequest,
    level_of,
)
from providers.statistical.archetypes import archetype_id
from providers.statistical.axes.reading import PROXIES, OnAxes, on_axes
from providers.statistical.factors import NAMES, Factors, explain_risk
from providers.statistical.forecasting import (
    DAYS_A_MONTH,
    INTERVAL_LEVEL,
    Foreseen,
    RiskTold,
    ValueTold,
    told_and_unknown,
)
from providers.statistical.guidance import guidance
from providers.statistical.knowing import Confidence, Why
from providers.statistical.purchasing import Rates
from providers.statistical.recommending import Situation, actions, revenue_at_risk
from providers.statistical.wording import amount, day

RISK_DAYS = 90
VALUE_MONTHS = 12
MENTIONED = 0.01
"""Of the risk: what changes it by less is no reason."""


@dataclass(frozen=True, slots=True)
class Answering:
    """One customer, asked at one time."""

    customer: Foreseen
    provenance: Provenance

    def analysis(self, request: AnalysisRequest) -> CustomerIntelligence:
        risk, value = self.customer.risk(RISK_DAYS), self.customer.value(VALUE_MONTHS * DAYS_A_MONTH)
        axes = on_axes(self.customer)
        unknown = told_and_unknown({"churn_risk": risk, "ltv_12mo": value}) | dict(axes.unknown)
        silent = _risk(risk)
        return CustomerIntelligence(
            provenance=self.provenance,
            known=self._known(axes),
            basis=self._basis(
                risk, unknown, proxies=tuple(axis for axis in PROXIES if axis in axes.dominant)
            ),
            customer_id=request.customer.id,
            archetype=self._archetype(axes),
            metrics=self._metrics(),
            predictions=Predictions(
                churn_risk=silent,
                churn_risk_level=level_of(silent),
                ltv_12mo=amount(value.expected) if isinstance(value, ValueTold) else None,
            ),
            communication_guidance=guidance(axes, risk),
            currency=self.customer.statistics.currency,
        )

    def churn(self, request: ChurnRequest) -> ChurnPrediction:
        risk = self.customer.risk(request.window_days)
        axes = on_axes(self.customer)
        silent = _risk(risk)
        return ChurnPrediction(
            provenance=self.provenance,
            known=self._known(axes),
            basis=self._basis(risk, told_and_unknown({"churn_risk_score": risk})),
            customer_id=request.customer.id,
            window_days=request.window_days,
            churn_risk_score=silent,
            risk_level=level_of(silent),
            factors=self._factors(risk, request.window_days),
            recommendations=guidance(axes, risk),
            currency=self.customer.statistics.currency,
        )

    def forecast(self, request: LtvRequest) -> LtvForecast:
        days = request.horizon_months * DAYS_A_MONTH
        risk, value = self.customer.risk(days), self.customer.value(days)
        told = value if isinstance(value, ValueTold) else None
        spent = self._metrics().lifetime_value
        unknown = told_and_unknown({"forecasted_ltv": value}) | self._unspent("current_ltv")
        return LtvForecast(
            provenance=self.provenance,
            known=self._known(),
            basis=self._basis(risk, unknown),
            customer_id=request.customer.id,
            horizon_months=request.horizon_months,
            forecasted_ltv=amount(told.expected) if told else None,
            confidence_interval=_interval(told) if told else None,
            current_ltv=spent,
            incremental_ltv=amount(told.expected) if told else None,
            currency=self.customer.statistics.currency if spent is not None else None,
        )

    def recommendation(self, request: RecommendationRequest) -> Recommendation:
        """Raises `UnsupportedCapability` where the figures ask for nothing: others may have advice."""
        situation = self._situation(request)
        advised = actions(situation)
        if not advised:
            raise UnsupportedCapability(self.provenance.provider, Capability.RECOMMEND)
        at_risk = revenue_at_risk(situation)
        low = situation.risk is not None and situation.risk.confidence is Confidence.LOW
        warnings = ("The risk is uncertain: few customers are like this one.",) if low else ()
        points = (f"Revenue at risk over 12 months: {at_risk}.",) if at_risk else ()
        return Recommendation(
            provenance=self.provenance,
            basis=self._basis(self.customer.risk(RISK_DAYS), {}),
            actions=advised,
            warnings=warnings,
            talking_points=points,
            estimated_impact=ActionImpact(revenue_at_risk=at_risk.expected if at_risk else None),
        )

    def _situation(self, request: RecommendationRequest) -> Situation:
        risk, value = self.customer.risk(RISK_DAYS), self.customer.value(VALUE_MONTHS * DAYS_A_MONTH)
        factors = self._explained(RISK_DAYS) if isinstance(risk, RiskTold) else None
        return Situation(
            ticket=request.ticket,
            customer=self.customer,
            axes=on_axes(self.customer),
            risk=risk if isinstance(risk, RiskTold) else None,
            value=value if isinstance(value, ValueTold) else None,
            typical_risk=factors.typical_risk.item() if factors else None,
        )

    def _known(self, axes: OnAxes | None = None) -> bool:
        """Of one who never ordered, contacts may still tell something."""
        return bool(self.customer.statistics.order_days) or bool(axes and axes.memberships)

    def _metrics(self) -> BehavioralMetrics:
        statistics, as_of = self.customer.statistics, self.customer.as_of
        if statistics.first_day is None or statistics.last_day is None:
            return BehavioralMetrics()
        one_currency = not statistics.mixed_currency
        return BehavioralMetrics(
            lifetime_value=amount(statistics.net_spend) if one_currency else None,
            total_orders=statistics.orders,
            avg_order_value=amount(statistics.net_spend / Decimal(statistics.orders))
            if one_currency
            else None,
            days_since_last_purchase=as_of - statistics.last_day,
            customer_tenure_days=as_of - statistics.first_day,
        )

    def _unspent(self, figure: str) -> dict[str, str]:
        statistics = self.customer.statistics
        if not statistics.order_days:
            return {figure: str(Why.NO_ORDERS)}
        return {figure: str(Why.MIXED_CURRENCY)} if statistics.mixed_currency else {}

    def _archetype(self, axes: OnAxes) -> Archetype | None:
        if not axes.memberships:
            return None
        dominant = axes.dominant
        kind = archetype_id(dominant)
        shares = self.customer.parameters.archetypes if self.customer.parameters else {}
        return Archetype(
            id=kind,
            level="dominant" if kind else None,
            segments=dominant,
            memberships=axes.memberships,
            share=shares.get(kind) if kind else None,
        )

    def _basis(
        self, risk: RiskTold | Why, unknown: Mapping[str, str], *, proxies: tuple[str, ...] = ()
    ) -> Basis | None:
        parameters = self.customer.parameters
        if parameters is None:
            return Basis(model="none", unknown=unknown, proxies=proxies)
        return Basis(
            model=parameters.model,
            version=parameters.version,
            data_from=day(parameters.first_day),
            data_until=day(parameters.last_day),
            confidence=str(risk.confidence) if isinstance(risk, RiskTold) else None,
            unknown=unknown,
            proxies=proxies,
        )

    def _explained(self, window_days: int) -> Factors | None:
        parameters = self.customer.parameters
        if parameters is None or parameters.purchase is None or parameters.typical is None:
            return None
        rates = Rates.of(parameters.purchase)
        return explain_risk(rates, self.customer.visits, parameters.typical, window_days)

    def _factors(self, risk: RiskTold | Why, window_days: int) -> tuple[ChurnFactor, ...]:
        """The one that weighs most first."""
        told = self._explained(window_days) if isinstance(risk, RiskTold) else None
        if told is None:
            return ()
        rows = zip(NAMES, told.values, told.typical, told.impacts, told.risks_if_typical, strict=True)
        found = [
            ChurnFactor(
                factor=name,
                value=value.item(),
                typical=typical,
                impact=round(impact.item(), 4),
                direction=_direction(impact.item()),
                risk_if_typical=round(otherwise.item(), 4),
            )
            for name, value, typical, impact, otherwise in rows
        ]
        return tuple(sorted(found, key=lambda factor: -abs(float(factor.impact or 0))))


def _risk(risk: RiskTold | Why) -> float | None:
    return round(risk.silent, 4) if isinstance(risk, RiskTold) else None


def _direction(impact: float) -> str:
    if abs(impact) < MENTIONED:
        return "neutral"
    return "raises" if impact > 0 else "lowers"


def _interval(value: ValueTold) -> ConfidenceInterval:
    return ConfidenceInterval(
        lower=amount(value.low), upper=amount(value.high), confidence_level=INTERVAL_LEVEL
    )
