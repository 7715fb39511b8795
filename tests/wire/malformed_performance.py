"""What hostile clients ask of `/api/analytics`."""

from collections.abc import Iterator

from tests.wire.malformed import BAD_CURSORS, BAD_WHOLE, BAD_WORD, Endpoint, cursor_of

BAD_DATE = (
    *BAD_WHOLE,
    *("2026", "2026-1-1", "2026-02-30", "2026-13-01", "2026-01-01T10:00:00Z", "0001-01-01", "9999-12-31"),
    *("1999-12-31", "2200-01-01", "2026-W01-1", "%D9%A2026-01-01", "2026-01-01%00", "yesterday", "20260101"),
)
BAD_ZONE = (
    *("", "%00", "%20", "europe/berlin", "Europe", "Europe/Nowhere", "../../etc/passwd", "+01:00", "CET1"),
    *("Europe%2FBerlin%00", "/usr/share/zoneinfo/UTC", "UTC%20", "[]", "1"),
)
TODAY = {"time_zone": BAD_ZONE, "format": (*BAD_WORD, "CSV", "xlsx")}
DAYS = {**TODAY, "from": (*BAD_DATE, "2199-12-31", "2001-01-01"), "to": BAD_DATE}
AGENT = "/api/analytics/agents/agent_none"


def of_performance() -> Iterator[Endpoint]:
    one = {"id_in_path": "agent_none"}
    yield Endpoint(name="read_agent_figures", method="GET", target=AGENT, **one)
    yield Endpoint(name="read_agents_day", method="GET", target=f"{AGENT}/today", **one)
    yield Endpoint(name="read_team_figures", method="GET", target="/api/analytics/team", queries=DAYS)
    yield Endpoint(
        name="read_ticket_volume",
        method="GET",
        target="/api/analytics/tickets/volume",
        queries={**DAYS, "channel": (*BAD_WORD, "fax"), "team_id": ("", "%00", "%20", "x" * 65)},
    )
    yield Endpoint(name="read_channels", method="GET", target="/api/analytics/tickets/channels", queries=DAYS)
    yield Endpoint(
        name="list_customers_at_risk",
        method="GET",
        target="/api/analytics/customers/churn",
        queries={
            "format": TODAY["format"],
            "min_risk": ("", "x", "-0.1", "1.1", "nan", "inf", "1e400", "%00", "[]"),
            "level": ("", "%20", "%00", "x" * 51),
            "currency": ("", "%20", "%00", "EURO"),
            "limit": (*BAD_WHOLE, "101"),
            "cursor": (
                *BAD_CURSORS,
                *(cursor_of(["EUR", revenue, "cust_1"]) for revenue in ("x", "NaN", "Infinity", "1e99", 7)),
                cursor_of(["EUR", "1.0"]),
                cursor_of(["EURO", "1.0", "cust_1"]),
                cursor_of(["EUR", "1.0", "\x00"]),
            ),
        },
    )
