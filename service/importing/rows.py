"""What a reader makes of a file: rows, each with the lines it came from."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Errors = Mapping[str, list[str]]

OF_THE_LINE = "line"
"""The field of an error that is the whole line's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """`line` to `last_line`, counted from 1. Where there are `errors`, the values are not to be used.

    `size` is that of its text, in characters.
    """

    line: int
    last_line: int
    size: int
    values: Mapping[str, Any]
    errors: Errors | None = None


def unreadable(line: int, cure: str, *, last_line: int | None = None, **values: str) -> Row:
    return Row(line=line, last_line=last_line or line, size=0, values=values, errors={OF_THE_LINE: [cure]})
