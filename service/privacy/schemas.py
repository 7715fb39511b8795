"""What is held of a customer, on the wire."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

import msgspec
from marshmallow import Schema, fields, validate
from sqlalchemy import inspect

from service.clock import rfc3339
from service.columns import Base
from service.http.fields import Flag, Rfc3339


class EraseQuerySchema(Schema):
    erase = Flag(
        required=True,
        error_messages={"required": "Say erase=true: customers are erased for good, not hidden."},
        validate=validate.Equal(comparable=True, error="Must be true: what is erased never comes back."),
        metadata={"example": True},
    )


class Row(fields.Field[Base]):
    """A row with every column that it has, so that none which comes later is forgotten."""

    def __init__(self, **options: Any) -> None:
        super().__init__(metadata={"type": "object", **options.pop("metadata", {})}, **options)

    def _serialize(self, value: Base | None, attr: str | None, obj: Any, **kwargs: Any) -> Any:
        if value is None:
            return None
        columns = inspect(type(value)).column_attrs
        return {column.key: _plain(getattr(value, column.key)) for column in columns}


class Rows(fields.List[Any]):
    def __init__(self, example: Mapping[str, Any], **options: Any) -> None:
        super().__init__(Row(metadata={"example": dict(example)}), **options)


class HeldOrderSchema(Schema):
    order = Row(metadata={"example": {"external_id": "1042", "total": 18.4}})
    lines = Rows({"title": "Green tea, 100 g"})
    refunds = Rows({"external_id": "refund-1"})

    def get_attribute(self, order: Any, attr: str, default: Any) -> Any:
        return order if attr == "order" else getattr(order, attr)


class HeldTicketSchema(Schema):
    ticket = Row(metadata={"example": {"id": "ticket_123", "subject": "My parcel never arrived"}})
    tags = fields.Function(
        lambda held: sorted(held.ticket.tags),
        metadata={"type": "array", "items": {"type": "string"}, "example": ["late"]},
    )
    messages = Rows({"content": "Where is my order?"})
    notes = Rows({"content": "Called the carrier: it is on its way."})
    drafts = Rows({"content": "I am sorry that your parcel is late."})
    recommendations = Rows({"talking_points": ["A replacement is on its way"]})
    assignments = Rows({"reason": "auto", "why": "Speaks German."})
    events = Rows({"type": "ticket.created", "actor": "key:web"})


class CustomerExportSchema(Schema):
    exported_at = Rfc3339()
    customer = Row(metadata={"example": {"id": "cust_123", "name": "Kim Lee"}})
    orders = fields.List(fields.Nested(HeldOrderSchema))
    tickets = fields.List(fields.Nested(HeldTicketSchema), metadata={"description": "the deleted ones, too"})
    statistics = Row(
        allow_none=True,
        metadata={
            "description": "what is counted of orders and contacts, for the desk's own facts",
            "example": {"order_days": 3},
        },
    )
    facts = Rows({"capability": "analyze", "provider": "quimbi"})
    events = Rows({"type": "customer.created", "actor": "key:web"})
    kept_answers = Rows({"scope": "key:web POST /api/tickets", "status": 201})


def _plain(value: Any) -> Any:
    match value:
        case datetime():
            return rfc3339(value)
        case Decimal():
            return float(value)
        case bytes():
            return value.decode(errors="replace")
        case _:
            return msgspec.to_builtins(value, str_keys=True)
