"""Which words stand in which texts: the database's own full-text search, asked alike of both databases.

Texts are cut into words here, so that a word is the same word everywhere, whatever the locale: a run of
letters and digits with the marks on them, without case. A phrase is a row of words; so an e-mail address is
a phrase. Both databases take the words as they are: the one as lexemes, the other between spaces.
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import KW_ONLY, dataclass
from enum import StrEnum
from typing import Any, Self

from sqlalchemy import (
    CTE,
    Boolean,
    ColumnElement,
    ForeignKey,
    Index,
    String,
    Text,
    cast,
    column,
    delete,
    false,
    func,
    literal,
    or_,
    select,
    table,
    text,
    type_coerce,
)
from sqlalchemy.dialects.postgresql import TSQUERY, TSVECTOR
from sqlalchemy.orm import InstrumentedAttribute, Mapped, Session, mapped_column

from service.columns import CUSTOMER_ID_LENGTH, Base, CustomerId, Identifier, short_enum
from service.columns import Sequence as SequenceType
from service.writes import Write, write

LONGEST_TEXT = 100_000
"""Characters that are read: those of the longest message. Some become several (㌀ is アパート in one)."""

LONGEST_WORD = 500
"""Characters of a word that count: PostgreSQL's lexemes have 2,046 bytes at most."""

PIECE = 256
"""Words to a row, since PostgreSQL remembers 256 places of a word in each."""

OVERLAP = 100
"""Words that a row has in common with the one before: a phrase may be as long."""

VARIATION_SELECTORS = range(0xFE00, 0xFE10)
MARKS = "".join(
    re.escape(mark)
    for code in range(0x300, 0x1E950)
    if unicodedata.category(mark := chr(code)) in {"Mn", "Mc"} and code not in VARIATION_SELECTORS
)
"""Accents and vowel signs: part of the word, though no letters."""

GAP = re.compile(rf"(?:[\W_](?<![{MARKS}]))+")
QUOTED_OR_WORD = re.compile(r'"([^"]*)"|([^\s"]+)')
QUOTES = str.maketrans(dict.fromkeys("“”„", '"'))
WORDS = table("search_words", column("rowid"))
"""On SQLite, the FTS5 table."""


class TextKind(StrEnum):
    SUBJECT = "subject"
    MESSAGE = "message"
    CUSTOMER = "customer"


class SearchText(Base):
    """Words of a ticket or a customer. `source_id` is the id of the ticket, message or customer they are of.

    A long text has several rows.

    `document` is a tsvector on PostgreSQL; on SQLite the words, which triggers keep in an FTS5 table.
    """

    __tablename__ = "search_texts"

    id: Mapped[int] = mapped_column(SequenceType, primary_key=True)
    kind: Mapped[TextKind] = mapped_column(short_enum(TextKind, "kind"))
    source_id: Mapped[str] = mapped_column(String(CUSTOMER_ID_LENGTH))
    ticket_id: Mapped[str | None] = mapped_column(Identifier, ForeignKey("tickets.id", ondelete="CASCADE"))
    customer_id: Mapped[str | None] = mapped_column(
        CustomerId, ForeignKey("customers.id", ondelete="CASCADE")
    )
    document: Mapped[str] = mapped_column(TSVECTOR().with_variant(Text(), "sqlite"))

    __table_args__ = (
        Index("ix_search_texts_ticket_id", "ticket_id"),
        Index("ix_search_texts_customer_id", "customer_id"),
    )


def words_of(text: str) -> str:
    """Its words, with a space between each."""
    folded = _folded(text[:LONGEST_TEXT])[:LONGEST_TEXT]
    return " ".join(word[:LONGEST_WORD] for word in GAP.split(folded) if word)


def _folded(text: str) -> str:
    """One form of what reads the same: ﬁ is fi, ß is ss."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())


def pieces_of(text: str) -> Iterator[str]:
    """Its words by rows; none where it has no words."""
    words = words_of(text).split(" ")
    for start in range(0, max(1, len(words) - OVERLAP), PIECE - OVERLAP):
        if piece := " ".join(words[start : start + PIECE]):
            yield piece


def lexemes_of(words: str) -> str:
    """As PostgreSQL writes a `tsvector`."""
    return " ".join(f"'{word}':{place}" for place, word in enumerate(words.split(" "), start=1))


@dataclass(frozen=True, slots=True)
class Phrase:
    """`words` that stand in a row, as `words_of` gives them; never empty."""

    words: str

    @classmethod
    def of(cls, text: str) -> Self | None:
        """None where there is no word in it."""
        words = words_of(text)
        return cls(words) if words else None


def searched_terms(text: str) -> tuple[Phrase, ...]:
    """What somebody looks for: each word by itself, and what stands in quotes as a phrase; no term twice."""
    terms = [Phrase.of(quoted or word) for quoted, word in QUOTED_OR_WORD.findall(text.translate(QUOTES))]
    return tuple(dict.fromkeys(term for term in terms if term is not None))


@dataclass(frozen=True, slots=True)
class IndexedText:
    """A customer's has no ticket, a ticket's no customer."""

    kind: TextKind
    source_id: str
    text: str
    _: KW_ONLY
    ticket_id: str | None = None
    customer_id: str | None = None

    @property
    def owner(self) -> ColumnElement[bool]:
        if self.ticket_id is not None:
            return SearchText.ticket_id == self.ticket_id
        return SearchText.customer_id == self.customer_id


_INSERT = Write.inserting(SearchText.__table__, ("kind", "source_id", "ticket_id", "customer_id", "document"))
"""Nobody needs their ids."""


class TextIndex:
    """What stands in a text is found as soon as the transaction that wrote it is committed."""

    def __init__(self, dialect: str) -> None:
        self._on_postgresql = dialect == "postgresql"

    def add(self, session: Session, texts: Sequence[IndexedText]) -> None:
        """Whose tickets and customers must be in the database, or about to be."""
        rows = [
            {
                "kind": each.kind,
                "source_id": each.source_id,
                "ticket_id": each.ticket_id,
                "customer_id": each.customer_id,
                "document": lexemes_of(words) if self._on_postgresql else words,
            }
            for each in texts
            for words in pieces_of(each.text)
        ]
        if not rows:
            return
        session.flush()
        write(session, _INSERT, rows)

    def replace(self, session: Session, text: IndexedText) -> None:
        self.remove(session, text)
        self.add(session, [text])

    def remove(self, session: Session, text: IndexedText) -> None:
        _delete(session, text.owner, SearchText.kind == text.kind, SearchText.source_id == text.source_id)

    def keep_only(self, session: Session, text: IndexedText) -> None:
        """Remove the others of its kind and owner."""
        _delete(session, text.owner, SearchText.kind == text.kind, SearchText.source_id != text.source_id)

    def remove_all_of(self, session: Session, *, ticket_ids: Sequence[str], customer_id: str) -> None:
        """Whatever stands in texts of the tickets and the customer."""
        of_tickets, of_customer = (
            SearchText.ticket_id.in_(ticket_ids),
            SearchText.customer_id == customer_id,
        )
        _delete(session, or_(of_tickets, of_customer))

    def stand_in(
        self,
        owner: InstrumentedAttribute[str | None],
        owner_id: ColumnElement[str] | InstrumentedAttribute[str],
        phrases: Sequence[Phrase],
    ) -> ColumnElement[bool]:
        """Whether any of the phrases stands in a text of that ticket or customer: for a few rows at a time.

        Looks at the owner's texts and never at all that hold the phrase, of which there may be a million.
        """
        if self._on_postgresql:  # what is selected, and not asked for, takes no index of words
            any_of_them = func.bool_or(SearchText.document.op("@@")(_any_of(phrases)))
            own = select(func.coalesce(any_of_them, false())).where(owner == owner_id)
            return type_coerce(own.scalar_subquery(), Boolean())
        padded = literal(" ") + type_coerce(SearchText.document, Text()) + literal(" ")
        found = (func.instr(padded, f" {phrase.words} ") > 0 for phrase in phrases)
        return select(literal(1)).where(owner == owner_id, or_(*found)).exists()

    def holding(self, phrases: Sequence[Phrase], most: int) -> CTE:
        """`ticket_id` and `customer_id` of texts with any of the phrases, `most` of them, in no order."""
        if self._on_postgresql:
            found = func.search_texts_with(_any_of(phrases), most).table_valued("ticket_id", "customer_id")
            return select(found.c.ticket_id, found.c.customer_id).cte()
        query = " OR ".join(f'"{phrase.words}"' for phrase in phrases)
        rows = select(WORDS.c.rowid).where(text("search_words MATCH :query").bindparams(query=query))
        some = rows.limit(most).subquery()
        return (
            select(SearchText.ticket_id, SearchText.customer_id)
            .join_from(some, SearchText, SearchText.id == some.c.rowid)
            .cte()
        )


def _delete(session: Session, *those: ColumnElement[bool]) -> None:
    session.execute(delete(SearchText).where(*those), execution_options={"synchronize_session": False})


def _any_of(phrases: Sequence[Phrase]) -> ColumnElement[Any]:
    """As PostgreSQL writes a `tsquery`."""
    rows = (" <-> ".join(f"'{word}'" for word in phrase.words.split(" ")) for phrase in phrases)
    return cast(literal(" | ".join(f"({row})" for row in rows), Text()), TSQUERY)
