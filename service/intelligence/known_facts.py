"""What the desk last learnt of many customers at once, without asking any provider."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, cast

from sqlalchemy import Row, Select, and_, bindparam, or_, select
from sqlalchemy.orm import Session

from providers.models import (
    Capability,
    ChurnPrediction,
    ChurnRequest,
    CustomerIntelligence,
    CustomerRef,
    Provenance,
    Source,
)
from providers.ports import Clock
from service.among import Among
from service.customers.models import Customer
from service.intelligence.models import CustomerSnapshot
from service.intelligence.snapshots import canonical, read_snapshot
from service.tickets.services import ScoredFacts


@dataclass(frozen=True, slots=True)
class LastKnown:
    """`outdated`: the customer wrote or ordered since, or the facts are past their time."""

    facts: CustomerIntelligence
    outdated: bool

    @property
    def provenance(self) -> Provenance:
        """As of facts that are served without asking anybody."""
        source = Source.STALE if self.outdated else Source.CACHE
        return replace(self.facts.provenance, source=source, degraded=False)


WHOLE = ""
USUAL_WINDOW = canonical(ChurnRequest(CustomerRef("")).arguments)
"""Arguments of the questions that are asked unless a caller says otherwise."""


_OF_MANY = (
    Among(CustomerSnapshot.customer_id, "customers"),
    CustomerSnapshot.capability == Capability.ANALYZE,
    CustomerSnapshot.arguments == WHOLE,
    CustomerSnapshot.as_of >= bindparam("not_before"),
)
"""And of all providers, which are few."""

_SNAPSHOTS = select(
    CustomerSnapshot.customer_id,
    CustomerSnapshot.provider,
    CustomerSnapshot.known,
    CustomerSnapshot.as_of,
    CustomerSnapshot.refresh_due_since,
    CustomerSnapshot.answer,
).where(*_OF_MANY)
_SCORED = select(
    CustomerSnapshot.customer_id,
    CustomerSnapshot.provider,
    CustomerSnapshot.known,
    CustomerSnapshot.churn_risk,
    CustomerSnapshot.lifetime_value,
).where(*_OF_MANY)

_SCORED_IF_THERE = (
    select(
        CustomerSnapshot.provider,
        CustomerSnapshot.known,
        CustomerSnapshot.churn_risk,
        CustomerSnapshot.lifetime_value,
    )
    .select_from(Customer)
    .outerjoin(
        CustomerSnapshot,
        and_(
            CustomerSnapshot.customer_id == Customer.id,
            CustomerSnapshot.capability == Capability.ANALYZE,
            CustomerSnapshot.arguments == WHOLE,
            CustomerSnapshot.as_of >= bindparam("not_before"),
        ),
    )
    .where(Customer.id == bindparam("customer"), Customer.erased_at.is_(None))
    .with_for_update(read=True, key_share=True, of=Customer)
)


_WITH_CHURN = select(
    CustomerSnapshot.capability,
    CustomerSnapshot.provider,
    CustomerSnapshot.known,
    CustomerSnapshot.as_of,
    CustomerSnapshot.refresh_due_since,
    CustomerSnapshot.answer,
).where(
    CustomerSnapshot.customer_id == bindparam("customer"),
    or_(
        and_(CustomerSnapshot.capability == Capability.ANALYZE, CustomerSnapshot.arguments == WHOLE),
        and_(CustomerSnapshot.capability == Capability.CHURN, CustomerSnapshot.arguments == USUAL_WINDOW),
    ),
    CustomerSnapshot.as_of >= bindparam("not_before"),
)
"""Of one customer and all providers."""


class LastKnownFacts:
    """`enabled`: the providers in the order in which they are asked; one that knows the customer goes first.

    Facts older than `max_age_s` are no facts any more; those older than `ttl_s` are due to be asked anew.
    """

    def __init__(
        self, enabled: Callable[[], Sequence[str]], clock: Clock, *, max_age_s: float, ttl_s: float
    ) -> None:
        self._enabled = enabled
        self._clock = clock
        self._max_age = timedelta(seconds=max_age_s)
        self._ttl = timedelta(seconds=ttl_s)

    @property
    def origin(self) -> str:
        return ",".join(self._enabled())

    def scored(self, session: Session, customer_ids: Iterable[str]) -> Mapping[str, ScoredFacts]:
        found: dict[str, ScoredFacts] = {}
        for row in self._of_many(session, _SCORED, customer_ids):
            found.setdefault(row.customer_id, ScoredFacts(row.churn_risk, row.lifetime_value))
        return found

    def scored_if_there(self, session: Session, customer_id: str) -> ScoredFacts | None:
        """None where the customer is not there; one who is stays until the transaction ends."""
        of_one = {"customer": customer_id, "not_before": self._clock.now() - self._max_age}
        rows = session.connection().execute(_SCORED_IF_THERE, of_one).all()
        if not rows:
            return None
        first = next(iter(self._in_order(rows)), None)
        return ScoredFacts(first.churn_risk, first.lifetime_value) if first is not None else ScoredFacts()

    def of(self, session: Session, customer_ids: Iterable[str]) -> Mapping[str, LastKnown]:
        """By customer; those of whom nothing was ever learnt are left out."""
        snapshots: dict[str, Row[Any]] = {}
        for row in self._of_many(session, _SNAPSHOTS, customer_ids):
            snapshots.setdefault(row.customer_id, row)
        read = {customer_id: self._read(snapshot) for customer_id, snapshot in snapshots.items()}
        return {customer_id: known for customer_id, known in read.items() if known is not None}

    def with_churn(
        self, session: Session, customer_id: str
    ) -> tuple[LastKnown | None, ChurnPrediction | None]:
        """Also the churn prediction of the provider whose facts they are, in the same statement."""
        of_one = {"customer": customer_id, "not_before": self._clock.now() - self._max_age}
        rows = self._in_order(session.connection().execute(_WITH_CHURN, of_one).all())
        facts = next((row for row in rows if row.capability == Capability.ANALYZE), None)
        known = self._read(facts) if facts is not None else None
        if facts is None or known is None:
            return None, None
        churn = next(
            (row for row in rows if row.capability == Capability.CHURN and row.provider == facts.provider),
            None,
        )
        read = read_snapshot(Capability.CHURN, churn.answer, outdated=False) if churn is not None else None
        return known, cast("ChurnPrediction", read.answer) if read is not None else None

    def _read(self, snapshot: Row[Any]) -> LastKnown | None:
        marked = snapshot.refresh_due_since is not None
        read = read_snapshot(Capability.ANALYZE, snapshot.answer, outdated=marked)
        if read is None:
            return None
        overdue = snapshot.as_of <= self._clock.now() - self._ttl
        return LastKnown(cast("CustomerIntelligence", read.answer), marked or overdue)

    def _of_many(
        self, session: Session, those: Select[Any], customer_ids: Iterable[str]
    ) -> Sequence[Row[Any]]:
        """Of each customer the one to be believed first."""
        wanted = {"customers": list(customer_ids), "not_before": self._clock.now() - self._max_age}
        return self._in_order(session.connection().execute(those, wanted).all())

    def _in_order(self, rows: Sequence[Row[Any]]) -> list[Row[Any]]:
        """Without those of providers that are not enabled."""
        order = {name: place for place, name in enumerate(self._enabled())}
        enabled = [row for row in rows if row.provider in order]
        return sorted(enabled, key=lambda row: (not row.known, order[row.provider]))
