"""An order as the desk speaks of it: what a shop tells of it, and what is on record."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Any

ABSENT_STAYS = ("fulfillment_status", "discount", "channel", "refunds", "tracking")
"""What a shop need not tell each time: left out it stays, null takes it away."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """`price` is for one piece, in the order's currency; `discount` for the line."""

    title: str
    quantity: int
    price: Decimal
    product_id: str | None = None
    vendor: str | None = None
    category: str | None = None
    discount: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Refund:
    """`amount` is what went back, positive, in the order's currency."""

    external_id: str
    at: datetime
    amount: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Tracking:
    numbers: tuple[str, ...] = ()
    urls: tuple[str, ...] = ()
    carrier: str | None = None

    @classmethod
    def stored(cls, row: Mapping[str, Any] | None) -> "Tracking | None":
        if row is None:
            return None
        return cls(
            numbers=tuple(row.get("numbers") or ()),
            urls=tuple(row.get("urls") or ()),
            carrier=row.get("carrier"),
        )

    def row(self) -> dict[str, Any]:
        return {"numbers": list(self.numbers), "urls": list(self.urls), "carrier": self.carrier}


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderFacts:
    """`total` is what was paid, after `discount`; `refunds` are in the order of their ids."""

    external_id: str
    customer_id: str
    ordered_at: datetime
    currency: str
    status: str
    total: Decimal
    lines: tuple[Line, ...] = ()
    fulfillment_status: str | None = None
    discount: Decimal | None = None
    channel: str | None = None
    refunds: tuple[Refund, ...] = ()
    tracking: Tracking | None = None

    @property
    def refunded(self) -> Decimal:
        return sum((refund.amount for refund in self.refunds), Decimal(0))

    @property
    def contents(self) -> tuple[tuple[Line, ...], tuple[Refund, ...], Tracking | None]:
        """What no event tells."""
        return self.lines, self.refunds, self.tracking

    def columns(self) -> dict[str, Any]:
        """The values of the order's own row."""
        return {
            "external_id": self.external_id,
            "customer_id": self.customer_id,
            "ordered_at": self.ordered_at,
            "currency": self.currency,
            "status": self.status,
            "fulfillment_status": self.fulfillment_status,
            "total": self.total,
            "discount": self.discount,
            "channel": self.channel,
            "tracking": None if self.tracking is None else self.tracking.row(),
        }

    def told(self) -> dict[str, Any]:
        """What an event may tell of it: nothing of a person, nor of what somebody bought."""
        return {
            "ordered_at": self.ordered_at,
            "currency": self.currency,
            "status": self.status,
            "fulfillment_status": self.fulfillment_status,
            "total": self.total,
            "discount": self.discount,
            "channel": self.channel,
            "lines": len(self.lines),
            "refunded": self.refunded,
            "tracked": self.tracking is not None,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class NewOrder(OrderFacts):
    """As it was sent. `absent`: those of `ABSENT_STAYS` that were left out."""

    absent: frozenset[str] = frozenset()

    def over(self, known: OrderFacts) -> "NewOrder":
        """With what was left out as it is in `known`."""
        kept = {name: getattr(known, name) for name in self.absent}
        both = self.absent & known.absent if isinstance(known, NewOrder) else frozenset()
        return replace(self, absent=both, **kept)


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderRecord(OrderFacts):
    """As it is on record. `id` is the desk's own; `external_id` is the shop's number."""

    id: str
    created_at: datetime
    updated_at: datetime


def folded(orders: Sequence[NewOrder]) -> list[NewOrder]:
    """One of each external id, as if all had been sent one after the other; by external id."""
    last: dict[str, NewOrder] = {}
    for order in orders:
        before = last.get(order.external_id)
        last[order.external_id] = order if before is None else order.over(before)
    return [last[external_id] for external_id in sorted(last)]
