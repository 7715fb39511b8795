"""Whatever way customers are looked for, they are those of an oracle that reads every text."""

import random

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from service.customers.search_queries import USUAL, CustomerSearch, Effort
from service.customers.services import NewCustomer
from service.http.pagination import Cursor, Page
from service.text_index import IndexedText, Phrase, TextIndex, TextKind, words_of

CUSTOMERS = 60
NAMES = ("Ada Lovelace", "Grace Hopper", "Ada Hopper", "STRASSE Ada", None)
EFFORTS = st.just(USUAL) | st.builds(
    Effort, first_look=st.integers(1, 30), few_texts=st.integers(0, 40), longest_walk=st.integers(1, 200)
)
TERMS = st.lists(
    st.sampled_from(["ada", "Hopper", "straße", "ada lovelace", "c7", "example", "nobody"]).map(Phrase.of),
    min_size=1,
    max_size=3,
    unique=True,
)


@pytest.fixture
def texts(customers, clock, database):
    """By customer, newest first; words that tickets hold, too, are many more."""
    chance, told = random.Random(1), {}
    for number in range(CUSTOMERS):
        clock.advance(chance.choice([0, 1]))
        name, email = chance.choice(NAMES), chance.choice([None, f"c{number}@example.org"])
        made = customers.create(NewCustomer(id=f"id{number}", name=name, email=email), actor="a")
        told[made.created_at, made.id] = words_of(f"{name or ''} {email or ''}")
    return [(place, told[place]) for place in sorted(told, reverse=True)]


@pytest.fixture
def said(database, texts):
    said = IndexedText(TextKind.CUSTOMER, "elsewhere", "Ada " * 20, customer_id="id0")
    index = TextIndex(database.engine.dialect.name)
    with database.writing() as session:
        index.add(session, [said] * 5)
        index.remove(session, said)
    return index


@settings(
    max_examples=40, phases=[Phase.generate], suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(terms=TERMS, effort=EFFORTS, limit=st.integers(1, 20), start=st.integers(0, CUSTOMERS))
def test_a_page_is_the_next_of_those_that_hold_all_words(database, texts, said, terms, effort, limit, start):
    cursor = Cursor(*texts[start - 1][0]) if start else None
    wanted = [
        customer_id
        for (_, customer_id), text in texts
        if all(f" {term.words} " in f" {text} " for term in terms)
    ]
    behind = {customer_id for (_, customer_id), _ in texts[start:]}
    with database.reading() as session:
        search = CustomerSearch(session, said, terms, effort=effort)
        found = [one.id for one in search.page(Page(limit=limit, cursor=cursor))]
        counted, estimated = search.count()
    assert found == [one for one in wanted if one in behind][: limit + 1]
    assert counted == len(wanted) or (estimated and counted <= len(wanted) and effort.few_texts < CUSTOMERS)


def test_a_page_by_number_is_that_part_of_the_whole(database, texts, said):
    terms = [Phrase("ada")]
    with database.reading() as session:
        whole = [one.id for one in CustomerSearch(session, said, terms).page(Page(limit=100))]
        part = CustomerSearch(session, said, terms).page(Page(number=3, limit=5))
    assert [one.id for one in part] == whole[10:16]
