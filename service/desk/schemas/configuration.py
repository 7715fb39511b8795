"""The catalogue of axes on the wire."""

from typing import Any

from marshmallow import Schema, fields

from providers.axes import Axis, Segment


class SegmentSchema(Schema):
    name = fields.String(metadata={"example": "deal_hunter"})
    display_name = fields.String(metadata={"example": "Deal hunter"})
    description = fields.String(metadata={"example": "Buys mostly at a discount."})
    order = fields.Integer(metadata={"example": 2, "description": "from 0"})


class AxisSchema(Schema):
    name = fields.String(metadata={"example": "price_sensitivity"})
    display_name = fields.String(metadata={"example": "Price sensitivity"})
    description = fields.String(metadata={"example": "How much discounts decide."})
    category = fields.String(metadata={"example": "purchase"})
    segments = fields.List(fields.Nested(SegmentSchema))

    def get_attribute(self, axis: Axis, attr: str, default: Any) -> Any:
        if attr == "segments":
            return [_placed(order, segment) for order, segment in enumerate(axis.segments)]
        return super().get_attribute(axis, attr, default)


def _placed(order: int, segment: Segment) -> dict[str, Any]:
    return {
        "name": segment.name,
        "display_name": segment.display_name,
        "description": segment.description,
        "order": order,
    }


class ConfigurationSchema(Schema):
    version = fields.String(metadata={"example": "0.1.0", "description": "of the service"})
    axis_count = fields.Integer(metadata={"example": 13})
    axes = fields.List(fields.Nested(AxisSchema))
