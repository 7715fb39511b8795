"""A typed look into a reply: what is absent is None, what is not as it should be is an `InvalidAnswer`."""

from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from functools import wraps
from typing import ParamSpec, TypeVar

from providers.errors import InvalidAnswer

P = ParamSpec("P")
R = TypeVar("R")

LARGEST = 10**12
"""No amount or count of a shop's customer is above it; what is, would not fit the columns of a database."""

LONGEST_LABEL = 200
"""Characters of an id, a level or a segment's name."""


def believable(parse: Callable[P, R]) -> Callable[P, R]:
    """Turns the models' refusal of what cannot be true into `InvalidAnswer`."""

    @wraps(parse)
    def parsed(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return parse(*args, **kwargs)
        except ValueError as error:
            raise InvalidAnswer("a figure in the reply cannot be true") from error

    return parsed


class Reply:
    """One JSON object. Faults name the field, never what it holds."""

    __slots__ = ("_fields", "_path")

    def __init__(self, fields: Mapping[str, object], path: str = "") -> None:
        self._fields = fields
        self._path = path

    def __contains__(self, name: str) -> bool:
        return name in self._fields

    def names(self) -> Iterator[str]:
        """Of an object whose names say something themselves."""
        for name in self._fields:
            if not name.strip() or len(name) > LONGEST_LABEL or "\0" in name:
                raise InvalidAnswer(f"unexpected name within {self._path or 'the reply'}")
            yield name

    def holds(self, name: str) -> bool:
        return self._fields.get(name) is not None

    def section(self, name: str) -> "Reply":
        """An object; an absent one is empty."""
        value = self._fields.get(name)
        return self._object({} if value is None else value, name)

    def nested(self, name: str, scalar: str) -> "Reply":
        """An object or, where a bare value is met in its place, one that holds it under the name `scalar`."""
        value = self._fields.get(name)
        return self.section(name) if isinstance(value, Mapping) else Reply({scalar: value}, self._path)

    def sections(self, name: str) -> list["Reply"]:
        return [self._object(entry, name) for entry in self._list(name)]

    def text(self, name: str) -> str | None:
        return self._text(self._fields.get(name), name)

    def texts(self, name: str) -> tuple[str, ...]:
        return tuple(text for entry in self._list(name) if (text := self._text(entry, name)) is not None)

    def label(self, name: str) -> str | None:
        text = self.text(name)
        if text is not None and len(text) > LONGEST_LABEL:
            raise self._fault(name)
        return text

    def amount(self, name: str) -> Decimal | None:
        value = self._fields.get(name)
        return None if value is None else self._number(value, name)

    def amounts(self, name: str) -> tuple[Decimal, ...]:
        return tuple(self._number(entry, name) for entry in self._list(name))

    def share(self, name: str) -> float | None:
        """A probability or membership, 0..1."""
        value = self.amount(name)
        if value is not None and not 0 <= value <= 1:
            raise self._fault(name)
        return None if value is None else float(value)

    def count(self, name: str) -> int | None:
        value = self.amount(name)
        if value is not None and (value < 0 or value != int(value)):
            raise self._fault(name)
        return None if value is None else int(value)

    def words_or_number(self, name: str) -> str | float | None:
        value = self._fields.get(name)
        if value is None or isinstance(value, str):
            return self._text(value, name)
        return float(self._number(value, name))

    def is_true(self, name: str) -> bool:
        return self._fields.get(name) is True

    def _object(self, value: object, name: str) -> "Reply":
        if not isinstance(value, Mapping):
            raise self._fault(name)
        return Reply(value, f"{self._path}{name}.")

    def _list(self, name: str) -> list[object]:
        value = self._fields.get(name)
        if value is None or value == {}:  # a list that is not defined may come as {}
            return []
        if not isinstance(value, list):
            raise self._fault(name)
        return value

    def _text(self, value: object, name: str) -> str | None:
        """Blank is absent; NUL is dropped, since databases refuse it."""
        if value is None:
            return None
        if not isinstance(value, str):
            raise self._fault(name)
        return value.replace("\0", "").strip() or None

    def _number(self, value: object, name: str) -> Decimal:
        if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
            raise self._fault(name)
        exact = Decimal(value) if isinstance(value, int) else Decimal(str(value))
        if not exact.is_finite() or exact.copy_abs() > LARGEST:
            raise self._fault(name)
        return +exact  # a reply may bring a million digits; from here on there are 28

    def _fault(self, name: str) -> InvalidAnswer:
        return InvalidAnswer(f"unexpected value of {self._path}{name} in the reply")
