"""What hostile clients send to `/api/admin/webhooks` and `/api/admin/notification-rules`."""

from collections.abc import Iterator

from tests.wire.malformed import BAD_CURSORS, LIST_QUERIES, NOT_TEXT, Endpoint
from tests.wire.malformed_agents import BAD_LABEL, BAD_OUR_ID

PAGES = {name: LIST_QUERIES[name] for name in ("page", "limit")} | {"cursor": BAD_CURSORS}

BAD_URL = (
    *(*NOT_TEXT, "", " ", "\x00", "hook", "ftp://hooks.example.com/", "http://hooks.example.com/"),
    *("https://127.0.0.1/", "https://2130706433/", "https://localhost/", "https://[::ffff:10.0.0.1]/"),
    *("https://169.254.169.254/", "https://user:word@hooks.example.com/", "https://hooks.example.com:22/"),
    *("https://hooks.example.com/\r\nX: y", "https://hooks.example.com/#a", "https://[::1", "https://"),
    *("https://hooks.example.com/" + "a" * 2_000, "https://hooks.example.com/" + "\u00e4" * 900),
    "https://" + "a" * 900_000,
)
BAD_TYPES = (
    *("ticket.created", {}, 5, None, True, [], [5], [None], [[]], [""], ["\x00"], ["ticket"], ["ticket."]),
    *(["auth.signed_in"], ["auth.*"], ["api_key.*"], ["webhook.*"], ["ticket.nothing"], ["ticket.*@"]),
    *(
        ["ticket.*@x"],
        ["ticket.*@99999"],
        ["Ticket.created"],
        ["**"],
        ["ticket.created"] * 51,
        ["x" * 900_000],
    ),
)
BAD_FLAG = (None, "maybe", 2, [], {}, "")
BAD_RECIPIENTS = (
    *("assignee", {}, 5, None, [], [5], [None], [""], ["\x00"], ["everybody"], ["agent:"], ["agent:a b"]),
    *(["agent:agent_none"], ["assignee"] * 21, ["agent:" + "x" * 65]),
)
BAD_CHANNELS = (
    *("log", {}, 5, None, [], [5], [None], [""], ["\x00"], ["fax"], ["webhook"], ["slack"], ["slack:"]),
    *(["slack:none"], ["slack:A"], ["log"] * 11),
)
BAD_OCCASION = (*NOT_TEXT, "", "ticket.closed", "SLA.WARNING", "x" * 900_000)

WEBHOOK = {"url": "https://hooks.example.com/", "event_types": ["ticket.*"]}
WEBHOOK_WRONG = {
    "url": (*BAD_URL, None),
    "event_types": BAD_TYPES,
    "description": BAD_LABEL,
    "enabled": BAD_FLAG,
    "secret": ("whsec_AAAA",),
}
RULE = {"name": "Tell", "occasion": "sla.warning", "channels": ["log"]}
RULE_WRONG = {
    "name": (*BAD_LABEL, None),
    "occasion": BAD_OCCASION,
    "recipients": BAD_RECIPIENTS,
    "channels": BAD_CHANNELS,
    "calendar_id": (*BAD_OUR_ID, "calendar_none"),
    "enabled": BAD_FLAG,
}


def of_notifications() -> Iterator[Endpoint]:
    """On a webhook that does not exist, and the first rule."""
    hooks, rules = "/api/admin/webhooks", "/api/admin/notification-rules"
    hook = {"target": f"{hooks}/webhook_none", "id_in_path": "webhook_none"}
    rule = {"target": f"{rules}/rule_sla_warning", "id_in_path": "rule_sla_warning"}
    yield Endpoint(name="list_webhooks", method="GET", target=hooks, queries=PAGES)
    yield Endpoint(name="create_webhook", method="POST", target=hooks, sound=WEBHOOK, wrong=WEBHOOK_WRONG)
    yield Endpoint(name="read_webhook", method="GET", **hook)
    yield Endpoint(name="change_webhook", method="PATCH", wrong=WEBHOOK_WRONG, **hook)
    yield Endpoint(name="delete_webhook", method="DELETE", bodyless=True, **hook)
    yield Endpoint(
        name="rotate_webhook_secret",
        method="POST",
        target=f"{hooks}/webhook_none/rotate-secret",
        id_in_path="webhook_none",
        wrong={"end_old": BAD_FLAG},
    )
    for name, method, rest in (
        ("test_webhook", "POST", "test"),
        ("list_webhook_deliveries", "GET", "deliveries"),
        ("replay_webhook_delivery", "POST", "deliveries/dlv_none/replay"),
    ):
        yield Endpoint(
            name=name,
            method=method,
            target=f"{hooks}/webhook_none/{rest}",
            id_in_path="webhook_none",
            bodyless=True,
            queries=PAGES if method == "GET" else {},
        )
    yield Endpoint(name="list_notification_rules", method="GET", target=rules, queries=PAGES)
    yield Endpoint(name="create_notification_rule", method="POST", target=rules, sound=RULE, wrong=RULE_WRONG)
    yield Endpoint(
        name="read_notification_rule", method="GET", target=f"{rules}/rule_none", id_in_path="rule_none"
    )
    yield Endpoint(name="change_notification_rule", method="PATCH", wrong=RULE_WRONG, **rule)
    yield Endpoint(
        name="delete_notification_rule",
        method="DELETE",
        target=f"{rules}/rule_none",
        id_in_path="rule_none",
        bodyless=True,
    )
