"""Lists: pages for people, cursors for programs, one envelope for both."""

import base64
import binascii
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Generic, Self, TypeVar

import msgspec
from marshmallow import Schema, fields

from service.errors import InvalidField
from service.http.fields import storable

DEEPEST_ROW = 10_000
MAX_LIMIT = 100
ROW_NUMBER = re.compile(r"[0-9]{1,18}", re.ASCII)
NO_CURSOR = "Is not a cursor of this list; send next_cursor as you got it."

T = TypeVar("T")
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
        raw = msgspec.json.encode([self.at.astimezone(UTC), self.id])
        return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()

    @classmethod
    def decode(cls, text: str) -> Self:
        try:
            raw = base64.urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4))
            at, row_id = msgspec.json.decode(raw, type=tuple[ZonedTime, str])
            cursor = cls(at.astimezone(UTC), row_id)
        except (binascii.Error, ValueError, OverflowError, msgspec.MsgspecError):
            raise InvalidField("cursor", NO_CURSOR) from None
        if not storable(row_id):
            raise InvalidField("cursor", NO_CURSOR)
        return cursor


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """`number` counts from 1."""

    number: int = 1
    limit: int = MAX_LIMIT
    cursor: Cursor | None = None

    @classmethod
    def asked(cls, *, page: int | None, limit: int | None, cursor: str | None) -> Self:
        number, size = page or 1, limit or MAX_LIMIT
        if number * size > DEEPEST_ROW:
            raise InvalidField(
                "page",
                f"page times limit goes to {DEEPEST_ROW} at most; walk further with cursor=next_cursor.",
            )
        return cls(number=number, limit=size, cursor=Cursor.decode(cursor) if cursor else None)

    @property
    def offset(self) -> int:
        return 0 if self.cursor else (self.number - 1) * self.limit


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
    page: Page,
    *,
    total: int,
    estimated: bool,
    place: Callable[[T], Cursor],
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
