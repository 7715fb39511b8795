"""Lists: pages for people, cursors for programs, one envelope for both."""

import base64
import binascii
import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any, Generic, Protocol, Self, TypeVar, cast

import msgspec
from marshmallow import Schema, fields

from service.errors import InvalidField
from service.http.fields import storable

DEEPEST_ROW = 10_000
MAX_LIMIT = 100
ROW_NUMBER = re.compile(r"[0-9]{1,18}", re.ASCII)
NO_CURSOR = "Is not a cursor of this list; send next_cursor as you got it."

T = TypeVar("T")
C = TypeVar("C")
ZonedTime = Annotated[datetime, msgspec.Meta(tz=True)]


@dataclass(frozen=True, slots=True)
class Cursor:
    """The last row of the page before: `at` is its place in the order, `id` breaks ties."""

    at: datetime
    id: str

    @property
    def number(self) -> int:
        """The id of rows that are numbered. Raises `InvalidField`."""
        if not ROW_NUMBER.fullmatch(self.id):
            raise InvalidField("cursor", NO_CURSOR)
        return int(self.id)

    def encode(self) -> str:
        return packed([self.at.astimezone(UTC), self.id])

    @classmethod
    def decode(cls, text: str) -> Self:
        at, row_id = unpacked(text, tuple[ZonedTime, str])
        return cls(at, row_id)


def packed(values: Sequence[Any]) -> str:
    return base64.urlsafe_b64encode(msgspec.json.encode(values)).rstrip(b"=").decode()


def unpacked(text: str, kind: type[T]) -> T:
    """The values, a tuple with times in UTC. Raises `InvalidField` for what is none of ours."""
    try:
        raw = base64.urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4))
        values = [_checked(value) for value in cast("tuple[Any, ...]", msgspec.json.decode(raw, type=kind))]
    except (binascii.Error, ValueError, OverflowError, msgspec.MsgspecError):
        raise InvalidField("cursor", NO_CURSOR) from None
    return cast(T, tuple(values))


def _checked(value: Any) -> Any:
    if isinstance(value, str) and not storable(value):
        raise ValueError("not storable")
    return value.astimezone(UTC) if isinstance(value, datetime) else value


class OwnCursor(Protocol):
    def encode(self) -> str: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class PageOf(ABC, Generic[C]):
    """`number` counts from 1."""

    number: int = 1
    limit: int = MAX_LIMIT
    cursor: C | None = None

    @classmethod
    def asked(cls, *, page: int | None, limit: int | None, cursor: str | None) -> Self:
        """Raises `InvalidField`."""
        number, size = page or 1, limit or MAX_LIMIT
        if number * size > DEEPEST_ROW:
            raise InvalidField(
                "page",
                f"page times limit goes to {DEEPEST_ROW} at most; walk further with cursor=next_cursor.",
            )
        return cls(number=number, limit=size, cursor=cls.decoded(cursor) if cursor else None)

    @classmethod
    @abstractmethod
    def decoded(cls, cursor: str) -> C:
        """Raises `InvalidField`."""

    @property
    def offset(self) -> int:
        return 0 if self.cursor else (self.number - 1) * self.limit


class Page(PageOf[Cursor]):
    """Of a list in one order of time."""

    @classmethod
    def decoded(cls, cursor: str) -> Cursor:
        return Cursor.decode(cursor)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pagination:
    page: int
    limit: int
    total: int
    total_is_estimate: bool
    has_next: bool
    has_prev: bool
    next_cursor: str | None

    @property
    def total_pages(self) -> int:
        return -(-self.total // self.limit)


class PaginationSchema(Schema):
    page = fields.Integer()
    limit = fields.Integer()
    total = fields.Integer()
    total_is_estimate = fields.Boolean()
    total_pages = fields.Integer()
    has_next = fields.Boolean()
    has_prev = fields.Boolean()
    next_cursor = fields.String(allow_none=True)


@dataclass(frozen=True, slots=True)
class Listing(Generic[T]):
    rows: Sequence[T]
    pagination: Pagination


def paginate(
    rows: Sequence[T],
    page: PageOf[Any],
    *,
    total: int,
    estimated: bool,
    place: Callable[[T], OwnCursor],
) -> Listing[T]:
    """`rows` are one more than the page's limit where there is a next page."""
    shown, has_next = rows[: page.limit], len(rows) > page.limit
    return Listing(
        shown,
        Pagination(
            page=page.number,
            limit=page.limit,
            total=total,
            total_is_estimate=estimated,
            has_next=has_next,
            has_prev=page.number > 1 or page.cursor is not None,
            next_cursor=place(shown[-1]).encode() if has_next else None,
        ),
    )
