import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from service.customers.models import Customer
from service.database import Database
from service.text_index import (
    OVERLAP,
    PIECE,
    IndexedText,
    Phrase,
    SearchText,
    TextIndex,
    TextKind,
    pieces_of,
    searched_terms,
    words_of,
)
from tests.service.persistence.rows import customer

WRITTEN = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=60)


def sought(text):
    return [phrase.words for phrase in searched_terms(text)]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Where is my PARCEL?", "where is my parcel"),
        ("ada.lovelace+shop@Example.org", "ada lovelace shop example org"),
        ("Don't — don\u2019t", "don t don t"),
        ("snake_case", "snake case"),
        ("STRASSE Straße", "strasse strasse"),
        ("ﬁne \uff37ide \u210cello", "fine wide hello"),
        ("Cafe\u0301 CAFÉ", "café café"),
        ("हिन्दी", "हिन्दी"),
        ("1e5abc 5kg", "1e5abc 5kg"),
        ("!!! \u2014 📦", ""),
        ("", ""),
    ],
)
def test_a_text_is_cut_into_words_without_case(text, words):
    assert words_of(text) == words


def test_what_is_looked_for_is_each_word_and_each_quoted_phrase_once():
    assert sought('late "never arrived" LATE “Two  Words” „drei Worte“') == [
        "late",
        "never arrived",
        "two words",
        "drei worte",
    ]
    assert sought("ada@example.org") == ["ada example org"]
    assert sought('"open end') == ["open", "end"]
    assert sought('"" !!! ""') == []


@given(WRITTEN)
def test_words_stay_the_words_they_are(text):
    words = words_of(text)
    assert words_of(words) == words
    assert not set(words) & set("'\"\\ \n\t".replace(" ", ""))
    assert "  " not in words


@given(WRITTEN)
def test_each_word_of_a_text_is_found_in_upper_case_too(text):
    assert words_of(text.upper().lower()) == words_of(text.upper())


@given(st.integers(0, 3 * PIECE))
def test_a_long_text_is_cut_so_that_each_phrase_stands_whole_in_a_piece(count):
    words = [f"w{number}" for number in range(count)]
    pieces = [piece.split(" ") for piece in pieces_of(" ".join(words))]
    assert all(len(piece) <= PIECE for piece in pieces)
    for start in range(max(0, count - OVERLAP) + 1):
        phrase = words[start : start + OVERLAP]
        assert not phrase or any(
            phrase == piece[at : at + len(phrase)] for piece in pieces for at in range(PIECE)
        )


HOSTILE = (
    "a" * 100_000,
    "㌀" * 100_000,
    " ".join(f"w{number}" for number in range(14_000)),
    "'; DROP TABLE tickets; --",
    "\\' \\\\ ' '' :* & | ! <-> ( )",
    "NEAR(a b) AND OR NOT * ^",
)


def test_whatever_is_written_is_kept_and_found(database: Database) -> None:
    index = TextIndex(database.engine.dialect.name)
    with database.writing() as session:
        session.add_all(customer(id=f"t{number}") for number in range(len(HOSTILE)))
        index.add(
            session,
            [
                IndexedText(TextKind.CUSTOMER, f"t{number}", text, customer_id=f"t{number}")
                for number, text in enumerate(HOSTILE)
            ],
        )
    assert found(database, index, "w13998 w13999") == {"t2"}
    assert found(database, index, "drop table tickets") == {"t3"}
    assert found(database, index, "a" * 499) == found(database, index, "w1 w3") == set()
    assert found(database, index, "near a b and or not") == {"t5"}


def found(database, index, words):
    """Which of the customers; asked in both ways."""
    phrase = [Phrase(words)]
    with database.reading() as session:
        by_words = set(session.scalars(select(index.holding(phrase, 100).c.customer_id)))
        stands = index.stand_in(SearchText.customer_id, Customer.id, phrase)
        assert set(session.scalars(select(Customer.id).where(stands))) == by_words
    return by_words
