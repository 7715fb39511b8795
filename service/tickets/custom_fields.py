"""The rules of custom fields: which values a definition takes."""

import math
import re
from collections.abc import Mapping
from datetime import date
from typing import Any

from service.errors import InvalidField
from service.http.fields import storable
from service.tickets.models import FieldType, TicketField

LONGEST_TEXT = 1_000
GREATEST_NUMBER = 10**15
DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)

CustomFields = Mapping[str, str | int | float | bool | None]


def merged(known: CustomFields, wanted: CustomFields, fields: Mapping[str, TicketField]) -> dict[str, Any]:
    """`known` with what is wanted over it; None removes a value. Raises `InvalidField`."""
    values = dict(known)
    for key, value in wanted.items():
        if value is None:
            values.pop(key, None)
        else:
            values[key] = checked(key, value, fields.get(key))
    return values


def checked(key: str, value: object, field: TicketField | None) -> str | int | float | bool:
    """Raises `InvalidField` naming the field and what it takes."""
    if field is None or field.archived_at is not None:
        raise InvalidField(
            f"custom_fields.{key}", "Is no custom field; /api/ticket-fields lists those there are."
        )
    match field.type, value:
        case FieldType.BOOLEAN, bool():
            return value
        case FieldType.NUMBER, int() | float() if not isinstance(value, bool) and _fits(value):
            return value
        case FieldType.TEXT, str() if storable(value) and len(value) <= LONGEST_TEXT:
            return value
        case FieldType.DATE, str() if _is_date(value):
            return value
        case FieldType.CHOICE, str() if value in (field.choices or []):
            return value
    raise InvalidField(f"custom_fields.{key}", _cure(field))


def _fits(number: float) -> bool:
    return math.isfinite(number) and abs(number) <= GREATEST_NUMBER


def _is_date(value: str) -> bool:
    if not DATE.fullmatch(value):
        return False
    try:
        date.fromisoformat(value)
    except ValueError:
        return False
    return True


def _cure(field: TicketField) -> str:
    return {
        FieldType.BOOLEAN: "Must be true or false.",
        FieldType.NUMBER: f"Must be a number from -{GREATEST_NUMBER} to {GREATEST_NUMBER}.",
        FieldType.TEXT: f"Must be text of at most {LONGEST_TEXT} characters.",
        FieldType.DATE: "Must be a date such as 2026-01-31.",
        FieldType.CHOICE: f"Must be one of: {', '.join(field.choices or [])}.",
    }[field.type]
