"""Which values a custom field takes."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.errors import InvalidField
from service.tickets.custom_fields import checked, merged
from service.tickets.models import FieldType, TicketField


def defined(kind: FieldType, **options: Any) -> TicketField:
    return TicketField(key="of_kind", label="Of a kind", type=kind, **options)


@pytest.mark.parametrize(
    ("kind", "good", "bad"),
    [
        (FieldType.TEXT, ["", "A-17 📦"], [1, True, "x" * 1_001, "\x00", "\ud800", ["a"], {}]),
        (FieldType.NUMBER, [0, -3, 2.5, 10**15], [True, "3", 10**15 + 1, float("inf"), float("nan")]),
        (FieldType.BOOLEAN, [True, False], [0, 1, "true"]),
        (FieldType.DATE, ["2026-01-31"], ["2026-02-30", "31.1.2026", "2026-W05-6", "20260131", 20260131]),
        (FieldType.CHOICE, ["red"], ["blue", "", 1, None, ["red"]]),
    ],
)
def test_each_type_takes_its_values_and_tells_what_it_takes(
    kind: FieldType, good: list[Any], bad: list[Any]
) -> None:
    field = defined(kind, choices=["red", "green"] if kind is FieldType.CHOICE else None)
    for value in good:
        assert checked("of_kind", value, field) == value
    for value in bad:
        with pytest.raises(InvalidField, match="Must be") as refused:
            checked("of_kind", value, field)
        assert refused.value.field == "custom_fields.of_kind"


def test_unknown_and_archived_fields_take_nothing() -> None:
    archived = defined(FieldType.TEXT, archived_at=datetime(2026, 1, 31, tzinfo=UTC))
    for field in (None, archived):
        with pytest.raises(InvalidField, match="ticket-fields"):
            checked("of_kind", "x", field)


@given(
    st.dictionaries(st.sampled_from("abc"), st.text(max_size=3).filter(lambda text: "\x00" not in text)),
    st.dictionaries(st.sampled_from("abc"), st.none() | st.from_regex(r"[a-z]{1,3}", fullmatch=True)),
)
def test_what_is_not_named_stays_and_null_takes_away(known: dict[str, Any], wanted: dict[str, Any]) -> None:
    fields = {key: defined(FieldType.TEXT) for key in "abc"}
    values = merged(known, wanted, fields)
    for key in "abc":
        expected = wanted[key] if key in wanted else known.get(key)
        assert values.get(key) == expected
        assert None not in values.values()
