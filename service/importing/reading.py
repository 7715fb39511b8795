"""Rows of a file of any length, one after the other: never more than one of them is in memory.

A line that cannot be used becomes a row with errors, and the next line is as good as any.
"""

import csv
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import msgspec

from service.importing.rows import Row, unreadable
from service.importing.sources import Format, Stream, UnusableFile

LONGEST_LINE = 2**20
"""In bytes; of a CSV row with line breaks in its cells, all of its lines."""
BOM = "\ufeff"
DELIMITERS = ",;\t"

TOO_LONG = "Is longer than 1 MiB; split it."
NO_UTF_8 = "Is not valid UTF-8; save the file as UTF-8."


@dataclass(frozen=True, slots=True)
class Line:
    """`text` keeps its line break; None where the line cannot be used, for the reason that `fault` tells."""

    number: int
    text: str | None
    fault: str = ""


def lines_of(stream: Stream) -> Iterator[Line]:
    while raw := stream.readline(LONGEST_LINE + 2):
        number = stream.line = stream.line + 1
        if len(raw.rstrip(b"\r\n")) > LONGEST_LINE:
            while raw and not raw.endswith(b"\n"):
                raw = stream.readline(LONGEST_LINE)
            yield Line(number, None, TOO_LONG)
            continue
        try:
            text = raw.decode()
        except UnicodeDecodeError:
            yield Line(number, None, NO_UTF_8)
            continue
        yield Line(number, text.removeprefix(BOM) if number == 1 else text)


def rows_of(
    stream: Stream,
    file_format: Format,
    *,
    key: str,
    check_columns: Callable[[list[str]], None],
    after_line: int = 0,
) -> Iterator[Row]:
    """Those that begin after a line. `key`: the column by which a row is known where it cannot be used.

    Raises `UnusableFile`, as `check_columns` does where a CSV file lacks columns.
    """
    if file_format is Format.JSONL:
        return _of_json_lines(lines_of(stream), after_line)
    rows = _of_csv(lines_of(stream), key, check_columns)
    return (row for row in rows if row.line > after_line)


def _of_json_lines(lines: Iterator[Line], after_line: int) -> Iterator[Row]:
    for line in lines:
        if line.number <= after_line:
            continue
        if line.text is None:
            yield unreadable(line.number, line.fault)
        elif line.text.strip():
            yield _of_json(line.number, line.text)


def _of_json(number: int, text: str) -> Row:
    try:
        values: Any = msgspec.json.decode(text)
    except msgspec.DecodeError as error:
        return unreadable(number, f"Is not valid JSON: {error}.")
    except (RecursionError, UnicodeError):
        return unreadable(number, "Is not JSON that can be read: it is nested too deeply, or no text.")
    if not isinstance(values, dict):
        return unreadable(number, "Must be a JSON object: {…}.")
    return Row(line=number, last_line=number, size=len(text), values=values)


class _Fault(Exception):
    """A line in the middle of a row cannot be used."""


class _Feed:
    """Gives the csv module its lines, and knows which of them the row at hand consists of."""

    def __init__(self, lines: Iterator[Line]) -> None:
        self._lines = lines
        self.number = 0
        self._begin(0)

    def _begin(self, first: int) -> None:
        self.first, self.size = first, 0

    def begin_row(self) -> None:
        self._begin(self.number + 1)

    def __iter__(self) -> "_Feed":
        return self

    def __next__(self) -> str:
        line = next(self._lines)
        self.number = line.number
        if line.text is None:
            raise _Fault(line.fault)
        self.size += len(line.text)
        if self.size > LONGEST_LINE:
            raise _Fault(f"{TOO_LONG} A quotation mark may be missing.")
        return line.text


def _of_csv(lines: Iterator[Line], key: str, check_columns: Callable[[list[str]], None]) -> Iterator[Row]:
    csv.field_size_limit(LONGEST_LINE)
    feed = _Feed(lines)
    header, delimiter = _header(feed)
    check_columns(header)
    reader = csv.reader(feed, delimiter=delimiter, strict=True)
    key_place = header.index(key) if key in header else len(header)
    while True:
        feed.begin_row()
        try:
            cells = next(reader)
        except StopIteration:
            return
        except _Fault as fault:
            yield unreadable(feed.first, str(fault), last_line=feed.number)
            continue
        except csv.Error as error:
            yield unreadable(feed.first, f"Is not valid CSV: {error}.", last_line=feed.number)
            continue
        if any(cells):
            yield _of_cells(feed, header, [cell.strip() for cell in cells], key_place, key)


def _of_cells(feed: _Feed, header: list[str], cells: list[str], key_place: int, key: str) -> Row:
    if len(cells) != len(header):
        lines = f"Lines {feed.first} to {feed.number} have" if feed.number > feed.first else "Has"
        fault = (
            f"{lines} {len(cells)} cells, and the header {len(header)};"
            " look for a delimiter or a quotation mark too many or too few."
        )
        known = {key: cells[key_place]} if key_place < len(cells) else {}
        return unreadable(feed.first, fault, last_line=feed.number, **known)
    values = {name: cell for name, cell in zip(header, cells, strict=True) if cell}
    return Row(line=feed.first, last_line=feed.number, size=feed.size, values=values)


def _header(feed: _Feed) -> tuple[list[str], str]:
    """The names of the columns, and what is between them: comma, semicolon or tab."""
    feed.begin_row()
    try:
        text = next(line for line in feed if line.strip())
    except StopIteration:
        raise UnusableFile("It is empty; the first line has to name the columns.") from None
    except _Fault as fault:
        raise UnusableFile(f"Its first line {str(fault)[0].lower()}{str(fault)[1:]}") from None
    delimiter = max(DELIMITERS, key=text.count)
    try:
        header = [name.strip() for name in next(csv.reader([text], delimiter=delimiter, strict=True))]
    except csv.Error as error:
        raise UnusableFile(f"Its first line, which names the columns, is not valid CSV: {error}.") from None
    twice = sorted({name for name in header if name and header.count(name) > 1})
    if twice:
        raise UnusableFile(f"The header names {', '.join(twice)} twice.")
    return [name or f"column {number}" for number, name in enumerate(header, 1)], delimiter
