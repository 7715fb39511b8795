"""What hostile clients send to `/api/customers` and `/api/orders`."""

from collections.abc import Mapping, Sequence
from typing import Any

from tests.wire.malformed import (
    BAD_CURSORS,
    BAD_DAY,
    BAD_EMAIL,
    BAD_ID,
    BAD_TEXT,
    LIST_QUERIES,
    NOT_TEXT,
    Endpoint,
)

BAD_AMOUNT = (
    *(
        "",
        " ",
        "x",
        "1,5",
        "-1",
        "+1",
        "1e3",
        "0x1",
        "NaN",
        "Infinity",
        ".5",
        "5.",
        "EUR 5",
        "\x00",
        "\uff11",
    ),
    *("9" * 13, "9" * 900_000, "1." + "0" * 21, -1, -0.01, 10**11 + 1, 2**63, 10**30, 1e300, True, [], {}),
)
BAD_TIME = (
    *("", "x", "now", "2026-01-31", "2026-01-31T10:00:00", "2026-01-31 10:00:00Z", "2026-02-30T10:00:00Z"),
    *("2026-01-31T10:00:00+25:00", "2026-01-31T24:00:00Z", "2026-01-31T10:00:60Z", "2026-01-31T10:00Z"),
    *(
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-14:00",
        "1969-12-31T23:59:59Z",
        "2200-01-01T00:00:00Z",
    ),
    *("2026-01-31T10:00:00Z\x00", "2" * 900_000, 1_769_853_600, 1e300, -1, 2**63, True, [], {}),
)
BAD_CURRENCY = (
    *NOT_TEXT,
    "",
    "eur",
    "EURO",
    "EU",
    "E R",
    "EUR\n",
    "EUR\x00",
    "\u00c4\u00d6\u00dc",
    "X" * 900_000,
)
BAD_ADDRESS = (*BAD_TEXT, "x", "javascript:x", "//a.example", "http://", "http://" + "a" * 2_000)
SOUND_LINE = {"title": "Tea", "quantity": 1, "price": 1}
SOUND_REFUND = {"external_id": "r1", "at": "2026-02-01T09:00:00Z", "amount": 1}


def lists_of(sound: Mapping[str, Any], wrong: Mapping[str, Sequence[Any]]) -> list[Any]:
    """Lists of such objects that are none, lack a field, or have one that is wrong or unknown."""
    return [
        *("x", 1, True, {}, [1], [None], [[]], ["x"], [{}], [{**sound, "is_admin": True}]),
        *([{key: value for key, value in sound.items() if key != name}] for name in sound),
        *([dict(sound), {**sound, name: value}] for name, values in wrong.items() for value in values),
    ]


LINE_WRONG = {
    "title": (*BAD_TEXT, None, "x" * 501),
    "quantity": (-1, 1.5, True, "x", "", [], {}, None, 10**7, 2**63, 10**30),
    "price": (*BAD_AMOUNT, None),
    "discount": BAD_AMOUNT,
    "product_id": (*BAD_TEXT, "x" * 201),
    "vendor": (*BAD_TEXT, "x" * 201),
    "category": (*BAD_TEXT, "x" * 201),
}
REFUND_WRONG = {
    "external_id": (*BAD_TEXT, None, "x" * 201, "r1"),
    "at": (*BAD_TIME, None),
    "amount": (*BAD_AMOUNT, None),
}
BAD_TRACKING = (
    *("x", 1, True, [], ["x"], {"is_admin": 1}, {"numbers": "x"}, {"numbers": None}, {"numbers": ["x"] * 21}),
    *({"numbers": [number]} for number in (*BAD_TEXT, None, "x" * 101)),
    *({"urls": [address]} for address in (*BAD_ADDRESS, None)),
    *({"carrier": carrier} for carrier in (*BAD_TEXT, "x" * 101)),
)
NEW_ORDER = {
    "external_id": "1042",
    "customer_id": "cust_123",
    "ordered_at": "2026-01-31T10:00:00Z",
    "currency": "EUR",
    "status": "paid",
    "total": 19.9,
    "lines": [SOUND_LINE],
}
NEW_ORDER_WRONG = {
    "external_id": (*BAD_TEXT, None, "x" * 201),
    "customer_id": (*BAD_ID, None),
    "ordered_at": (*BAD_TIME, None),
    "currency": (*BAD_CURRENCY, None),
    "status": (*BAD_TEXT, None, "x" * 51),
    "fulfillment_status": (*BAD_TEXT, "x" * 51),
    "total": (*BAD_AMOUNT, None),
    "discount": BAD_AMOUNT,
    "channel": (*BAD_TEXT, "x" * 51),
    "lines": (*lists_of(SOUND_LINE, LINE_WRONG), None, [SOUND_LINE] * 201),
    "refunds": (*lists_of(SOUND_REFUND, REFUND_WRONG), [SOUND_REFUND] * 101),
    "tracking": BAD_TRACKING,
}
BAD_PREFERENCES = (
    *("x", 1, True, [], ["x"], {"a": "\x00"}, {"\x00": 1}, {"a": [{"b": "\x00"}]}, {"a": "x" * 1_001}),
    *({"x" * 1_001: 1}, {"a": 2**63}, {"a": 10**30}, {"a": -1e300}, {"a": {"b": {"c": {"d": {"e": 1}}}}}),
    *({str(number): number for number in range(300)}, {"a": [0] * 1_000}, {"a": ["x" * 1_000] * 11}),
)
BAD_EXTERNAL_IDS = (
    *(
        "x",
        1,
        True,
        [],
        ["x"],
        {"A": "1"},
        {"a b": "1"},
        {"": "1"},
        {"9a": "1"},
        {"a" * 65: "1"},
        {"\x00": "1"},
    ),
    *({"quimbi": value} for value in (*BAD_TEXT, "x" * 201)),
    {f"p{number}": "1" for number in range(21)},
)
CUSTOMER_WRONG = {
    "name": (*BAD_TEXT, "x" * 201),
    "email": BAD_EMAIL,
    "phone": (*BAD_TEXT, "x" * 51),
    "locale": (
        *BAD_TEXT,
        "english",
        "e",
        "en_GB",
        "en-",
        "-en",
        "en-GB-",
        "en--GB",
        "en-\uff27",
        "en-" + "a-" * 99,
    ),
    "time_zone": (
        *BAD_TEXT,
        "CET+1",
        "Europe",
        "Europe/Nowhere",
        "../../etc/passwd",
        "/etc/passwd",
        "x" * 65,
    ),
    "preferences": BAD_PREFERENCES,
    "external_ids": BAD_EXTERNAL_IDS,
    "order_count": (1,),
    "created_at": ("2026-01-31T10:00:00Z",),
}


def of_customers(customer_id: str) -> list[Endpoint]:
    customer, of_customer = f"/api/customers/{customer_id}", {"id_in_path": customer_id}
    profile = "/api/mcp/customer"
    pages = {name: LIST_QUERIES[name] for name in ("page", "limit")} | {"cursor": BAD_CURSORS}
    addresses = {"email": ("", "%00", "%20", "x" * 321), "q": LIST_QUERIES["q"]}
    return [
        Endpoint(name="list_customers", method="GET", target="/api/customers", queries=pages | addresses),
        Endpoint(
            name="create_customer",
            method="POST",
            target="/api/customers",
            wrong=CUSTOMER_WRONG | {"id": BAD_ID},
        ),
        Endpoint(name="read_customer", method="GET", target=customer, **of_customer),
        Endpoint(
            name="change_customer",
            method="PATCH",
            target=customer,
            wrong=CUSTOMER_WRONG | {"id": ("cust_9",)},
            **of_customer,
        ),
        Endpoint(
            name="list_customer_tickets",
            method="GET",
            target=f"{customer}/tickets",
            queries=pages,
            **of_customer,
        ),
        Endpoint(
            name="list_customer_orders",
            method="GET",
            target=f"{customer}/orders",
            queries=pages,
            **of_customer,
        ),
        Endpoint(name="read_profile", method="GET", target=f"{profile}/{customer_id}", **of_customer),
        Endpoint(
            name="read_churn_risk",
            method="GET",
            target=f"{profile}/{customer_id}/churn-risk",
            **of_customer,
        ),
        Endpoint(
            name="find_orders",
            method="GET",
            target=f"{profile}/{customer_id}/orders",
            queries={
                "search_terms": ("%00", "a%00b", "x" * 201, "x+" * 11, ",".join("x" * 11)),
                "start_date": BAD_DAY,
                "end_date": BAD_DAY,
            },
            **of_customer,
        ),
        Endpoint(
            name="record_orders",
            method="POST",
            target="/api/orders",
            sound=NEW_ORDER,
            wrong=NEW_ORDER_WRONG | {"orders": ("x", 1, True, {}, None)},
        ),
    ]
