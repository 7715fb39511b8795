from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.tickets.models import Priority, TicketStatus
from service.tickets.scoring import NEGATIVE, Weights, unanswered_since
from service.tickets.sentiment import sentiment_of

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
TIMES = st.datetimes(datetime(2015, 1, 1), datetime(2060, 1, 1), timezones=st.just(UTC))
POINTS = st.floats(0, 1_000)


@dataclass(frozen=True, kw_only=True)
class Case:
    status: TicketStatus = TicketStatus.OPEN
    priority: Priority = Priority.NORMAL
    waiting_since: datetime | None = None
    customer_sentiment: float | None = None
    churn_risk: float | None = None
    lifetime_value: Decimal | None = None
    service_level_score: float = 0.0


CASES = st.builds(
    Case,
    status=st.sampled_from(TicketStatus),
    priority=st.sampled_from(Priority),
    waiting_since=st.none() | TIMES,
    customer_sentiment=st.none() | st.floats(-1, 1),
    churn_risk=st.none() | st.floats(0, 1),
    lifetime_value=st.none() | st.decimals(-1_000, 10**9, places=4),
    service_level_score=st.just(0.0) | st.floats(0, 100),
)
WEIGHTS = st.builds(
    Weights,
    churn=POINTS,
    value=POINTS,
    value_cap=st.floats(0.01, 1e12),
    urgency=POINTS,
    waiting=POINTS,
    sentiment=POINTS,
    topic_alert=POINTS,
)


def parts(case, **options):
    return {part.name: part for part in Weights().parts(case, NOON, **options)}


def test_a_score_is_what_the_issue_of_each_part_says():
    case = Case(
        priority=Priority.URGENT,
        waiting_since=NOON - timedelta(hours=5),
        customer_sentiment=-0.5,
        churn_risk=0.5,
        lifetime_value=Decimal(250),
    )
    assert {name: part.value for name, part in parts(case, alerted=True).items()} == {
        "churn_risk": 1.5,
        "lifetime_value": 0.5,
        "urgency": 6.0,
        "sentiment": 2.0,
        "waiting": 0.5,
        "topic_alert": 5.0,
    }
    assert Weights().score(case, NOON, alerted=True) == 15.5


@pytest.mark.parametrize(
    ("priority", "points"),
    [(Priority.URGENT, 6.0), (Priority.HIGH, 4.5), (Priority.NORMAL, 1.5), (Priority.LOW, 0.75)],
)
def test_urgency_counts_by_priority(priority, points):
    assert parts(Case(priority=priority))["urgency"].value == points


def test_what_is_not_known_adds_nothing_and_says_so():
    told = parts(Case())
    for name in ("churn_risk", "lifetime_value"):
        assert told[name].value == 0
        assert "not known" in told[name].explanation
    assert "written nothing" in told["sentiment"].explanation
    assert "topic_alert" not in told


def test_a_lifetime_value_counts_up_to_its_cap_and_never_against_the_customer():
    values = [
        parts(Case(lifetime_value=Decimal(value)))["lifetime_value"].value
        for value in (-5, 500, 1_000, 10**9)
    ]
    assert values == [0.0, 1.0, 2.0, 2.0]


@pytest.mark.parametrize("status", [TicketStatus.RESOLVED, TicketStatus.CLOSED])
def test_a_settled_ticket_does_not_wait(status):
    case = Case(status=status, waiting_since=NOON - timedelta(days=9))
    assert unanswered_since(case) is None
    assert parts(case)["waiting"].value == 0
    assert Weights().rank(case) == Weights().score(case, NOON)


def test_a_service_level_has_its_part_where_one_is_at_stake():
    assert parts(Case(service_level_score=1.25))["service_level"].value == 1.25
    assert "service_level" not in parts(Case())


def test_the_weights_are_those_of_the_settings():
    weights = Weights(churn=1, value=7, value_cap=10, urgency=0, waiting=2, sentiment=0.5, topic_alert=1)
    case = Case(
        waiting_since=NOON - timedelta(hours=1),
        customer_sentiment=NEGATIVE,
        churn_risk=1.0,
        lifetime_value=Decimal(5),
    )
    assert weights.score(case, NOON, alerted=True) == 1 + 3.5 + 0 + 2 + 0.5 + 1


@given(case=CASES, weights=WEIGHTS, at=TIMES, alerted=st.none() | st.booleans())
def test_the_parts_sum_to_the_score(case, weights, at, alerted):
    told = weights.parts(case, at, alerted=alerted)
    assert sum(part.value for part in told) == pytest.approx(
        weights.score(case, at, alerted=bool(alerted)), abs=1e-4, rel=1e-12
    )


@given(case=CASES, weights=WEIGHTS, at=TIMES)
def test_the_rank_and_what_waiting_adds_are_the_score_at_any_time(case, weights, at):
    waited = weights.waited(at) if unanswered_since(case) else 0.0
    assert round(weights.rank(case) + waited, 4) == weights.score(case, at)


@given(cases=st.lists(CASES, min_size=2, max_size=6), weights=WEIGHTS, at=TIMES, later=TIMES)
def test_those_that_wait_stand_in_one_order_at_any_two_times(cases, weights, at, later):
    waiting = sorted((case for case in cases if unanswered_since(case)), key=weights.rank)
    for moment in (at, later):
        scores = [weights.score(case, moment) for case in waiting]
        assert scores == sorted(scores)


@given(case=CASES, weights=WEIGHTS, at=TIMES)
def test_a_place_leads_back_to_its_rank_without_loss(case, weights, at):
    rank, added = weights.rank(case), weights.waited(at) + weights.boost
    assert (rank + added) - added == rank


def test_ranks_are_made_anew_where_they_would_be_others_and_only_there():
    usual = Weights().fingerprint("quimbi")
    assert Weights(topic_alert=9).fingerprint("quimbi") == usual
    others = {
        replace(Weights(), **{name: 9.0}).fingerprint("quimbi") for name in ("churn", "value", "waiting")
    }
    assert len({usual, Weights().fingerprint("quimbi,stub"), *others}) == 5


def test_a_complaint_sounds_negative_and_thanks_do_not():
    for complaint in ("This is a scam!", "It arrived broken.", "I am angry and want my money back."):
        assert sentiment_of(complaint) <= NEGATIVE, complaint
    for other in ("Thank you so much, great service!", "Where is my parcel?", "Wo ist mein Paket?"):
        assert sentiment_of(other) > NEGATIVE, other


@given(st.text(max_size=3_000))
def test_any_text_has_a_sentiment(text):
    assert -1 <= sentiment_of(text) <= 1
