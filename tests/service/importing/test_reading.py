"""Lines become rows: what cannot be used is told by its line, and the rest goes on."""

import csv
import gzip
import io
import tracemalloc
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from marshmallow import Schema, fields

from service.importing.batches import records_of
from service.importing.columns import Columns
from service.importing.reading import LONGEST_LINE
from service.importing.rows import Row
from service.importing.sources import Format, Source, Stream, UnusableFile


class Inner(Schema):
    title = fields.String()


class Anything(Schema):
    id = fields.String(required=True)
    parts = fields.List(fields.Nested(Inner))


COLUMNS = Columns(
    key="id", schema=Anything(), separated=frozenset({"tags"}), repeated=frozenset({"parts", "more"})
)
JOINED = "id,name,parts.title\n"


def read(raw: bytes | str, file_format: Format = Format.CSV, *, after_line: int = 0) -> list[Row]:
    stream = Stream(io.BufferedReader(io.BytesIO(raw if isinstance(raw, bytes) else raw.encode())))
    return list(records_of(stream, file_format, COLUMNS, after_line))


def read_json(raw: bytes | str, **options: int) -> list[Row]:
    return read(raw, Format.JSONL, **options)


def faults(rows: list[Row]) -> list[tuple[int, str]]:
    return [(row.line, next(iter(row.errors.values()))[0]) for row in rows if row.errors]


def test_every_line_of_json_is_a_record_and_empty_ones_are_none() -> None:
    rows = read_json('{"id": "1"}\r\n\n  \n{"id": "2"}')
    assert [(row.line, row.values) for row in rows] == [(1, {"id": "1"}), (4, {"id": "2"})]


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        (b'{"id": ', "Is not valid JSON"),
        (b'{"id": NaN}', "Is not valid JSON"),
        (b"[1, 2]", "Must be a JSON object"),
        (b'"text"', "Must be a JSON object"),
        (b'{"id": "\xff"}', "Is not valid UTF-8"),
        (b'{"id": "' + b"x" * LONGEST_LINE + b'"}', "Is longer than 1 MiB"),
        (b'{"id": ' + b"[" * 100_000, "Is not"),
    ],
    ids=["cut", "nan", "list", "text", "latin-1", "too-long", "deep"],
)
def test_a_line_that_is_no_json_object_is_told_and_the_next_one_is_read(line: bytes, fault: str) -> None:
    rows = read_json(b'{"id": "1"}\n' + line + b'\n{"id": "3"}\n')
    ((number, told),) = faults(rows)
    assert number == 2
    assert told.startswith(fault)
    assert [row.values for row in rows if not row.errors] == [{"id": "1"}, {"id": "3"}]


def test_a_mark_of_byte_order_is_no_part_of_the_first_name() -> None:
    assert read("\ufeffid\n1\n")[0].values == {"id": "1"}
    assert read_json('\ufeff{"id": "1"}\n')[0].values == {"id": "1"}


def test_utf_16_is_told_with_the_cure() -> None:
    with pytest.raises(UnusableFile, match="save it as UTF-8"):
        read("id\n1\n".encode("utf-16"))


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_cells_are_between_commas_semicolons_or_tabs(delimiter: str) -> None:
    (row,) = read(f'id{delimiter}name\n1{delimiter}"Ada, {delimiter}L"\n')
    assert row.values == {"id": "1", "name": f"Ada, {delimiter}L"}


def test_a_cell_may_hold_line_breaks_and_the_lines_are_counted_as_they_stand() -> None:
    rows = read('id,name\n1,"two\nlines"\n2,one\n')
    assert [(row.line, row.last_line) for row in rows] == [(2, 3), (4, 4)]
    assert rows[0].values["name"] == "two\nlines"


def test_an_empty_cell_says_nothing_and_an_empty_row_is_none() -> None:
    assert [row.values for row in read("id,name\n1,\n,\n2,  \n")] == [{"id": "1"}, {"id": "2"}]


def test_a_row_with_another_number_of_cells_is_told_with_its_key() -> None:
    rows = read("id,name\n1,a\n2\n3,c,d\n4,d\n")
    assert [(row.line, row.values["id"], bool(row.errors)) for row in rows] == [
        (2, "1", False),
        (3, "2", True),
        (4, "3", True),
        (5, "4", False),
    ]
    assert "Has 1 cells, and the header 2" in faults(rows)[0][1]


def test_a_quotation_mark_that_is_missing_takes_the_lines_that_it_names() -> None:
    rows = read('id,name\n1,"a\n2,"b"\n3,c\n')
    assert faults(rows)[0][0] == 2
    assert rows[-1].values == {"id": "3", "name": "c"}


def test_an_open_quotation_ends_after_a_mebibyte() -> None:
    rows = read('id,name\n1,"a\n' + "2,b\n" * (LONGEST_LINE // 4 + 10))
    assert "A quotation mark may be missing" in faults(rows)[0][1]
    assert rows[-1].values == {"id": "2", "name": "b"}


def test_a_line_of_csv_that_is_no_utf_8_is_told_and_the_rest_is_read() -> None:
    rows = read(b"id,name\n1,a\n2,\xe4\n3,c\n")
    assert faults(rows) == [(3, "Is not valid UTF-8; save the file as UTF-8.")]
    assert [row.values["id"] for row in rows if not row.errors] == ["1", "3"]


@pytest.mark.parametrize(
    ("header", "cure"),
    [
        ("", "the first line has to name the columns"),
        ("name,city\n1,2\n", "lacks the columns: id"),
        ("id,name,name\n", "names name twice"),
        ("id,parts,parts.title\n", "both whole and in parts"),
        ('id,"name\n', "not valid CSV"),
    ],
)
def test_a_header_that_cannot_be_used_ends_it_at_once(header: str, cure: str) -> None:
    with pytest.raises(UnusableFile, match=cure):
        read(header)


def test_names_with_a_dot_are_of_a_part_and_lists_stand_in_one_cell() -> None:
    (row,) = read("id,tags,shop.name,shop.city\n1,late; vip ;,Tea & Co,Wien\n")
    assert row.values == {"id": "1", "tags": ["late", "vip"], "shop": {"name": "Tea & Co", "city": "Wien"}}


def test_neighbours_with_one_key_are_one_record() -> None:
    rows = read(JOINED + "1,Ada,tea\n1,,pot\n2,Bob,cup\n")
    assert [(row.line, row.last_line) for row in rows] == [(2, 3), (4, 4)]
    assert rows[0].values == {"id": "1", "name": "Ada", "parts": [{"title": "tea"}, {"title": "pot"}]}


def test_neighbours_that_do_not_agree_are_rejected_as_a_whole() -> None:
    rows = read(JOINED + "1,Ada,tea\n1,Eve,pot\n2,Bob,cup\n")
    assert [(row.line, list(row.errors or {})) for row in rows] == [(2, ["name"]), (4, [])]


@pytest.mark.parametrize("spoilt", ["1,,a,b", '1,,"p"q'])
def test_a_spoilt_row_spoils_its_record_and_no_other(spoilt: str) -> None:
    rows = read(JOINED + f"1,Ada,tea\n{spoilt}\n1,,pot\n2,Bob,cup\n")
    assert [bool(row.errors) for row in rows] == [True, False]
    assert faults(rows)[0][1].startswith("In line 3: ")


def test_a_spoilt_row_between_two_records_is_of_neither() -> None:
    rows = read(JOINED.encode() + b"1,Ada,tea\n\xff\n2,Bob,cup\n")
    assert [(row.line, bool(row.errors)) for row in rows] == [(2, False), (3, True), (4, False)]


def test_a_record_of_more_than_a_mebibyte_is_rejected_and_not_kept() -> None:
    rows = read(JOINED + "1,Ada,tea\n" + f"1,,{'x' * 1_000}\n" * 2_000 + "2,Bob,cup\n")
    assert [(row.line, bool(row.errors)) for row in rows] == [(2, True), (2003, False)]


def test_rows_up_to_a_line_are_passed_over() -> None:
    assert [row.line for row in read(JOINED + "1,a,t\n1,,u\n2,b,v\n3,c,w\n", after_line=4)] == [5]
    assert [row.line for row in read_json('{"id":"1"}\n{"id":"2"}\n', after_line=1)] == [2]


@given(
    st.lists(
        st.tuples(
            st.integers(0, 10**6).map(str),
            st.text(st.characters(codec="utf-8", exclude_characters="\r\x00"), max_size=20),
        ),
        max_size=20,
    )
)
def test_whatever_a_spreadsheet_writes_is_read_back(pairs: list[tuple[str, str]]) -> None:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([("id", "name"), *pairs])
    columns = Columns(key="id", schema=Anything())
    stream = Stream(io.BufferedReader(io.BytesIO(text.getvalue().encode())))
    told = [
        (row.values["id"], row.values.get("name", "")) for row in records_of(stream, Format.CSV, columns, 0)
    ]
    assert told == [(number, name.strip()) for number, name in pairs]


class Endless(io.RawIOBase):
    """A file of some size that lies nowhere."""

    def __init__(self, lines: Iterator[bytes]) -> None:
        self._lines = lines
        self._rest = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray) -> int:  # type: ignore[override]
        while not self._rest:
            self._rest = next(self._lines, b"")
            if not self._rest:
                return 0
        part, self._rest = self._rest[: len(buffer)], self._rest[len(buffer) :]
        buffer[: len(part)] = part
        return len(part)


@pytest.mark.parametrize("file_format", Format)
def test_the_memory_that_reading_takes_does_not_grow_with_the_file(file_format: Format) -> None:
    def lines() -> Iterator[bytes]:
        yield b"id,name,parts.title\n" if file_format is Format.CSV else b'{"id":"0"}\n'
        for number in range(25_000):
            csv_line, json_line = f"{number},{'x' * 100},t\n", f'{{"id":"{number}","name":"{"x" * 100}"}}\n'
            yield (csv_line if file_format is Format.CSV else json_line).encode()

    stream = Stream(io.BufferedReader(Endless(lines())))
    tracemalloc.start()
    try:
        count = sum(1 for _ in records_of(stream, file_format, COLUMNS, 0))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert count >= 25_000
    assert peak < 2**20


def test_a_gzipped_file_is_known_by_its_first_bytes(tmp_path) -> None:
    path = tmp_path / "orders.csv.gz"
    path.write_bytes(gzip.compress(b"id\n1\n"))
    source = Source.at(str(path), None)
    assert source.format is Format.CSV
    with source.opened() as stream:
        assert [row.values for row in records_of(stream, Format.CSV, COLUMNS, 0)] == [{"id": "1"}]


def test_a_gzipped_file_that_was_cut_says_so(tmp_path) -> None:
    path = tmp_path / "orders.csv.gz"
    path.write_bytes(gzip.compress(b"id\n" + b"1\n" * 1_000)[:-12])
    source = Source.at(str(path), None)
    with pytest.raises(UnusableFile, match="compression is broken"), source.opened() as stream:
        list(records_of(stream, Format.CSV, COLUMNS, 0))


@pytest.mark.parametrize("place", ["orders", "-", "orders.xlsx", "orders.gz"])
def test_a_format_that_cannot_be_told_has_to_be_said(place: str) -> None:
    with pytest.raises(UnusableFile, match="--format"):
        Source.at(place, None)
    assert Source.at(place, "csv").format is Format.CSV
