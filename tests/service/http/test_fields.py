"""What the fields for amounts, times, currencies and addresses take."""

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from marshmallow import ValidationError

from service.http.fields import MOST_MONEY, Amount, Currency, Rfc3339, WebAddress

STEPS = st.integers(0, MOST_MONEY * 10_000)


@given(STEPS)
def test_every_amount_of_four_decimals_survives_being_a_json_number(steps: int) -> None:
    amount = Decimal(steps).scaleb(-4)
    field = Amount()
    told = field._serialize(amount, None, None)
    assert isinstance(told, float)
    assert field.deserialize(told) == field.deserialize(str(amount)) == amount


@given(st.floats(allow_nan=True, allow_infinity=True) | st.text() | st.integers() | st.booleans())
def test_whatever_comes_as_an_amount_is_one_or_refused(value: Any) -> None:
    try:
        amount = Amount().deserialize(value)
    except ValidationError:
        return
    assert 0 <= amount <= MOST_MONEY
    assert amount == amount.quantize(Decimal("0.0001"))


def test_the_noise_of_binary_fractions_is_rounded_away() -> None:
    assert str(Amount().deserialize(0.1 + 0.2)) == "0.3000"
    assert Amount().deserialize("2.00005") == Decimal("2.0000")
    assert str(Amount().deserialize(-0.0)) == "0.0000"


MOMENTS = st.datetimes(datetime(1970, 1, 2), datetime(2199, 12, 30))
OFFSETS = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))


@given(MOMENTS, OFFSETS)
def test_a_time_with_its_offset_is_that_moment(moment: datetime, offset: timezone) -> None:
    told = moment.replace(tzinfo=offset)
    read = Rfc3339().deserialize(told.isoformat())
    assert (read, read.tzinfo) == (told, UTC)


@pytest.mark.parametrize("text", ["2026-01-31T10:00:00z", "2026-01-31t11:00:00.000000000+01:00"])
def test_other_ways_to_write_a_moment_are_understood(text: str) -> None:
    assert Rfc3339().deserialize(text) == datetime(2026, 1, 31, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    "value",
    [
        *(
            "2026-01-31",
            "2026-01-31T10:00:00",
            "2026-01-31 10:00:00Z",
            "2026-02-30T10:00:00Z",
            "20260131T100000Z",
        ),
        *(
            "2026-01-31T24:00:00Z",
            "2026-01-31T10:00:60Z",
            "2026-01-31T10:00:00+25:00",
            "2026-W05-6T10:00:00Z",
        ),
        *(
            "1969-12-31T23:59:59Z",
            "2200-01-01T00:00:00Z",
            "0001-01-01T00:00:00+14:00",
            "9999-12-31T23:00:00-14:00",
        ),
        *("\uff12026-01-31T10:00:00Z", "", "now", 1_769_853_600, 1.5, True, [], {}, "2" * 900_000),
    ],
)
def test_what_is_no_moment_is_refused(value: Any) -> None:
    with pytest.raises(ValidationError, match="Must be a time with its offset"):
        Rfc3339().deserialize(value)


@pytest.mark.parametrize("code", ["eur", "EURO", "EU", "EUR\n", "ÄÖÜ", ""])
def test_a_currency_is_three_capital_letters(code: str) -> None:
    assert Currency().deserialize("EUR") == "EUR"
    with pytest.raises(ValidationError, match="ISO 4217"):
        Currency().deserialize(code)


@pytest.mark.parametrize(
    "address", ["javascript:x", "//a.example", "http://", "ftp://a.example", "x" * 2_001]
)
def test_an_address_is_one_of_the_web(address: str) -> None:
    assert WebAddress().deserialize("https://a.example/b?c=d") == "https://a.example/b?c=d"
    with pytest.raises(ValidationError):
        WebAddress().deserialize(address)
