"""Customers on the wire."""

import re
from functools import cache
from typing import Any
from zoneinfo import available_timezones

from marshmallow import Schema, ValidationError, fields, post_load, validate

from service.customers.bounds import MOST_EXTERNAL_IDS, fault_of_preferences
from service.customers.services import CustomerChange, NewCustomer
from service.http.fields import CallerId, Count, Email, Locale, Rfc3339, Text
from service.http.pagination import MAX_LIMIT, PaginationSchema
from service.http.searching import SearchTerms

PROVIDER = re.compile(r"[a-z][a-z0-9_-]{0,63}", re.ASCII)


@cache
def _time_zones() -> frozenset[str]:
    """Empty on a machine without the database of time zones; there any name is taken."""
    return frozenset(available_timezones())


class TimeZone(Text):
    """A name of the IANA database."""

    def __init__(self, **options: Any) -> None:
        super().__init__(64, **options)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        name = super()._deserialize(value, attr, data, **kwargs)
        if (known := _time_zones()) and name not in known:
            raise ValidationError("Must be a time zone such as Europe/Berlin (IANA).")
        return name


def _is_small(preferences: dict[str, Any]) -> None:
    if fault := fault_of_preferences(preferences):
        raise ValidationError(fault)


def _is_provider(name: str) -> bool:
    if not PROVIDER.fullmatch(name):
        raise ValidationError("Must be a provider's name: a-z, 0-9, _ and -, the first one a letter.")
    return True


class ExternalIds(fields.Dict):
    """Provider → the id by which it knows the customer."""

    def __init__(self, *, removable: bool, **options: Any) -> None:
        super().__init__(
            keys=fields.String(validate=_is_provider),
            values=Text(200, allow_none=removable),
            validate=validate.Length(max=MOST_EXTERNAL_IDS),
            **options,
        )


class CustomerDetails(Schema):
    name = Text(200, allow_none=True, metadata={"example": "Kim Lee"})
    email = Email(allow_none=True, metadata={"example": "kim@example.com"})
    phone = Text(50, allow_none=True, metadata={"example": "+49 30 1234567"})
    locale = Locale(allow_none=True, metadata={"example": "de-AT"})
    time_zone = TimeZone(allow_none=True, metadata={"example": "Europe/Vienna"})
    preferences = fields.Dict(
        allow_none=True, validate=_is_small, metadata={"example": {"newsletter": False}}
    )


class NewCustomerSchema(CustomerDetails):
    id = CallerId(allow_none=True, metadata={"example": "cust_123", "description": "left out, one is made"})
    external_ids = ExternalIds(removable=False, allow_none=True, metadata={"example": {"quimbi": "7001"}})

    @post_load
    def _make(self, values: dict[str, Any], **_: Any) -> NewCustomer:
        preferences, external_ids = values.pop("preferences", None), values.pop("external_ids", None)
        return NewCustomer(**values, preferences=preferences or {}, external_ids=external_ids or {})


class CustomerChangeSchema(CustomerDetails):
    external_ids = ExternalIds(
        removable=True,
        allow_none=True,
        metadata={"example": {"quimbi": "7001"}, "description": "null takes one away"},
    )

    @post_load
    def _make(self, values: dict[str, Any], **_: Any) -> CustomerChange:
        preferences = values.pop("preferences", {})
        external_ids = values.pop("external_ids", {})
        return CustomerChange(values=values, preferences=preferences, external_ids=external_ids)


class ListedCustomerSchema(Schema):
    id = fields.String(metadata={"example": "cust_123"})
    name = fields.String(allow_none=True, metadata={"example": "Kim Lee"})
    email = fields.String(allow_none=True, metadata={"example": "kim@example.com"})
    phone = fields.String(allow_none=True, metadata={"example": "+49 30 1234567"})
    locale = fields.String(allow_none=True, metadata={"example": "de-AT"})
    time_zone = fields.String(allow_none=True, metadata={"example": "Europe/Vienna"})
    preferences = fields.Dict(metadata={"example": {"newsletter": False}})
    external_ids = fields.Dict(
        keys=fields.String(), values=fields.String(), metadata={"example": {"quimbi": "7001"}}
    )
    created_at = Rfc3339()
    updated_at = Rfc3339()


class SpentSchema(Schema):
    currency = fields.String(metadata={"example": "EUR"})
    amount = fields.Float(attribute="spent", metadata={"example": 892.5})


class CustomerSchema(ListedCustomerSchema):
    order_count = fields.Integer(metadata={"example": 12})
    total_spent = fields.List(
        fields.Nested(SpentSchema), metadata={"description": "of each currency: paid, less what went back"}
    )
    last_order_at = Rfc3339(allow_none=True)

    def get_attribute(self, told: Any, attr: str, default: Any) -> Any:
        """The figures of the orders stand flat beside the customer's own fields."""
        source = told if attr in {"order_count", "total_spent", "last_order_at"} else told.customer
        return super().get_attribute(source, attr, default)


class CustomerQuerySchema(Schema):
    email = Text(320, load_default=None, metadata={"description": "the whole address, in any case"})
    q = SearchTerms(
        load_default=(),
        metadata={
            "type": "string",
            "description": 'words, and "phrases" in quotes, that all stand in the name or the e-mail address',
            "example": "lovelace",
        },
    )
    page = Count(1, load_default=None)
    limit = Count(1, MAX_LIMIT, load_default=None)
    cursor = Text(400, load_default=None)


class CustomerListSchema(Schema):
    customers = fields.List(fields.Nested(ListedCustomerSchema), attribute="rows")
    pagination = fields.Nested(PaginationSchema)
