"""What cannot be true of a figure; each raises `ValueError`, NaN included."""

import re
from decimal import Decimal

NOT_STORABLE = re.compile("[\x00\ud800-\udfff]")


def check_probability(name: str, value: float | None) -> None:
    if value is not None and not 0 <= value <= 1:
        raise ValueError(f"{name} must be within 0..1, not {value}")


AMOUNT_LIMIT = Decimal(10) ** 14
"""No shop's figures reach it, and every store can hold what is below."""


def check_amount(name: str, value: Decimal | None) -> None:
    if value is not None and not (value.is_finite() and abs(value) < AMOUNT_LIMIT):
        raise ValueError(f"{name} must be a finite amount below {AMOUNT_LIMIT:f}, not {value}")


def check_count(name: str, value: int | None) -> None:
    if value is not None and value < 0:
        raise ValueError(f"{name} must not be negative, not {value}")


def check_label(name: str, value: str | None, longest: int = 50) -> None:
    """`longest` in characters; NUL and lone surrogates are refused too, since no database takes them."""
    if value is None:
        return
    if len(value) > longest:
        raise ValueError(f"{name} must not be longer than {longest} characters")
    check_storable(name, value)


def check_storable(name: str, value: str) -> None:
    if NOT_STORABLE.search(value):
        raise ValueError(f"{name} must not contain NUL characters or lone surrogates")
