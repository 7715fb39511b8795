"""What hostile clients send to `/api/admin/outbox`."""

from collections.abc import Iterator

from tests.wire.malformed import BAD_CURSORS, LIST_QUERIES, Endpoint

BAD_CHANNEL = ["", " ", "x" * 41, 7, ["log"], {}, "a\x00b"]


def of_outbox() -> Iterator[Endpoint]:
    yield Endpoint(
        name="list_deliveries",
        method="GET",
        target="/api/admin/outbox",
        queries={
            "page": LIST_QUERIES["page"],
            "limit": LIST_QUERIES["limit"],
            "cursor": BAD_CURSORS,
            "state": ["", "lost", "DEAD", "dead,pending"],
            "channel": ["", "%20", "x" * 41, "%00"],
        },
    )
    yield Endpoint(
        name="replay_dead_letters",
        method="POST",
        target="/api/admin/outbox/replay",
        wrong={"channel": BAD_CHANNEL},
    )
    one = {"id_in_path": "dlv_nobody"}
    yield Endpoint(name="read_delivery", method="GET", target="/api/admin/outbox/dlv_nobody", **one)
    yield Endpoint(
        name="replay_delivery",
        method="POST",
        target="/api/admin/outbox/dlv_nobody/replay",
        bodyless=True,
        **one,
    )
