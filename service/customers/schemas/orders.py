"""Orders on the wire; whatever brings orders, they pass here."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from marshmallow import Schema, ValidationError, fields, post_load, validate

from service.customers.orders import ABSENT_STAYS, Line, NewOrder, Refund, Tracking
from service.http.fields import Amount, CallerId, Count, Currency, Rfc3339, Text, WebAddress
from service.http.pagination import MAX_LIMIT, PaginationSchema
from service.http.problems import Errors, flatten

MOST_ORDERS = 500
MOST_LINES = 200
MOST_REFUNDS = 100
MOST_PARCELS = 20
MOST_PIECES = 1_000_000
MOST_ERRORS = 10
"""Of one order among many."""

LONGEST_FIELD_NAME = 100


class LineSchema(Schema):
    title = Text(500, required=True, metadata={"example": "Green tea, 100 g"})
    product_id = Text(200, allow_none=True, metadata={"example": "tea-17"})
    vendor = Text(200, allow_none=True, metadata={"example": "Leaf & Co"})
    category = Text(200, allow_none=True, metadata={"example": "Tea"})
    quantity = Count(0, MOST_PIECES, required=True, metadata={"example": 2})
    price = Amount(required=True, metadata={"example": 9.95, "description": "for one piece"})
    discount = Amount(allow_none=True, metadata={"example": 1.5, "description": "for the line"})

    @post_load
    def _make(self, values: dict[str, Any], **_: Any) -> Line:
        return Line(**values)


class RefundSchema(Schema):
    external_id = Text(200, required=True, metadata={"example": "refund-1"})
    at = Rfc3339(required=True, metadata={"example": "2026-02-03T09:00:00Z"})
    amount = Amount(required=True, metadata={"example": 9.95, "description": "what went back, positive"})

    @post_load
    def _make(self, values: dict[str, Any], **_: Any) -> Refund:
        return Refund(**values)


class TrackingSchema(Schema):
    numbers = fields.List(
        Text(100), validate=validate.Length(max=MOST_PARCELS), metadata={"example": ["1Z999AA10123456784"]}
    )
    urls = fields.List(
        WebAddress(),
        validate=validate.Length(max=MOST_PARCELS),
        metadata={"example": ["https://tracking.example.com/1Z999AA10123456784"]},
    )
    carrier = Text(100, allow_none=True, metadata={"example": "UPS"})

    @post_load
    def _make(self, values: dict[str, Any], **_: Any) -> Tracking:
        return Tracking(
            numbers=tuple(values.get("numbers", ())),
            urls=tuple(values.get("urls", ())),
            carrier=values.get("carrier"),
        )


def _each_once(refunds: Sequence[Refund]) -> None:
    seen: set[str] = set()
    for refund in refunds:
        if refund.external_id in seen:
            raise ValidationError(f"Names the refund {refund.external_id!r} twice; send each once.")
        seen.add(refund.external_id)


class NewOrderSchema(Schema):
    external_id = Text(200, required=True, metadata={"example": "1042"})
    customer_id = CallerId(required=True)
    ordered_at = Rfc3339(required=True, metadata={"example": "2026-01-31T10:00:00+01:00"})
    currency = Currency(required=True, metadata={"example": "EUR"})
    status = Text(50, required=True, metadata={"example": "paid"})
    fulfillment_status = Text(50, allow_none=True, metadata={"example": "fulfilled"})
    total = Amount(
        required=True, metadata={"example": 18.4, "description": "what was paid, after the discount"}
    )
    discount = Amount(allow_none=True, metadata={"example": 1.5})
    channel = Text(50, allow_none=True, metadata={"example": "web"})
    lines = fields.List(fields.Nested(LineSchema), required=True, validate=validate.Length(max=MOST_LINES))
    refunds = fields.List(
        fields.Nested(RefundSchema),
        allow_none=True,
        validate=[validate.Length(max=MOST_REFUNDS), _each_once],
    )
    tracking = fields.Nested(TrackingSchema, allow_none=True)

    @post_load
    def _make(self, values: dict[str, Any], **_: Any) -> NewOrder:
        absent = frozenset(ABSENT_STAYS) - set(values)
        refunds = sorted(values.pop("refunds", None) or (), key=lambda refund: refund.external_id)
        lines = tuple(values.pop("lines"))
        return NewOrder(**values, lines=lines, refunds=tuple(refunds), absent=absent)


_one_order = NewOrderSchema()


def load_order(sent: object) -> NewOrder | Errors:
    """The order, or what is wrong with it: field → sentences. Never raises."""
    try:
        order: NewOrder = _one_order.load(sent)  # type: ignore[arg-type]  # it says itself that this is no object
    except ValidationError as error:
        faults = list(flatten(error.messages).items())[:MOST_ERRORS]
        return {name[:LONGEST_FIELD_NAME]: sentences for name, sentences in faults}
    return order


@dataclass(frozen=True, slots=True)
class Rejected:
    """`index` counts from 0 in what was sent."""

    index: int
    errors: Errors


@dataclass(frozen=True, slots=True)
class SentOrders:
    orders: Sequence[NewOrder]
    rejected: Sequence[Rejected] = field(default_factory=list)

    @classmethod
    def sorted_out(cls, entries: Sequence[object]) -> "SentOrders":
        orders: list[NewOrder] = []
        rejected: list[Rejected] = []
        for index, loaded in enumerate(map(load_order, entries)):
            if isinstance(loaded, NewOrder):
                orders.append(loaded)
            else:
                rejected.append(Rejected(index, loaded))
        return cls(orders, rejected)


class _OrderListSchema(Schema):
    orders = fields.List(
        fields.Raw(allow_none=True),
        required=True,
        validate=validate.Length(
            max=MOST_ORDERS, error="Must be at most {max} orders; send the others apart."
        ),
    )


class OrdersSchema(NewOrderSchema):
    """One order, refused as a whole; or a list of them, of which each is taken or rejected by itself."""

    orders = fields.List(
        fields.Nested(NewOrderSchema),
        validate=validate.Length(max=MOST_ORDERS),
        metadata={"description": "in the place of the fields of one order"},
    )

    def load(self, data: Any, **options: Any) -> SentOrders:
        if isinstance(data, Mapping) and "orders" in data:
            return SentOrders.sorted_out(_OrderListSchema().load(data)["orders"])
        return SentOrders([_one_order.load(data)])


class RejectedSchema(Schema):
    index = fields.Integer(metadata={"example": 3})
    errors = fields.Dict(
        keys=fields.String(),
        values=fields.List(fields.String()),
        metadata={"example": {"total": ["Missing data for required field."]}},
    )


class RecordedSchema(Schema):
    created = fields.Integer(metadata={"example": 1})
    updated = fields.Integer(metadata={"example": 0, "description": "the unchanged ones included"})
    rejected = fields.List(fields.Nested(RejectedSchema))


class ToldLineSchema(Schema):
    title = fields.String(metadata={"example": "Green tea, 100 g"})
    product_id = fields.String(allow_none=True, metadata={"example": "tea-17"})
    vendor = fields.String(allow_none=True, metadata={"example": "Leaf & Co"})
    category = fields.String(allow_none=True, metadata={"example": "Tea"})
    quantity = fields.Integer(metadata={"example": 2})
    price = Amount(metadata={"example": 9.95, "description": "for one piece"})
    discount = Amount(allow_none=True, metadata={"example": 1.5, "description": "for the line"})


class ToldRefundSchema(Schema):
    external_id = fields.String(metadata={"example": "refund-1"})
    at = Rfc3339()
    amount = Amount(metadata={"example": 9.95})


class ToldTrackingSchema(Schema):
    numbers = fields.List(fields.String(), metadata={"example": ["1Z999AA10123456784"]})
    urls = fields.List(
        fields.String(), metadata={"example": ["https://tracking.example.com/1Z999AA10123456784"]}
    )
    carrier = fields.String(allow_none=True, metadata={"example": "UPS"})


class OrderSchema(Schema):
    id = fields.String(metadata={"example": "order_aB3dE5fG7hJ9"})
    external_id = fields.String(metadata={"example": "1042"})
    customer_id = fields.String()
    ordered_at = Rfc3339()
    currency = fields.String(metadata={"example": "EUR"})
    status = fields.String(metadata={"example": "paid"})
    fulfillment_status = fields.String(allow_none=True, metadata={"example": "fulfilled"})
    total = Amount(metadata={"example": 18.4})
    discount = Amount(allow_none=True, metadata={"example": 1.5})
    channel = fields.String(allow_none=True, metadata={"example": "web"})
    lines = fields.List(fields.Nested(ToldLineSchema))
    refunds = fields.List(fields.Nested(ToldRefundSchema))
    tracking = fields.Nested(ToldTrackingSchema, allow_none=True)
    created_at = Rfc3339()
    updated_at = Rfc3339()


class OrderQuerySchema(Schema):
    page = Count(1, load_default=None)
    limit = Count(1, MAX_LIMIT, load_default=None)
    cursor = Text(400, load_default=None)


class OrderListSchema(Schema):
    orders = fields.List(fields.Nested(OrderSchema), attribute="rows")
    pagination = fields.Nested(PaginationSchema)
