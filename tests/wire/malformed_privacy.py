"""What hostile clients send to `/api/audit`, and to what is held of a customer."""

from tests.wire.malformed import BAD_CURSORS, LIST_QUERIES, Endpoint

BAD_TIME = (
    *("", "%00", "soon", "2026-01-31", "2026-01-31T10:00:00", "2026-13-31T10:00:00Z", "9999-01-01T00:00:00Z"),
    *("1", "-1", "1e9", "2026-02-30T00:00:00Z", "2026-01-01T25:00:00Z", "2026-01-01T10:00:00%2B25:00"),
)
FILTERS = {
    "type": ("", "%00", "message.added", "access.denied'--"),
    "actor": ("", "%00", "x" * 201),
    "subject": ("", "%00", "x" * 201),
    "after": BAD_TIME,
    "before": BAD_TIME,
}


def of_privacy(customer_id: str) -> list[Endpoint]:
    """No case erases anybody: it is never asked for as it has to be."""
    customer, of_customer = f"/api/customers/{customer_id}", {"id_in_path": customer_id}
    pages = {name: LIST_QUERIES[name] for name in ("page", "limit")} | {"cursor": BAD_CURSORS}
    return [
        Endpoint(name="list_audit_entries", method="GET", target="/api/audit", queries=FILTERS | pages),
        Endpoint(name="export_audit", method="GET", target="/api/audit/export", queries=FILTERS),
        Endpoint(name="export_customer", method="GET", target=f"{customer}/export", **of_customer),
        Endpoint(
            name="erase_customer",
            method="DELETE",
            target=customer,
            queries={"erase": ("", "false", "0", "maybe", "%00", "true%00")},
            bodyless=True,
            **of_customer,
        ),
    ]
