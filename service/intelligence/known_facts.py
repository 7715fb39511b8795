"""What the desk last learnt of many customers at once, without asking any provider."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import cast

from sqlalchemy import select
from sqlalchemy.orm import Session

from providers.models import Capability, CustomerIntelligence
from providers.ports import Clock
from service.intelligence.models import CustomerSnapshot
from service.intelligence.snapshots import read_snapshot
from service.tickets.services import ScoredFacts


@dataclass(frozen=True, slots=True)
class LastKnown:
    """`outdated`: the customer wrote or ordered since, or the facts are past their time."""

    facts: CustomerIntelligence
    outdated: bool


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
        return {
            customer_id: ScoredFacts(snapshot.churn_risk, snapshot.lifetime_value)
            for customer_id, snapshot in self._snapshots(session, customer_ids).items()
        }

    def of(self, session: Session, customer_ids: Iterable[str]) -> Mapping[str, LastKnown]:
        """By customer; those of whom nothing was ever learnt are left out."""
        due = self._clock.now() - self._ttl
        known = {}
        for customer_id, snapshot in self._snapshots(session, customer_ids).items():
            outdated = snapshot.refresh_due_since is not None
            read = read_snapshot(Capability.ANALYZE, snapshot.answer, outdated=outdated)
            if read is not None:
                facts = cast("CustomerIntelligence", read.answer)
                known[customer_id] = LastKnown(facts, outdated or snapshot.as_of < due)
        return known

    def _snapshots(self, session: Session, customer_ids: Iterable[str]) -> Mapping[str, CustomerSnapshot]:
        enabled = self._enabled()
        statement = select(CustomerSnapshot).where(
            CustomerSnapshot.customer_id.in_(list(customer_ids)),
            CustomerSnapshot.capability == Capability.ANALYZE,
            CustomerSnapshot.arguments == "",
            CustomerSnapshot.provider.in_(enabled),
            CustomerSnapshot.as_of >= self._clock.now() - self._max_age,
        )
        found: dict[str, CustomerSnapshot] = {}
        order = {name: place for place, name in enumerate(enabled)}
        rows = session.scalars(statement).all()
        for row in sorted(rows, key=lambda row: (not row.known, order[row.provider])):
            found.setdefault(row.customer_id, row)
        return found
