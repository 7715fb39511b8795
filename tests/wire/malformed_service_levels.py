"""What hostile clients send to `/api/sla/calendars` and `/api/sla/policies`."""

from tests.wire.malformed import (
    BAD_CHOICE,
    BAD_CURSORS,
    BAD_LABEL,
    BAD_TAGS,
    BAD_TEXT,
    LIST_QUERIES,
    NOT_TEXT,
    Endpoint,
    cursor_of,
)

PAGES = {name: LIST_QUERIES[name] for name in ("page", "limit")}
PLACES = (
    *BAD_CURSORS,
    *(cursor_of([number, "policy_1"]) for number in ("1", 1.5, True, None, -1, 2**31, 2**63, 10**30)),
    cursor_of([1]),
    cursor_of([1, None]),
    cursor_of([1, "\x00"]),
)

NO_CLOCK = (
    "9:00",
    "09:60",
    "24:01",
    "25:00",
    "09:00:00",
    "0900",
    "09:00 ",
    " 09:00",
    "\u0660\u0669:\u0660\u0660",
    "",
    *NOT_TEXT,
)
NO_DATE = ("2026-02-30", "2026-1-1", "20260101", "2026-W01-1", "1969-12-31", "2200-01-01", "", "x", *NOT_TEXT)
NINE_TO_FIVE = {"from": "09:00", "to": "17:00"}

BAD_DAY_HOURS = (
    *("x", 1, True, {}, None, [1], [None], [[]], [{}], [{"from": "09:00"}], [NINE_TO_FIVE] * 2),
    *([NINE_TO_FIVE | {"to": shown}] for shown in (*NO_CLOCK, "09:00", "08:59", None)),
    *([NINE_TO_FIVE | {"from": shown}] for shown in (*NO_CLOCK, "24:00", "17:00", None)),
    [NINE_TO_FIVE | {"name": "lunch"}],
    [NINE_TO_FIVE, {"from": "16:59", "to": "18:00"}],
    [{"from": "22:00", "to": "06:00"}],
    [{"from": f"{n // 60:02}:{n % 60:02}", "to": f"{n // 60:02}:{n % 60 + 1:02}"} for n in range(0, 98, 2)],
)
BAD_HOURS = (
    *("x", 1, True, [], None, ["monday"], {"Monday": []}, {"0": []}, {"": []}),
    *({"monday": hours} for hours in BAD_DAY_HOURS),
)
BAD_HOLIDAYS = (
    *("x", 1, True, {}, None, [1], [None], [[]], [{}], [{"date": "2026-12-24"}], [{"name": "x"}]),
    *([{"date": day, "name": "x"}] for day in (*NO_DATE, None)),
    *([{"date": "2026-12-24", "name": name}] for name in (*BAD_TEXT, None, "x" * 201)),
    [{"date": "2026-12-24", "name": "x"}] * 2,
    [{"date": f"{year}-01-01", "name": "x"} for year in range(1970, 2200)] * 2,
)
BAD_EXCEPTIONS = (
    *("x", 1, True, {}, None, [1], [None], [[]], [{}], [{"name": "x"}], [{"hours": []}]),
    *([{"date": day}] for day in (*NO_DATE, None)),
    *([{"date": "2026-12-24", "hours": hours}] for hours in BAD_DAY_HOURS[::5]),
    *([{"date": "2026-12-24", "name": name}] for name in (*BAD_TEXT, "x" * 201)),
    [{"date": "2026-12-24"}] * 2,
)
BAD_ZONE = (*BAD_TEXT, None, "Mars/Olympus", "europe/vienna", "../etc/passwd", "UTC+1", "x" * 65)
BAD_COUNTRY = (*BAD_TEXT, "at", "ZZ", "AUT", "A", "AT ", "\u0410\u0422")

NEW_CALENDAR = {"name": "Office", "time_zone": "Europe/Vienna", "hours": {}}
CALENDAR_WRONG = {
    "name": (*BAD_LABEL, None),
    "time_zone": BAD_ZONE,
    "hours": BAD_HOURS,
    "country": BAD_COUNTRY,
    "subdivision": (*BAD_TEXT, "x" * 41, "9"),
    "holidays": BAD_HOLIDAYS,
    "exceptions": BAD_EXCEPTIONS,
    "version": (1,),
}

BAD_CHOICES = (*("x", 1, True, {}, None), *([value] for value in BAD_CHOICE), ["urgent"] * 9, ["phone"] * 9)
BAD_DEPARTMENTS = ("x", 1, True, {}, None, [1], [None], [[]], [""], ["\x00"], ["x" * 201], ["x"] * 51)
BAD_MINUTES = (0, -1, 525_601, 1.5, True, "x", "", [], {}, 2**63, 10**30)
BAD_AMOUNT = (-1, "-1", "x", "", True, [], {}, "1e3", 10**30, "NaN", "Infinity")
BAD_SHARE = (-0.1, 1.1, 2**63, 10**30, 1e308, "0.5", "", True, [], {}, "NaN")
NEW_POLICY = {"name": "VIP", "calendar_id": "calendar_always"}
POLICY_WRONG = {
    "name": (*BAD_LABEL, None),
    "priorities": BAD_CHOICES,
    "channels": BAD_CHOICES,
    "all_tags": BAD_TAGS,
    "any_tags": BAD_TAGS,
    "departments": BAD_DEPARTMENTS,
    "min_lifetime_value": BAD_AMOUNT,
    "min_churn_risk": BAD_SHARE,
    "calendar_id": (*BAD_TEXT, None, "x" * 65),
    "first_response_minutes": BAD_MINUTES,
    "next_response_minutes": BAD_MINUTES,
    "resolution_minutes": BAD_MINUTES,
    "warning_share": (*BAD_SHARE, None, 0, 0.001, 0.999, 1),
    "version": (1,),
}
BAD_POSITION = (0, -1, 101, 1.5, True, "x", "", [], {}, None, 2**63)
BAD_LIMIT = (0, -1, 501, 1.5, True, "x", "", [], {}, None, 2**63)
BAD_ORDER = (
    *("x", 1, True, {}, None, [], [1], [None], [[]], [""], ["\x00"], ["x" * 65], ["policy_none"]),
    *(["policy_urgent"], ["policy_urgent"] * 4, ["x"] * 101),
)
BAD_PROPOSALS = (
    *("x", 1, True, {}, None, [1], [None], [[]], [{}], [{"id": None}], [{"id": "policy_none"}]),
    *([{"id": "policy_urgent"}] * 2, [{"name": "VIP"}, {"name": "vip"}], [{"name": "Low"}] * 101),
    *(
        [{"name": "VIP", name: value}]
        for name, values in POLICY_WRONG.items()
        if name != "name"
        for value in values[:3]
    ),
    [{"name": "VIP", "calendar_id": "calendar_none"}],
    [{"id": "policy_urgent", "position": 1}],
)
NO_CALENDAR, NO_POLICY = {"id_in_path": "calendar_none"}, {"id_in_path": "policy_none"}


def of_service_levels() -> list[Endpoint]:
    """On a calendar and a policy that do not exist."""
    calendars, policies = "/api/sla/calendars", "/api/sla/policies"
    calendar, policy = f"{calendars}/calendar_none", f"{policies}/policy_none"
    change_of_calendar = {
        name: values[::4] for name, values in CALENDAR_WRONG.items() if name != "subdivision"
    }
    return [
        Endpoint(
            name="list_sla_calendars",
            method="GET",
            target=calendars,
            queries=PAGES | {"cursor": BAD_CURSORS},
        ),
        Endpoint(
            name="create_sla_calendar",
            method="POST",
            target=calendars,
            sound=NEW_CALENDAR,
            wrong=CALENDAR_WRONG,
        ),
        Endpoint(name="read_sla_calendar", method="GET", target=calendar, **NO_CALENDAR),
        Endpoint(
            name="change_sla_calendar",
            method="PATCH",
            target=calendar,
            wrong=change_of_calendar,
            **NO_CALENDAR,
        ),
        Endpoint(name="delete_sla_calendar", method="DELETE", target=calendar, bodyless=True, **NO_CALENDAR),
        Endpoint(name="list_sla_policies", method="GET", target=policies, queries=PAGES | {"cursor": PLACES}),
        Endpoint(
            name="create_sla_policy",
            method="POST",
            target=policies,
            sound=NEW_POLICY,
            wrong=POLICY_WRONG
            | {"position": BAD_POSITION, "calendar_id": (*POLICY_WRONG["calendar_id"], "calendar_none")},
        ),
        Endpoint(name="read_sla_policy", method="GET", target=policy, **NO_POLICY),
        Endpoint(name="change_sla_policy", method="PATCH", target=policy, wrong=POLICY_WRONG, **NO_POLICY),
        Endpoint(name="delete_sla_policy", method="DELETE", target=policy, bodyless=True, **NO_POLICY),
        Endpoint(
            name="reorder_sla_policies",
            method="POST",
            target=f"{policies}/order",
            sound={"policy_ids": ["policy_none"]},
            wrong={"policy_ids": BAD_ORDER},
        ),
        Endpoint(
            name="rehearse_sla_policies",
            method="POST",
            target=f"{policies}/dry-run",
            sound={"policies": []},
            wrong={"policies": BAD_PROPOSALS, "limit": BAD_LIMIT, "cursor": (*BAD_CURSORS, *BAD_TEXT)},
        ),
    ]
