"""What hostile clients send to the lists and figures of service levels, and ask of one ticket."""

from tests.wire.malformed import BAD_CURSORS, BAD_WORD, HISTORY_CURSORS, LIST_QUERIES, Endpoint

BAD_ID = ("", "%20", "%00", "a%00b", "x" * 65)
TARGETS = {name: LIST_QUERIES[name] for name in ("page", "limit", "priority")} | {
    "cursor": (*BAD_CURSORS, *HISTORY_CURSORS),
    "policy_id": BAD_ID,
    "team_id": BAD_ID,
    "agent_id": BAD_ID,
    "target": (*BAD_WORD, "First_response", "all"),
}
BAD_DAY = (
    *("", "x", "2026", "2026-1-1", "2026-02-30", "20260101", "2026-W01-1", "1969-12-31", "2200-01-01"),
    *("2026-01-01T00:00:00Z", "%D9%A2026-01-01", "2026-01-01%00", "yesterday", "1", "-1"),
)
PERIOD = {
    "from": (*BAD_DAY, "2199-12-31", "1971-01-01"),
    "to": BAD_DAY,
    "time_zone": ("", "%00", "x", "Mars/Olympus", "utc", "../etc/passwd", "UTC%2B1", "x" * 65),
}


def of_promises(ticket_id: str) -> list[Endpoint]:
    """On a ticket that exists."""
    ticket, of_ticket = f"/api/tickets/{ticket_id}", {"id_in_path": ticket_id}
    breaches = TARGETS | {"met": ("", "maybe", "2", "%00", "[]")}
    return [
        Endpoint(name="read_ticket_sla", method="GET", target=f"{ticket}/sla", **of_ticket),
        Endpoint(name="explain_ticket_sla", method="GET", target=f"{ticket}/sla/explain", **of_ticket),
        Endpoint(name="list_sla_breaches", method="GET", target="/api/sla/breaches", queries=breaches),
        Endpoint(name="list_sla_at_risk", method="GET", target="/api/sla/at-risk", queries=TARGETS),
        Endpoint(name="read_sla_dashboard", method="GET", target="/api/sla/dashboard", queries=PERIOD),
        Endpoint(
            name="read_sla_compliance",
            method="GET",
            target="/api/analytics/sla/compliance",
            queries=PERIOD,
        ),
    ]
