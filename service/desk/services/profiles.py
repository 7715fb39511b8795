"""The profile of a customer: the last known facts, with what only the desk's own orders tell."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from sqlalchemy.orm import Session

from providers.models import Archetype, BehavioralMetrics, ChurnPrediction, CustomerIntelligence, Provenance
from providers.ports import Clock
from service.customers.orders import Purchase
from service.customers.services import CustomerService, Named, OrderFigures, OrderService
from service.database import Database
from service.desk.services.customers import KnownCustomer, KnownCustomers
from service.errors import NotKnownYet

CENT = Decimal("0.01")
LOOKED_AT = 50
TRIED = 5
"""How many customers are looked at to find one with a profile, and of how many their orders, too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BusinessMetrics:
    """`currency` is that of both amounts; None where it is not known of both."""

    lifetime_value: Decimal
    total_orders: int
    avg_order_value: Decimal
    days_since_last_purchase: int | None
    customer_tenure_days: int | None
    currency: str | None


@dataclass(frozen=True, slots=True)
class ChurnRisk:
    """`recommendation`: the first one of the provider's churn prediction, where it was ever asked."""

    churn_risk_score: float
    risk_level: str
    recommendation: str | None


@dataclass(frozen=True, slots=True)
class LastPurchase:
    order: Purchase
    days_ago: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerProfile:
    """As told `at` a moment, which gives the provenance its age."""

    customer_id: str
    archetype: Archetype | None
    business_metrics: BusinessMetrics
    churn_risk: ChurnRisk | None
    communication_guidance: Sequence[str]
    last_purchase: LastPurchase | None
    provenance: Provenance
    at: datetime

    @property
    def dominant_segments(self) -> Mapping[str, str]:
        return self.archetype.segments if self.archetype else {}

    @property
    def segment_memberships(self) -> Mapping[str, Mapping[str, float]]:
        return self.archetype.memberships if self.archetype else {}


@dataclass(frozen=True, slots=True)
class Profiled:
    """`profile` None: too little is known for one."""

    customer: KnownCustomer
    profile: CustomerProfile | None


class Profiles:
    """Made of snapshots and own orders; no provider is ever waited for."""

    def __init__(
        self,
        database: Database,
        customers: CustomerService,
        orders: OrderService,
        known: KnownCustomers,
        clock: Clock,
    ) -> None:
        self._database = database
        self._customers = customers
        self._orders = orders
        self._known = known
        self._clock = clock

    def of(self, session: Session, named: Named) -> Profiled:
        """In three statements at most; what is old is not yet asked for anew."""
        customer_id = named.reference.id
        customer, churn = self._known.with_churn(session, named)
        if customer.known is None:
            return Profiled(customer, None)
        facts = customer.known.facts
        bought = self._orders.last_purchase(session, customer_id) if named.may_have_orders else None
        own = self._orders.figures(session, customer_id) if bought and lacks_figures(facts.metrics) else []
        metrics = completed(facts.metrics, facts.currency, own)
        if metrics is None:
            return Profiled(customer, None)
        now = self._clock.now()
        profile = CustomerProfile(
            customer_id=customer_id,
            archetype=facts.archetype,
            business_metrics=metrics,
            churn_risk=_churn_risk(facts, churn),
            communication_guidance=facts.communication_guidance,
            last_purchase=LastPurchase(bought, max(0, (now - bought.ordered_at).days)) if bought else None,
            provenance=customer.known.provenance,
            at=now,
        )
        return Profiled(customer, profile)

    def read(self, customer_id: str) -> CustomerProfile:
        """Raises `NotFound`, also while there is no profile."""
        with self._database.reading() as session:
            profiled = self.of(session, self._customers.named(session, customer_id))
        self._known.keep_up_to_date([profiled.customer])
        if profiled.profile is None:
            raise NotKnownYet("Too little is known of the customer for a profile; newer facts are asked for.")
        return profiled.profile

    def churn_risk(self, customer_id: str) -> ChurnRisk:
        """Raises `NotFound`, also while it is not known."""
        risk = self.read(customer_id).churn_risk
        if risk is None:
            raise NotKnownYet("The customer's churn risk is not known.")
        return risk

    def any(self) -> CustomerProfile:
        """That of one customer who has one, out of some at random. Raises `NotFound`."""
        with self._database.reading() as session:
            some = self._customers.people(session, self._customers.at_random(session, LOOKED_AT))
            known = self._known.of(session, some.values())
            told = [customer for customer in known.values() if customer.known is not None]
            for customer in sorted(told, key=_needs_orders)[:TRIED]:
                profiled = self.of(session, Named(customer.reference, customer.name))
                if profiled.profile is not None:
                    self._known.keep_up_to_date([customer])
                    return profiled.profile
        self._known.keep_up_to_date(known.values())
        raise NotKnownYet("Of no customer that was looked at enough is known for a profile.")


def lacks_figures(metrics: BehavioralMetrics) -> bool:
    return None in {metrics.lifetime_value, metrics.total_orders, metrics.avg_order_value}


def completed(
    metrics: BehavioralMetrics, currency: str | None, own: Sequence[OrderFigures]
) -> BusinessMetrics | None:
    """With what is not known computed from own orders; None where they do not tell it either.

    Own amounts are told only of orders in one currency, and never beside an amount in another. Beside one
    whose currency nobody stated there is none for both.
    """
    value, average = metrics.lifetime_value, metrics.avg_order_value
    count = metrics.total_orders if metrics.total_orders is not None else sum(each.count for each in own)
    if metrics.total_orders is None and not own:
        return None
    if value is None or average is None:
        if len(own) != 1:
            return None
        (paid,) = own
        if value is None and average is None:
            currency = paid.currency
        elif currency not in {None, paid.currency}:
            return None
        value = paid.spent if value is None else value
        average = (paid.total / paid.count).quantize(CENT) if average is None else average
    return BusinessMetrics(
        lifetime_value=value,
        total_orders=count,
        avg_order_value=average,
        days_since_last_purchase=metrics.days_since_last_purchase,
        customer_tenure_days=metrics.customer_tenure_days,
        currency=currency,
    )


def _churn_risk(facts: CustomerIntelligence, churn: ChurnPrediction | None) -> ChurnRisk | None:
    score = facts.predictions.churn_risk
    if score is None:
        return None
    recommendation = next(iter(churn.recommendations), None) if churn is not None else None
    return ChurnRisk(score, facts.predictions.churn_risk_level, recommendation)


def _needs_orders(customer: KnownCustomer) -> bool:
    return customer.known is not None and lacks_figures(customer.known.facts.metrics)
