"""Customers by words of name and e-mail address, newest first, as the inbox finds tickets (docs/adr/0048).

A walk along the newest goes first; then the index of words, where few texts hold one; then longer walks.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, Subquery, func, literal, select, tuple_
from sqlalchemy.orm import Session

from service.customers.models import Customer
from service.http.pagination import Page
from service.text_index import Phrase, SearchText, TextIndex

COUNTED_EXACTLY = 1_000
ALL_TEXTS = 2**31 - 1
FURTHER = 10
"""How many times as far the next walk goes, where one did not suffice."""

Found = Select[tuple[Customer]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Effort:
    """How far to look one way before another is tried. Lists are the same whatever stands here.

    `first_look`: customers to walk along before the index is asked. `few_texts`: up to as many, of messages
    too, it is quicker to read all that hold a word. `longest_walk`: customers after which all are read.
    """

    first_look: int = 250
    few_texts: int = 5_000
    longest_walk: int = 100_000


USUAL = Effort()


class CustomerSearch:
    def __init__(
        self,
        session: Session,
        index: TextIndex,
        terms: Sequence[Phrase],
        *,
        email: str | None = None,
        effort: Effort = USUAL,
    ) -> None:
        self._session = session
        self._index = index
        self._terms = terms
        self._email = email
        self._effort = effort

    def page(self, page: Page) -> Sequence[Customer]:
        """Newest first; one more than the page has, where there is a next one."""
        most = page.offset + page.limit + 1
        rows = max(self._effort.first_look, 2 * most)
        found = self._read(self._along(rows, page), most)
        if len(found) < most:
            few = self._by_words(page, most, self._effort.few_texts)
            found = self._further(page, most, rows, found) if few is None else few
        return found[page.offset :]

    def _further(self, page: Page, most: int, rows: int, found: Sequence[Customer]) -> Sequence[Customer]:
        """By longer walks than the one that found too few."""
        while len(found) < most and self._goes_on(rows, page):
            rows *= FURTHER
            if rows > self._effort.longest_walk:
                return self._by_words(page, most, ALL_TEXTS) or []
            found = self._read(self._along(rows, page), most)
        return found

    def _by_words(self, page: Page, most: int, most_texts: int) -> Sequence[Customer] | None:
        """None where more texts than that would have to be read."""
        held = self._holding(most_texts)
        return None if held is None else self._read(self._behind(self._among(held), page), most)

    def count(self) -> tuple[int, bool]:
        """How many; whether that is an estimate: there are more, or too many texts to read."""
        held = self._holding(self._effort.few_texts)
        those = self._among(held) if held is not None else self._along(self._effort.first_look, Page())
        some = those.with_only_columns(literal(1), maintain_column_froms=True).limit(COUNTED_EXACTLY + 1)
        found = self._session.scalar(select(func.count()).select_from(some.subquery())) or 0
        complete = held is not None or not self._goes_on(self._effort.first_look, Page())
        return min(found, COUNTED_EXACTLY), found > COUNTED_EXACTLY or not complete

    def _read(self, those: Found, most: int) -> Sequence[Customer]:
        newest = those.order_by(Customer.created_at.desc(), Customer.id.desc())
        return self._session.scalars(newest.limit(most)).all()

    def _along(self, most: int, page: Page) -> Found:
        return self._with_words(
            select(Customer).where(Customer.id.in_(select(self._newest(most, page).c.id)))
        )

    def _goes_on(self, rows: int, page: Page) -> bool:
        counted = select(func.count()).select_from(self._newest(rows, page))
        return self._session.scalar(counted) == rows

    def _newest(self, most: int, page: Page) -> Subquery:
        ids = self._behind(self._wanted(select(Customer.id)), page)
        return ids.order_by(Customer.created_at.desc(), Customer.id.desc()).limit(most).subquery()

    def _among(self, held: Subquery) -> Found:
        return self._with_words(self._wanted(select(Customer).where(Customer.id.in_(select(held.c.id)))))

    def _holding(self, most: int) -> Subquery | None:
        """Ids of customers whose texts hold the term that the fewest do; None where more texts hold each."""
        for term in self._terms:
            held = self._index.holding((term,), most if most == ALL_TEXTS else most + 1)
            counted = self._session.scalar(select(func.count()).select_from(held)) or 0
            if counted <= most:
                return (
                    select(held.c.customer_id.label("id")).where(held.c.customer_id.is_not(None)).subquery()
                )
        return None

    def _with_words(self, those: Found) -> Found:
        return those.where(
            *(self._index.stand_in(SearchText.customer_id, Customer.id, (term,)) for term in self._terms)
        )

    def _wanted(self, those: Select[Any]) -> Select[Any]:
        return (
            those
            if self._email is None
            else those.where(func.lower(Customer.email) == func.lower(self._email))
        )

    @staticmethod
    def _behind(those: Select[Any], page: Page) -> Select[Any]:
        if page.cursor is None:
            return those
        last = tuple_(literal(page.cursor.at, Customer.created_at.type), literal(page.cursor.id))
        return those.where(tuple_(Customer.created_at, Customer.id) < last)
