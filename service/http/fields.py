"""Bounded fields, one set for every schema: what passes here fits the database and every provider."""

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import ROUND_HALF_EVEN, Decimal
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from marshmallow import ValidationError, fields, validate

from providers.models.checks import NOT_STORABLE
from service.clock import rfc3339
from service.columns import MONEY_STEP

MAX_INTEGER = 2**53 - 1
MOST_MONEY = 10**11
"""With four decimals 15 digits: as many as a JSON number carries unharmed."""

FIRST_YEAR, LAST_YEAR = 1970, 2199
LONGEST_ADDRESS = 2_000
CALLER_ID = re.compile(r"(?!\.{1,2}\Z)[^\x00-\x20/\\?#%\x7f]{1,200}")
"""`.` and `..` are no segments of a path: clients take them out."""

TOLD_CALLER_ID = r"^(?!\.{1,2}$)[^\x00-\x20/\\?#%\x7f]+$"
NOT_BLANK = r"\S"
DATE_OR_TIME = re.compile(
    r"2[01]\d\d-\d\d-\d\d(?:[Tt]\d\d:\d\d:\d\d(?:\.\d{1,6})?(?:[Zz]|[+-]\d\d:\d\d))?", re.ASCII
)
"""Of the years 2000 to 2199: with room on both sides for what is reckoned from it."""


DATE = re.compile(r"2[01]\d\d-\d\d-\d\d", re.ASCII)

LANGUAGE_TAG = re.compile(
    r"[A-Za-z]{2,3}(?:-[A-Za-z]{4})?(?:-(?:[A-Za-z]{2}|[0-9]{3}))?"
    r"(?:-(?:[A-Za-z0-9]{5,8}|[0-9][A-Za-z0-9]{3}))*(?:-[A-Za-z](?:-[A-Za-z0-9]{2,8})+)*",
    re.ASCII,
)
"""Of RFC 5646: language, script, region, variants, extensions."""

CURRENCY = re.compile(r"[A-Z]{3}", re.ASCII)
AMOUNT = re.compile(r"[0-9]{1,12}(?:\.[0-9]{1,20})?", re.ASCII)
TIME = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,9})?(?:Z|[+-][0-9]{2}:[0-9]{2})",
    re.ASCII,
)


def storable(text: str) -> bool:
    """False for NUL and lone surrogates, which neither database takes."""
    return NOT_STORABLE.search(text) is None


def telling(options: Mapping[str, Any], **facts: Any) -> dict[str, Any]:
    """A field's options, with facts for the OpenAPI document; what they tell themselves goes first."""
    return {**options, "metadata": facts | dict(options.get("metadata") or {})}


class Text(fields.String):
    """Text of `low` to `high` characters once trimmed; `low` 0 allows an empty one."""

    def __init__(self, high: int, *, low: int = 1, **options: Any) -> None:
        super().__init__(**(telling(options, pattern=NOT_BLANK) if low else options))
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

    def __init__(self, **options: Any) -> None:
        super().__init__(**telling(options, pattern=TOLD_CALLER_ID, minLength=1, maxLength=200))

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


class Day(fields.Field[date]):
    """A date of the years 2000 to 2199, as ISO 8601 writes it."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**telling(options, type="string", format="date", example="2026-01-31"))

    def _serialize(self, value: date | None, attr: str | None, obj: Any, **kwargs: Any) -> str | None:
        return None if value is None else value.isoformat()

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> date:
        wrong = "Must be a date such as 2026-01-31, of the years 2000 to 2199."
        if not isinstance(value, str) or not DATE.fullmatch(value):
            raise ValidationError(wrong)
        try:
            return date.fromisoformat(value)
        except ValueError:
            raise ValidationError(wrong) from None


@lru_cache
def _time_zones() -> frozenset[str]:
    """Read once: they lie in hundreds of files."""
    return frozenset(available_timezones())


class TimeZone(fields.Field[ZoneInfo]):
    """A time zone by its name in the IANA database."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**telling(options, type="string", example="Europe/Berlin"))

    def _serialize(self, value: ZoneInfo | None, attr: str | None, obj: Any, **kwargs: Any) -> str | None:
        return None if value is None else value.key

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> ZoneInfo:
        if not isinstance(value, str) or value not in _time_zones():
            raise ValidationError(
                "Must be the name of a time zone in the IANA database, such as Europe/Berlin or UTC."
            )
        return ZoneInfo(value)


class Rfc3339(fields.Field[datetime]):
    """A time in UTC, with `Z`; one that comes in tells its offset, and is of the years 1970 to 2199."""

    def _serialize(self, value: datetime | None, attr: str | None, obj: Any, **kwargs: Any) -> str | None:
        return None if value is None else rfc3339(value)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> datetime:
        at = _time(value.upper()) if isinstance(value, str) and len(value) <= 40 else None
        if at is None or not FIRST_YEAR <= at.year <= LAST_YEAR:
            raise ValidationError(
                "Must be a time with its offset, such as 2026-01-31T10:00:00Z, "
                f"of the years {FIRST_YEAR} to {LAST_YEAR}."
            )
        return at


def _time(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text).astimezone(UTC) if TIME.fullmatch(text) else None
    except (ValueError, OverflowError):
        return None


class Number(fields.Float):
    """A Decimal or float as a JSON number."""


class Share(Number):
    """A JSON number of `low` to `high`."""

    def __init__(self, low: float, high: float, **options: Any) -> None:
        super().__init__(**options)
        self.validators.append(validate.Range(low, high, error="Must be a number from {min} to {max}."))

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float) or abs(value) > MAX_INTEGER:
            raise self.make_error("invalid", input=value)
        number: float = super()._deserialize(value, attr, data, **kwargs)
        return number


class Amount(fields.Decimal):
    """Money that is not negative, as a JSON number; one that comes in may be text, such as `19.90`.

    Past ten-thousandths it is rounded half to even: more is the noise of binary fractions.
    """

    def __init__(self, high: int = MOST_MONEY, **options: Any) -> None:
        super().__init__(**options)
        self.validators.append(validate.Range(0, high, error="Must be an amount from {min} to {max}."))

    def _serialize(self, value: Any, attr: str | None, obj: Any, **kwargs: Any) -> float | None:  # type: ignore[override]
        return None if value is None else float(value)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Decimal:
        if isinstance(value, str):
            sound = AMOUNT.fullmatch(value) is not None
        else:
            sound = (
                not isinstance(value, bool) and isinstance(value, int | float) and abs(value) <= MAX_INTEGER
            )
        if not sound:
            raise ValidationError("Must be an amount such as 19.90, without a currency or separators.")
        return Decimal(str(value)).quantize(MONEY_STEP, rounding=ROUND_HALF_EVEN) + 0


class Email(Text):
    def __init__(self, **options: Any) -> None:
        super().__init__(320, **telling(options, format="email"))
        self.validators.append(validate.Email())


class Locale(Text):
    """A language tag, BCP 47."""

    def __init__(self, **options: Any) -> None:
        super().__init__(35, **telling(options, pattern=f"^{LANGUAGE_TAG.pattern}$"))

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        tag = super()._deserialize(value, attr, data, **kwargs)
        if len(tag) > 35 or not LANGUAGE_TAG.fullmatch(tag):
            raise ValidationError("Must be a language tag such as en or de-AT (BCP 47).")
        return tag


class WebAddress(Text):
    """An http or https address; the desk never fetches it."""

    def __init__(self, **options: Any) -> None:
        super().__init__(LONGEST_ADDRESS, **telling(options, format="uri"))
        self._sound = validate.URL(
            schemes={"http", "https"}, require_tld=False, error="Must be an http or https address."
        )

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        address = super()._deserialize(value, attr, data, **kwargs)
        if len(address) <= LONGEST_ADDRESS:
            self._sound(address)
        return address


class Currency(fields.String):
    """An ISO 4217 code by its form: which codes there are changes more often than this desk."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**telling(options, pattern=f"^{CURRENCY.pattern}$"))

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        code: str = super()._deserialize(value, attr, data, **kwargs)
        if not CURRENCY.fullmatch(code):
            raise ValidationError("Must be three capital letters, such as EUR (ISO 4217).")
        return code
