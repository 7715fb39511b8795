"""Bounded fields, one set for every schema: what passes here fits the database and every provider."""

import re
from datetime import UTC, datetime
from typing import Any

from marshmallow import ValidationError, fields, validate

from service.clock import rfc3339

MAX_INTEGER = 2**53 - 1
CALLER_ID = re.compile(r"(?!\.{1,2}\Z)[^\x00-\x20/\\?#%\x7f]{1,200}")
"""`.` and `..` are no segments of a path: clients take them out."""
DATE_OR_TIME = re.compile(
    r"2[01]\d\d-\d\d-\d\d(?:[Tt]\d\d:\d\d:\d\d(?:\.\d{1,6})?(?:[Zz]|[+-]\d\d:\d\d))?", re.ASCII
)
"""Of the years 2000 to 2199: with room on both sides for what is reckoned from it."""


def storable(text: str) -> bool:
    """False for NUL and lone surrogates, which neither database takes."""
    return "\x00" not in text and not any("\ud800" <= character <= "\udfff" for character in text)


class Text(fields.String):
    """Text of `low` to `high` characters once trimmed; `low` 0 allows an empty one."""

    def __init__(self, high: int, *, low: int = 1, **options: Any) -> None:
        super().__init__(**options)
        bounds = (
            f"Must be {low} to {high} characters long." if low else f"Must be at most {high} characters long."
        )
        self.validators.append(validate.Length(low, high, error=bounds))

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        text: str = super()._deserialize(value, attr, data, **kwargs)
        if not storable(text):
            raise ValidationError("Must not contain NUL characters or lone surrogates; remove them.")
        return text.strip()


class CallerId(fields.String):
    """An id that a caller brings: 1 to 200 characters that can stand in a path."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        text: str = super()._deserialize(value, attr, data, **kwargs)
        if not storable(text) or not CALLER_ID.fullmatch(text):
            raise ValidationError(
                "Must be 1 to 200 characters, not . or .. alone, without spaces, slashes or any of \\ ? # %."
            )
        return text


class Count(fields.Integer):
    """A whole number of `low` to `high`."""

    def __init__(self, low: int, high: int = MAX_INTEGER, **options: Any) -> None:
        super().__init__(**options)
        self.validators.append(validate.Range(low, high, error="Must be a whole number from {min} to {max}."))

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> int:
        if isinstance(value, bool | float) or (isinstance(value, str) and len(value) > 20):
            raise self.make_error("invalid", input=value)
        number: int = super()._deserialize(value, attr, data, **kwargs)
        return number


class Flag(fields.Boolean):
    """JSON true or false; in a query string also 1, 0, yes, no."""

    def __init__(self, **options: Any) -> None:
        super().__init__(
            truthy={"true", "True", "1", "yes", True}, falsy={"false", "False", "0", "no", False}, **options
        )


class Choice(fields.String):
    def __init__(self, *choices: str, **options: Any) -> None:
        super().__init__(**options)
        self.validators.append(validate.OneOf(choices, error="Must be one of: {choices}."))


class DateOrTime(fields.Field[datetime]):
    """A date, which begins at midnight in UTC, or an RFC 3339 time; loaded in UTC."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> datetime:
        wrong = "Must be a date such as 2026-01-31, or a time such as 2026-01-31T10:00:00Z."
        if not isinstance(value, str) or not DATE_OR_TIME.fullmatch(value):
            raise ValidationError(wrong)
        try:
            at = datetime.fromisoformat(value.upper())
        except ValueError:
            raise ValidationError(wrong) from None
        return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)


class Rfc3339(fields.Field[datetime]):
    """A time in UTC, with `Z`."""

    def _serialize(self, value: datetime | None, attr: str | None, obj: Any, **kwargs: Any) -> str | None:
        return None if value is None else rfc3339(value)


class Number(fields.Float):
    """A Decimal or float as a JSON number."""
