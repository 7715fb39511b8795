"""A customer's orders on the wire, with amounts as text: so existing clients read them."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from marshmallow import Schema, ValidationError, fields, post_load, validates_schema

from service.http.fields import DateOrTime, Rfc3339, Text

LONGEST_TERMS = 200
MOST_TERMS = 10
DAY_ALONE = len("2026-01-31")
CENT = Decimal("0.01")


class DecimalText(fields.String):
    """Money as text with two decimals, or as many as it has."""

    def _serialize(self, value: Any, attr: str | None, obj: Any, **kwargs: Any) -> str | None:
        if value is None:
            return None
        cents = value.quantize(CENT)
        return f"{cents if cents == value else value.normalize():f}"


class UntilWithDay(DateOrTime):
    """A date is meant to its end, a time until before it."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> datetime:
        at = super()._deserialize(value, attr, data, **kwargs)
        return at + timedelta(days=1) if len(value) == DAY_ALONE else at


class ShoppingQuerySchema(Schema):
    search_terms = Text(
        LONGEST_TERMS,
        low=0,
        load_default=None,
        metadata={
            "example": "tea green",
            "description": "words, by blanks or commas: each is part of the order's number or of a title",
        },
    )
    start_date = DateOrTime(
        load_default=None,
        metadata={"type": "string", "example": "2026-01-01", "description": "a date or an RFC 3339 time"},
    )
    end_date = UntilWithDay(
        load_default=None,
        metadata={
            "type": "string",
            "example": "2026-01-31",
            "description": "a date, which is included, or an RFC 3339 time, before which the orders are",
        },
    )

    @validates_schema
    def _is_a_span(self, query: dict[str, Any], **_: Any) -> None:
        start, end = query.get("start_date"), query.get("end_date")
        if start is not None and end is not None and start >= end:
            raise ValidationError("Must not be before start_date.", "end_date")

    @post_load
    def _by_words(self, query: dict[str, Any], **_: Any) -> dict[str, Any]:
        words = (query["search_terms"] or "").replace(",", " ").split()
        if len(words) > MOST_TERMS:
            raise ValidationError(f"Must be at most {MOST_TERMS} words.", "search_terms")
        return query | {"search_terms": " ".join(words)}


class LineItemSchema(Schema):
    title = fields.String(metadata={"example": "Green tea, 100 g"})
    vendor = fields.String(allow_none=True, metadata={"example": "Leaf & Co"})
    quantity = fields.Integer(metadata={"example": 2})
    price = DecimalText(metadata={"example": "9.95", "description": "for one piece"})


class FoundOrderSchema(Schema):
    order_id = fields.String(attribute="id", metadata={"example": "order_aB3dE5fG7hJ9"})
    order_number = fields.String(attribute="external_id", metadata={"example": "1042"})
    created_at = Rfc3339(attribute="ordered_at")
    total_price = DecimalText(attribute="total", metadata={"example": "18.40"})
    currency = fields.String(metadata={"example": "EUR"})
    status = fields.String(metadata={"example": "paid"})
    line_items = fields.List(fields.Nested(LineItemSchema), attribute="lines")
    tracking_numbers = fields.Function(
        lambda order: list(order.tracking.numbers) if order.tracking else [],
        metadata={"type": "array", "items": {"type": "string"}, "example": ["1Z999AA10123456784"]},
    )
    fulfillment_status = fields.String(allow_none=True, metadata={"example": "fulfilled"})


class FoundOrdersSchema(Schema):
    customer_id = fields.String()
    orders = fields.List(fields.Nested(FoundOrderSchema))
    orders_truncated = fields.Boolean(
        metadata={"example": False, "description": "there are older ones, which the figures leave out"}
    )
    total_orders = fields.Integer(metadata={"example": 1, "description": "of those listed"})
    total_spent = DecimalText(
        allow_none=True,
        metadata={
            "example": "18.40",
            "description": "of those listed: paid, less what went back; null where in several currencies",
        },
    )
    currency = fields.String(
        allow_none=True,
        metadata={"example": "EUR", "description": "of total_spent; null where there is none"},
    )
