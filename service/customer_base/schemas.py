"""Fits on the wire, for operators."""

from datetime import date
from typing import Any

from marshmallow import Schema, fields

from service.http.fields import Rfc3339


class Day(fields.Field[Any]):
    """A day that is kept as an ordinal."""

    def __init__(self, **options: Any) -> None:
        metadata = {"type": "string", "format": "date", "example": "2026-01-31"}
        super().__init__(**options | {"metadata": metadata | options.pop("metadata", {})})

    def _serialize(self, value: Any, attr: str | None, obj: Any, **kwargs: Any) -> str | None:
        return None if value is None else date.fromordinal(value).isoformat()


class PurchaseParametersSchema(Schema):
    r = fields.Float(metadata={"example": 0.71})
    alpha = fields.Float(metadata={"example": 68.2, "description": "days"})
    a = fields.Float(metadata={"example": 0.8})
    b = fields.Float(metadata={"example": 1.6})
    log_likelihood = fields.Float(metadata={"example": -9582.14})


class SpendParametersSchema(Schema):
    p = fields.Float(metadata={"example": 4.1})
    q = fields.Float(metadata={"example": 3.9})
    v = fields.Float(metadata={"example": 58.4, "description": "an amount in `currency`"})
    currency = fields.String(metadata={"example": "EUR"})
    customers = fields.Integer(metadata={"example": 812})
    log_likelihood = fields.Float(metadata={"example": -4055.92})


class DecileSchema(Schema):
    predicted = fields.Float(metadata={"example": 0.42})
    observed = fields.Float(metadata={"example": 0.4})
    customers = fields.Integer(metadata={"example": 81})


class BacktestSchema(Schema):
    origins = fields.List(Day(), metadata={"description": "the days that it was foretold from"})
    horizon_days = fields.Integer(metadata={"example": 90})
    customers = fields.Integer(metadata={"example": 2143})
    brier = fields.Float(metadata={"example": 0.11, "description": "0 is best"})
    base_brier = fields.Float(
        metadata={"example": 0.14, "description": "of telling everybody the share that was observed"}
    )
    auc = fields.Float(allow_none=True, metadata={"example": 0.79})
    calibration_error = fields.Float(metadata={"example": 0.026})
    mean_predicted = fields.Float(metadata={"example": 0.854})
    mean_observed = fields.Float(metadata={"example": 0.831})
    deciles = fields.List(fields.Nested(DecileSchema))
    value_predicted = fields.Float(allow_none=True, metadata={"example": 71203.5})
    value_observed = fields.Float(allow_none=True, metadata={"example": 80412.0})
    value_rmse = fields.Float(allow_none=True, metadata={"example": 94.2})


class FitVersionSchema(Schema):
    version = fields.Integer(attribute="parameters.version", metadata={"example": 12})
    at = Rfc3339()
    by = fields.String(metadata={"example": "service"})
    adopted = fields.Boolean(metadata={"example": True})
    refusal = fields.String(
        allow_none=True,
        metadata={"description": "why it is not used", "example": "It foretells the past worse."},
    )


class FitSchema(FitVersionSchema):
    model = fields.String(attribute="parameters.model", metadata={"example": "mbg-nbd+gamma-gamma/1"})
    as_of_day = Day(attribute="parameters.as_of")
    data_from = Day(attribute="parameters.first_day")
    data_until = Day(attribute="parameters.last_day")
    customers = fields.Integer(attribute="parameters.customers", metadata={"example": 950})
    repeat_order_days = fields.Integer(attribute="parameters.repeat_order_days", metadata={"example": 2011})
    purchase = fields.Nested(
        PurchaseParametersSchema,
        attribute="parameters.purchase",
        allow_none=True,
        metadata={"description": "null with too few customers or repeat orders"},
    )
    spend = fields.Nested(SpendParametersSchema, attribute="parameters.spend", allow_none=True)
    backtest = fields.Nested(
        BacktestSchema,
        attribute="parameters.backtest",
        allow_none=True,
        metadata={"description": "null where the past is too short for one"},
    )
    null_because = fields.Dict(
        keys=fields.String(),
        values=fields.Float(),
        attribute="parameters.unknown",
        data_key="unknown",
        metadata={
            "description": "reason → share of the customers whose churn risk is not told",
            "example": {"too_uncertain": 0.02},
        },
    )


class FitReportSchema(Schema):
    in_use = fields.Nested(FitSchema, allow_none=True)
    newest = fields.List(
        fields.Nested(FitVersionSchema), metadata={"description": "newest first, also those not used"}
    )
