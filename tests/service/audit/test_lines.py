"""Lines for a spreadsheet."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.http.spreadsheets import FORMULA_STARTS, as_csv, harmless


@pytest.mark.parametrize("start", FORMULA_STARTS)
def test_a_cell_that_would_be_a_formula_is_text(start: str) -> None:
    assert harmless(f"{start}cmd|' /C calc'!A0") == f"'{start}cmd|' /C calc'!A0"


@given(st.lists(st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\0")), min_size=1)))
def test_no_cell_begins_a_formula_and_no_other_is_changed(rows: list[list[str]]) -> None:
    read = list(csv.reader(io.StringIO(as_csv(rows), newline="")))
    assert read == [[harmless(cell) for cell in row] for row in rows]
    assert not [cell for row in read for cell in row if cell.startswith(FORMULA_STARTS)]
