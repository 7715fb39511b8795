"""`/api/mcp` and `/api/system/configuration`."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from providers.testing.quimbi_simulator.axes import AXES
from service.testing.desk import SupportDesk
from tests.wire.intelligence_shown import ANALYZE, asked_behind, buy, learn, page, showing_desk
from tests.wire.watching import statements

MCP = "/api/mcp/customer"


@pytest.fixture
def desk(migrated_url: str, tmp_path: Path) -> Iterator[SupportDesk]:
    """On SQLite and on PostgreSQL."""
    with showing_desk(migrated_url, str(tmp_path / "app.log")) as desk:
        yield desk


def orders_of(desk: SupportDesk, customer_id: str = "cust_1", **query: str) -> dict[str, Any]:
    answer = desk.get(f"{MCP}/{customer_id}/orders", params=query)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def numbers(found: dict[str, Any]) -> list[str]:
    return [order["order_number"] for order in found["orders"]]


def without_age(profile: dict[str, Any]) -> dict[str, Any]:
    return {**profile, "provenance": {**profile["provenance"], "age_s": 0}}


def test_the_profile_is_that_of_the_ticket_and_its_churn_risk_a_part_of_it(desk: SupportDesk) -> None:
    ticket_id = desk.new_ticket("cust_1")
    learn(desk, "cust_1", "intelligence", "churn")
    profile = desk.get(f"{MCP}/cust_1").json()
    assert without_age(profile) == without_age(page(desk, ticket_id)["customer_profile"])
    assert desk.get(f"{MCP}/cust_1/churn-risk").json() == profile["churn_risk"]
    assert without_age(desk.get(f"{MCP}/random").json()) == without_age(profile)


def test_while_there_is_no_profile_it_is_404_and_a_provider_is_asked_behind(desk: SupportDesk) -> None:
    desk.stub.answers(ANALYZE, {"metrics": {"lifetime_value": None}})
    desk.new_ticket("cust_1")
    for path in (f"{MCP}/cust_1", f"{MCP}/cust_1/churn-risk"):
        assert desk.get(path).status_code == 404
    assert asked_behind(desk, "cust_1")
    for path in (f"{MCP}/nobody", f"{MCP}/nobody/churn-risk", f"{MCP}/nobody/orders"):
        assert "nobody" in desk.get(path).json()["detail"]


def test_a_churn_risk_that_no_provider_tells_is_404(desk: SupportDesk) -> None:
    desk.new_ticket("cust_1")
    desk.stub.answers(ANALYZE, {"predictions": {"churn_risk": None}})
    learn(desk, "cust_1")
    assert desk.get(f"{MCP}/cust_1").json()["churn_risk"] is None
    assert desk.get(f"{MCP}/cust_1/churn-risk").status_code == 404


def test_any_profile_is_one_of_those_there_are(desk: SupportDesk) -> None:
    assert desk.get(f"{MCP}/random").status_code == 404
    for number in range(4):
        desk.new_ticket(f"c{number}")
    assert desk.get(f"{MCP}/random").status_code == 404
    assert all(asked_behind(desk, f"c{number}") for number in range(4))
    for number in range(4):
        learn(desk, f"c{number}")
    found = {desk.get(f"{MCP}/random").json()["customer_id"] for _ in range(12)}
    assert found <= {f"c{number}" for number in range(4)}


def test_a_profile_is_read_in_four_statements_at_most(desk: SupportDesk) -> None:
    desk.new_ticket("cust_1")
    buy(desk, "1")
    learn(desk, "cust_1")
    with statements(desk) as seen:
        desk.get(f"{MCP}/cust_1")
    assert len([statement for statement in seen if "SELECT" in statement]) == 3
    desk.stub.answers(ANALYZE, {"metrics": {"total_orders": None}})
    learn(desk, "cust_1")
    with statements(desk) as seen:
        assert desk.get(f"{MCP}/cust_1").json()["business_metrics"]["total_orders"] == 1
    assert len([statement for statement in seen if "SELECT" in statement]) == 4


def test_orders_are_told_with_amounts_as_text(desk: SupportDesk) -> None:
    refund = {"external_id": "r1", "at": "2026-02-03T09:00:00Z", "amount": 4}
    buy(desk, "1", total=10, fulfillment_status="fulfilled", tracking={"numbers": ["1Z9"]})
    buy(desk, "2", total="20.0025", ordered_at="2026-02-01T10:00:00Z", refunds=[refund])
    found = orders_of(desk)
    assert numbers(found) == ["2", "1"]
    assert found["orders"][1].pop("order_id").startswith("order_")
    assert found["orders"][1] == {
        "order_number": "1",
        "created_at": "2026-01-31T10:00:00.000Z",
        "total_price": "10.00",
        "currency": "EUR",
        "status": "paid",
        "line_items": [{"title": "Green tea", "vendor": "Leaf & Co", "quantity": 2, "price": "9.95"}],
        "tracking_numbers": ["1Z9"],
        "fulfillment_status": "fulfilled",
    }
    assert found["orders"][0]["total_price"] == "20.0025"
    assert (found["customer_id"], found["total_orders"], found["total_spent"], found["currency"]) == (
        "cust_1",
        2,
        "26.0025",
        "EUR",
    )
    assert found["orders_truncated"] is False


def test_no_orders_come_to_nothing(desk: SupportDesk) -> None:
    desk.new_ticket("cust_1")
    found = orders_of(desk)
    assert (found["orders"], found["total_orders"], found["total_spent"], found["currency"]) == (
        [],
        0,
        "0.00",
        None,
    )


def test_orders_in_several_currencies_come_to_no_sum(desk: SupportDesk) -> None:
    buy(desk, "1")
    buy(desk, "2", currency="USD", lines=[{"title": "Mug", "quantity": 1, "price": 5}])
    found = orders_of(desk)
    assert (found["total_orders"], found["total_spent"], found["currency"]) == (2, None, None)
    found = orders_of(desk, search_terms="mug")
    assert (found["total_orders"], found["total_spent"], found["currency"]) == (1, "19.90", "USD")


def test_orders_are_found_by_words_and_days(desk: SupportDesk) -> None:
    for day in range(1, 6):
        titles = ["Green tea"] if day % 2 else ["Mug"]
        lines = [{"title": title, "quantity": 1, "price": 1} for title in titles]
        buy(desk, f"shop-{day}", ordered_at=f"2026-03-0{day}T23:30:00Z", lines=lines)
    assert numbers(orders_of(desk, search_terms="TEA, green")) == ["shop-5", "shop-3", "shop-1"]
    assert numbers(orders_of(desk, search_terms="")) == [f"shop-{day}" for day in (5, 4, 3, 2, 1)]
    assert numbers(orders_of(desk, search_terms="op-2")) == ["shop-2"]
    assert numbers(orders_of(desk, start_date="2026-03-02", end_date="2026-03-03")) == ["shop-3", "shop-2"]
    assert numbers(orders_of(desk, end_date="2026-03-03T23:30:00Z")) == ["shop-2", "shop-1"]
    assert numbers(orders_of(desk, start_date="2026-03-05", search_terms="mug")) == []


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"start_date": "2026-03-02", "end_date": "2026-03-01"}, "end_date"),
        ({"start_date": "yesterday"}, "start_date"),
        ({"end_date": "2026-02-30"}, "end_date"),
        ({"search_terms": "x " * 11}, "search_terms"),
        ({"search_terms": "x" * 201}, "search_terms"),
    ],
)
def test_a_search_that_cannot_be_meant_names_its_field(
    desk: SupportDesk, query: dict[str, str], field: str
) -> None:
    desk.new_ticket("cust_1")
    answer = desk.get(f"{MCP}/cust_1/orders", params=query)
    assert answer.status_code == 422
    assert list(answer.json()["errors"]) == [field]


def test_two_hundred_orders_are_told_at_most_and_that_there_are_more(desk: SupportDesk) -> None:
    for batch, size in ((0, 200), (1, 1)):
        orders = [
            {
                "external_id": f"{batch}-{number}",
                "customer_id": "cust_1",
                "ordered_at": f"2026-0{batch + 1}-01T10:00:00Z",
                "currency": "EUR",
                "status": "paid",
                "total": 2,
                "lines": [{"title": "Tea", "quantity": 1, "price": 2}],
            }
            for number in range(size)
        ]
        assert desk.post("/api/orders", {"orders": orders}).json()["created"] == size
        with statements(desk) as seen:
            found = orders_of(desk)
        assert found["orders_truncated"] is (batch == 1)
        assert (found["total_orders"], found["total_spent"]) == (200, "400.00")
        assert len([statement for statement in seen if "SELECT" in statement]) <= 4
    assert numbers(found)[0] == "1-0"


def test_the_configuration_tells_the_axes_with_their_segments_in_order(desk: SupportDesk) -> None:
    told = desk.get("/api/system/configuration").json()
    assert told["axis_count"] == len(told["axes"]) == 13
    assert told["version"]
    named = {axis["name"]: tuple(segment["name"] for segment in axis["segments"]) for axis in told["axes"]}
    assert list(named) == list(AXES)
    assert named == AXES
    for axis in told["axes"]:
        assert axis["category"] in {"purchase", "support"}
        assert [segment["order"] for segment in axis["segments"]] == list(range(len(axis["segments"])))
        for part in (axis, *axis["segments"]):
            assert part["display_name"]
            assert part["description"].endswith(".")
    assert [axis["category"] for axis in told["axes"]] == ["purchase"] * 8 + ["support"] * 5
