"""Customers by their id, orders by their external id, from spreadsheets as people make them."""

from collections.abc import Sequence
from decimal import Decimal

import pytest
from sqlalchemy import select
from sqlalchemy.orm import selectinload

from service.customers.models import Customer, Order
from service.events import StoredEvent
from service.importing.report import Figures
from service.importing.sources import UnusableFile
from tests.service.importing.bringing import ImportDesk, json_lines

HEADER = "external_id,customer_id,ordered_at,currency,status,total,lines.title,lines.quantity,lines.price\n"
TWO_LINES = "A-1,cust_1,2026-01-31T10:00:00Z,EUR,paid,29.85,Green tea,2,9.95\nA-1,,,,,,Teapot,1,9.95\n"
ANOTHER = "A-2,cust_2,2026-02-01T10:00:00Z,EUR,paid,5,Cup,1,5\n"


def customer(desk: ImportDesk, customer_id: str) -> Customer:
    with desk.database.reading() as session:
        return session.get_one(Customer, customer_id)


def orders(desk: ImportDesk) -> Sequence[Order]:
    whole = select(Order).options(selectinload(Order.lines), selectinload(Order.refunds))
    with desk.database.reading() as session:
        return session.scalars(whole.order_by(Order.external_id)).all()


def event_types(desk: ImportDesk) -> list[str]:
    with desk.database.reading() as session:
        return list(session.scalars(select(StoredEvent.type).order_by(StoredEvent.id)))


def test_given_columns_replace_and_absent_ones_stay(desk: ImportDesk) -> None:
    header = "id,name,email,locale,preferences.newsletter,external_ids.quimbi\n"
    first = header + "cust_1,Ada,ada@example.com,de-AT,yes,7\n"
    assert desk.bring("customers", first, name="c.csv").figures == Figures(read=1, created=1)
    second = "id,name,email,preferences.newsletter,preferences.paper\ncust_1,Ada L,,no,yes\ncust_2,Bob,,,\n"
    assert desk.bring("customers", second, name="c.csv").figures == Figures(read=2, created=1, updated=1)
    ada = customer(desk, "cust_1")
    assert (ada.name, ada.email, ada.locale) == ("Ada L", "ada@example.com", "de-AT")
    assert (ada.preferences, ada.external_ids) == ({"newsletter": "no", "paper": "yes"}, {"quimbi": "7"})
    assert customer(desk, "cust_2").preferences == {}
    assert event_types(desk).count("customer.updated") == 1


def test_null_in_json_takes_away(desk: ImportDesk) -> None:
    desk.bring(
        "customers", json_lines({"id": "cust_1", "name": "Ada", "phone": "1", "preferences": {"a": 1}})
    )
    desk.bring("customers", json_lines({"id": "cust_1", "phone": None, "preferences": None}))
    ada = customer(desk, "cust_1")
    assert (ada.name, ada.phone, ada.preferences) == ("Ada", None, {})


def test_what_adds_up_beyond_the_bounds_is_refused_and_the_others_are_taken(desk: ImportDesk) -> None:
    many = {f"provider{number}": "7" for number in range(20)}
    desk.bring("customers", json_lines({"id": "cust_1", "external_ids": many}, {"id": "cust_2"}))
    more = json_lines(
        {"id": "cust_1", "name": "Ada", "external_ids": {"one-more": "7"}}, {"id": "cust_2", "name": "Bob"}
    )
    assert desk.bring("customers", more).figures == Figures(read=2, updated=1, rejected=1)
    assert list(desk.rejected()[0]["errors"]) == ["external_ids"]
    assert (customer(desk, "cust_1").name, customer(desk, "cust_2").name) == (None, "Bob")


def test_customers_twice_change_nothing(desk: ImportDesk) -> None:
    text = json_lines({"id": "cust_1", "name": "Ada"}, {"id": "cust_1", "name": "Ada"}, {"id": "cust_2"})
    assert desk.bring("customers", text).figures == Figures(read=3, created=2, unchanged=1)
    told = event_types(desk)
    assert desk.bring("customers", text, restart=True).figures == Figures(read=3, unchanged=3)
    assert event_types(desk) == told


@pytest.mark.parametrize(
    ("record", "field"),
    [
        ({"name": "Ada"}, "id"),
        ({"id": "a/b"}, "id"),
        ({"id": 7}, "id"),
        ({"id": "c", "email": "x"}, "email"),
        ({"id": "c", "time_zone": "Moon"}, "time_zone"),
        ({"id": "c", "ref": "x"}, "ref"),
        ({"id": "c", "preferences": [1]}, "preferences"),
    ],
)
def test_a_customer_that_rest_would_refuse_is_refused_by_field(
    desk: ImportDesk, record: dict[str, object], field: str
) -> None:
    assert desk.bring("customers", json_lines(record)).figures == Figures(read=1, rejected=1)
    assert field in desk.rejected()[0]["errors"]


def test_an_order_has_a_row_for_each_of_its_lines(desk: ImportDesk) -> None:
    done = desk.bring("orders", HEADER + TWO_LINES + ANOTHER, name="o.csv")
    assert done.figures == Figures(read=2, created=2)
    tea, cup = orders(desk)
    assert [(line.title, line.quantity, line.price) for line in tea.lines] == [
        ("Green tea", 2, Decimal("9.95")),
        ("Teapot", 1, Decimal("9.95")),
    ]
    assert (tea.total, tea.currency, len(cup.lines)) == (Decimal("29.85"), "EUR", 1)
    assert customer(desk, "cust_2").name is None


def test_the_order_of_a_batchs_edge_is_whole(desk: ImportDesk) -> None:
    desk.bring("orders", HEADER + TWO_LINES + ANOTHER, name="o.csv", batch=1)
    assert [len(order.lines) for order in orders(desk)] == [2, 1]


def test_refunds_and_tracking_have_columns_of_their_own(desk: ImportDesk) -> None:
    text = (
        HEADER.strip() + ",tracking.numbers,tracking.carrier,refunds.external_id,refunds.at,refunds.amount\n"
        "A-1,cust_1,2026-01-31T10:00:00Z,EUR,paid,9.95,Tea,1,9.95,1Z1;1Z2,UPS,r-1,2026-02-01T10:00:00Z,1.5\n"
        "A-1,,,,,,,,,,,r-2,2026-02-02T10:00:00Z,2\n"
    )
    assert desk.bring("orders", text, name="o.csv").figures.created == 1
    (order,) = orders(desk)
    assert order.tracking == {"numbers": ["1Z1", "1Z2"], "urls": [], "carrier": "UPS"}
    assert [(refund.external_id, refund.amount) for refund in order.refunds] == [
        ("r-1", Decimal("1.5")),
        ("r-2", Decimal(2)),
    ]


def test_orders_twice_change_nothing_and_a_changed_one_is_updated(desk: ImportDesk) -> None:
    text = HEADER + TWO_LINES + ANOTHER
    desk.bring("orders", text, name="o.csv")
    told = event_types(desk)
    assert desk.bring("orders", text, name="o.csv", restart=True).figures == Figures(read=2, unchanged=2)
    assert event_types(desk) == told
    changed = text.replace("Teapot,1", "Teapot,2")
    assert desk.bring("orders", changed, name="o.csv").figures == Figures(read=2, updated=1, unchanged=1)
    assert orders(desk)[0].lines[1].quantity == 2


def test_an_order_that_rest_would_refuse_is_refused_by_field_and_line(desk: ImportDesk) -> None:
    text = HEADER + TWO_LINES.replace("Teapot,1,9.95", "Teapot,one,9.95") + ANOTHER
    text += "A-3,cust_1,yesterday,euro,paid,-1,Tea,1,1\n"
    done = desk.bring("orders", text, name="o.csv")
    assert done.figures == Figures(read=3, created=1, rejected=2)
    first, second = desk.rejected()
    assert (first["line"], first["key"], list(first["errors"])) == (2, "A-1", ["lines.1.quantity"])
    assert (second["line"], set(second["errors"])) == (5, {"ordered_at", "currency", "total"})


def test_an_unknown_column_is_told_where_it_says_something(desk: ImportDesk) -> None:
    text = "id,name,shoe size\ncust_1,Ada,\ncust_2,Bob,44\n"
    assert desk.bring("customers", text, name="c.csv").figures == Figures(read=2, created=1, rejected=1)
    assert desk.rejected()[0]["errors"] == {"shoe size": ["Unknown field."]}


def test_a_header_without_a_required_column_ends_it_before_anything_is_written(desk: ImportDesk) -> None:
    with pytest.raises(UnusableFile, match=r"lacks the columns: total, lines\."):
        desk.bring("orders", "external_id,customer_id,ordered_at,currency,status\n", name="o.csv")
    assert not desk.rejects.exists()
