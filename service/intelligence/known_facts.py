"""What the desk last learnt of many customers at once, without asking any provider."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, TypeVar, cast

from sqlalchemy import Row, and_, bindparam, or_, select
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


AnySnapshot = TypeVar("AnySnapshot", bound=Any)
"""With `provider` and `known`, whatever else was read of it."""

WHOLE = ""
USUAL_WINDOW = canonical(ChurnRequest(CustomerRef("")).arguments)
"""Arguments of the questions that are asked unless a caller says otherwise."""


_SNAPSHOTS = select(CustomerSnapshot).where(
    CustomerSnapshot.customer_id.in_(bindparam("customers", expanding=True)),
    CustomerSnapshot.capability.in_(bindparam("capabilities", expanding=True)),
    CustomerSnapshot.arguments.in_(bindparam("arguments", expanding=True)),
    CustomerSnapshot.provider.in_(bindparam("providers", expanding=True)),
    CustomerSnapshot.as_of >= bindparam("not_before"),
)


_SCORED = select(
    CustomerSnapshot.customer_id,
    CustomerSnapshot.provider,
    CustomerSnapshot.known,
    CustomerSnapshot.churn_risk,
    CustomerSnapshot.lifetime_value,
).where(
    CustomerSnapshot.customer_id.in_(bindparam("customers", expanding=True)),
    CustomerSnapshot.capability == Capability.ANALYZE.value,
    CustomerSnapshot.arguments == WHOLE,
    CustomerSnapshot.as_of >= bindparam("not_before"),
)
"""Each list in a statement is written out anew whenever it is asked: a ticket that is made has one alone."""


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
"""Of one customer and all providers, which are few: a list in a statement is written out anew each time."""


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
        enabled = self._enabled()
        wanted = {"customers": list(customer_ids), "not_before": self._clock.now() - self._max_age}
        rows = session.connection().execute(_SCORED, wanted).all()
        for row in self._in_order([row for row in rows if row.provider in enabled]):
            found.setdefault(row.customer_id, ScoredFacts(row.churn_risk, row.lifetime_value))
        return found

    def of(self, session: Session, customer_ids: Iterable[str]) -> Mapping[str, LastKnown]:
        """By customer; those of whom nothing was ever learnt are left out."""
        snapshots = self._snapshots(session, customer_ids)
        read = {customer_id: self._read(snapshot) for customer_id, snapshot in snapshots.items()}
        return {customer_id: known for customer_id, known in read.items() if known is not None}

    def with_churn(
        self, session: Session, customer_id: str
    ) -> tuple[LastKnown | None, ChurnPrediction | None]:
        """Also the churn prediction of the provider whose facts they are, in the same statement."""
        of_one = {"customer": customer_id, "not_before": self._clock.now() - self._max_age}
        enabled = self._enabled()
        found = session.connection().execute(_WITH_CHURN, of_one).all()
        rows = self._in_order([row for row in found if row.provider in enabled])
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

    def _read(self, snapshot: CustomerSnapshot | Row[Any]) -> LastKnown | None:
        marked = snapshot.refresh_due_since is not None
        read = read_snapshot(Capability.ANALYZE, snapshot.answer, outdated=marked)
        if read is None:
            return None
        overdue = snapshot.as_of <= self._clock.now() - self._ttl
        return LastKnown(cast("CustomerIntelligence", read.answer), marked or overdue)

    def _snapshots(self, session: Session, customer_ids: Iterable[str]) -> Mapping[str, CustomerSnapshot]:
        found: dict[str, CustomerSnapshot] = {}
        for row in self._rows(session, customer_ids, {Capability.ANALYZE: WHOLE}):
            found.setdefault(row.customer_id, row)
        return found

    def _rows(
        self, session: Session, customer_ids: Iterable[str], kinds: Mapping[Capability, str]
    ) -> Sequence[CustomerSnapshot]:
        """Of the capabilities with these arguments, the one to be believed first."""
        return self._in_order(session.scalars(_SNAPSHOTS, self._wanted(customer_ids, kinds)).all())

    def _wanted(self, customer_ids: Iterable[str], kinds: Mapping[Capability, str]) -> dict[str, Any]:
        return {
            "customers": list(customer_ids),
            "capabilities": list(kinds),
            "arguments": list(kinds.values()),
            "providers": list(self._enabled()),
            "not_before": self._clock.now() - self._max_age,
        }

    def _in_order(self, rows: Sequence[AnySnapshot]) -> list[AnySnapshot]:
        order = {name: place for place, name in enumerate(self._enabled())}
        return sorted(rows, key=lambda row: (not row.known, order[row.provider]))
