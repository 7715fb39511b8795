"""What Quimbi is asked: bodies that satisfy both dialects, with clean values only."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from providers.models import (
    Archetype,
    Contact,
    CustomerIntelligence,
    DraftRequest,
    Order,
    OrderLine,
    Predictions,
    TicketContext,
    Turn,
)
from providers.quimbi.payloads.drafts import draft_body
from providers.quimbi.payloads.predictions import churn_body, ltv_body
from providers.quimbi.payloads.recommendations import recommendation_body
from providers.quimbi.payloads.sending import TURNS_LIMIT, analysis_body, encoded, sendable
from providers.quimbi.payloads.tables import ISSUE_TYPES, issue_type, their_channel
from tests.providers.quimbi.samples import CHURN, CUSTOMER, DRAFT, LTV, PROVENANCE, RECOMMENDATION, TICKET

AT = datetime(2026, 1, 31, 10, tzinfo=UTC)


def sent(body: dict[str, object]) -> Any:
    return json.loads(encoded(body))


def test_an_analysis_takes_orders_and_contacts_along() -> None:
    line = OrderLine(title="Boots", quantity=1, price=Decimal("79.90"))
    order = Order(external_id="o1", ordered_at=AT, currency="EUR", total=Decimal("79.90"), lines=(line,))
    contact = Contact(ticket_id="t1", at=AT, channel="email", subject="Late", status="open")
    context = sent(analysis_body("7001", orders=[order], contacts=[contact]))["context"]
    assert context["orders"] == [
        {
            "order_id": "o1",
            "ordered_at": "2026-01-31T10:00:00+00:00",
            "total": 79.9,
            "currency": "EUR",
            "line_items": [{"title": "Boots", "quantity": 1, "price": 79.9}],
        }
    ]
    assert context["interactions"] == [
        {
            "ticket_id": "t1",
            "at": "2026-01-31T10:00:00+00:00",
            "channel": "email",
            "subject": "Late",
            "status": "open",
        }
    ]


def test_the_horizon_goes_under_both_names() -> None:
    assert sent(ltv_body(LTV, "7001")) == {
        "customer_id": "7001",
        "horizon_months": 12,
        "time_horizon_months": 12,
    }


def test_churn_names_its_window() -> None:
    assert sent(churn_body(CHURN, "7001")) == {"customer_id": "7001", "prediction_window_days": 90}


def test_a_draft_satisfies_both_dialects() -> None:
    body = sent(draft_body(DRAFT, "7001"))
    assert body["customer_profile"] == {"customer_id": "7001"}
    assert body["context"]["goal"] == "resolve_support_issue"
    assert body["context"]["channel"] == body["channel"] == "phone_script"
    assert body["context"]["conversation"] == [
        {"from": "customer", "content": "Hello"},
        {"from": "agent", "content": "Hi"},
    ]
    assert body["conversation_history"] == [
        {"from_customer": True, "text": "Hello"},
        {"from_customer": False, "text": "Hi"},
    ]
    assert body["context"]["constraints"]["tone"] == body["tone"] == "empathetic"


def test_a_draft_never_sends_null_for_a_tone() -> None:
    """Item 10 of what a running installation does."""
    body = sent(draft_body(DraftRequest(customer=CUSTOMER, ticket=TICKET), "7001"))
    assert body["tone"] == "professional"
    assert "length" not in body["context"]["constraints"]


def test_a_conversation_without_turns_is_an_empty_list() -> None:
    silent = replace(DRAFT, ticket=replace(TICKET, conversation=()))
    assert sent(draft_body(silent, "7001"))["conversation_history"] == []


def test_of_a_long_conversation_the_last_turns_go_along() -> None:
    turns = tuple(Turn(from_customer=True, content=f"{number}" + "x" * 9000) for number in range(200))
    body = draft_body(replace(DRAFT, ticket=replace(TICKET, conversation=turns)), "7001")
    history = sent(body)["conversation_history"]
    assert len(history) == TURNS_LIMIT
    assert history[-1]["text"].startswith("199")
    assert len(encoded(body)) < 1 << 20


def test_known_facts_go_along_under_the_external_id() -> None:
    facts = CustomerIntelligence(
        customer_id="cust_9",
        archetype=Archetype(id="arch_1", level="l2", segments={"product_knowledge": "beginner"}),
        predictions=Predictions(churn_risk=0.2, churn_risk_level="low"),
        provenance=PROVENANCE,
    )
    profile = sent(draft_body(replace(DRAFT, facts=facts), "7001"))["customer_profile"]
    assert profile["customer_id"] == "7001"
    assert profile["dominant_segments"] == {"product_knowledge": "beginner"}
    assert profile["predictions"] == {"churn_risk": 0.2, "churn_risk_level": "low"}


def test_a_recommendation_satisfies_both_dialects() -> None:
    body = sent(recommendation_body(RECOMMENDATION, "7001"))
    assert (body["customer_id"], body["scenario"]) == ("7001", "support_ticket")
    assert body["issue_type"] == body["context"]["ticket"]["issue_type"] == "shipping_delay"
    assert body["context"]["ticket"]["subject"] == "Where is my order"
    assert "order_value" not in body["context"]


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [("phone", "phone_script"), ("form", "email"), ("email", "email"), ("sms", "sms"), ("chat", "chat")],
)
def test_channels_are_called_by_their_names(ours: str, theirs: str) -> None:
    assert their_channel(ours) == theirs


@pytest.mark.parametrize(
    ("tags", "subject", "issue"),
    [
        (("billing_error",), "anything", "billing_error"),
        (("vip", "Wrong-Item"), "My invoice", "wrong_item"),
        ((), "My package never arrived", "lost_package"),
        ((), "I was charged twice", "billing_error"),
        ((), "The zip is BROKEN!", "product_defect"),
        ((), "Order delayed again", "shipping_delay"),
        ((), "A closet and a latex glove", "general"),
        ((), "", "general"),
    ],
)
def test_an_issue_type_is_told_by_tags_then_subject(tags: tuple[str, ...], subject: str, issue: str) -> None:
    assert issue_type(tags, subject) == issue


@pytest.mark.parametrize("issue", ISSUE_TYPES)
def test_an_issue_types_own_name_tells_it(issue: str) -> None:
    assert issue_type((issue,), "") == issue


@pytest.mark.parametrize("external_id", ["", " ", "70\x0001", "7001\ud800"])
def test_an_id_that_cleaning_would_change_is_not_sent(external_id: str) -> None:
    assert not sendable(external_id)


rough = st.recursive(
    st.none()
    | st.floats()
    | st.decimals()
    | st.integers(-(2**63), 2**63)
    | st.text(st.characters() | st.characters(categories=["Cs"]) | st.just("\0")),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(body=st.dictionaries(st.text(), rough, max_size=4))
def test_only_clean_values_are_sent(body: dict[str, object]) -> None:
    """Item 10 of what a running installation does: it fails on NaN, NUL and `tone: null`."""

    def refuse(constant: str) -> None:
        raise AssertionError(constant)

    def check(value: Any) -> None:
        assert value is not None
        if isinstance(value, dict):
            for entry in (*value, *value.values()):
                check(entry)
        elif isinstance(value, list):
            for entry in value:
                check(entry)
        elif isinstance(value, str):
            assert "\0" not in value

    check(json.loads(encoded(body).decode(), parse_constant=refuse))


@given(text=st.text(st.characters() | st.characters(categories=["Cs"])))
def test_hostile_text_can_be_sent(text: str) -> None:
    about = TicketContext(
        id="t",
        subject=text,
        channel=text,
        priority="low",
        version=1,
        tags=(text,),
        conversation=(Turn(True, text),),
    )
    request = DraftRequest(customer=CUSTOMER, ticket=about, tone=text, template=text)
    assert sent(draft_body(request, "7001"))["customer_id"] == "7001"
