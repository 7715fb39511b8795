"""What hostile clients send to `/api/auth` and `/api/admin/keys`."""

from collections.abc import Iterator

from service.permissions import Scope
from tests.wire.malformed import BAD_CURSORS, BAD_EMAIL, BAD_TEXT, LIST_QUERIES, NOT_TEXT, Endpoint
from tests.wire.malformed_customers import BAD_TIME

BAD_SECRET = (*NOT_TEXT, "", "x" * 1_025, "x" * 900_000)
BAD_TOKEN = (*NOT_TEXT, "", "x" * 201, "x" * 900_000)
BAD_NAME = (*BAD_TEXT, "Web", "a b", "a.b", "x" * 41, "\u00e4")
BAD_ORIGIN = ("shop.example", "https://shop.example/", "https://shop.example/a", "*", "null", "ftp://a", "")
BAD_ORIGINS = ("https://a", {}, 5, *[[origin] for origin in BAD_ORIGIN], [5], [None], ["https://a"] * 21)
BAD_SCOPES = ("desk", {}, 5, None, [], [5], ["root"], ["desk", "root"], ["desk"] * (len(Scope) + 1))
GOOD_PASSWORD = "a kettle, three geese and a map"


def of_access() -> Iterator[Endpoint]:
    yield Endpoint(
        name="sign_in",
        method="POST",
        target="/api/auth/login",
        sound={"email": "kim@desk.example", "password": GOOD_PASSWORD},
        wrong={"email": BAD_EMAIL, "password": BAD_SECRET},
    )
    for name, target in (("refresh_session", "refresh"), ("sign_out", "logout")):
        yield Endpoint(
            name=name,
            method="POST",
            target=f"/api/auth/{target}",
            sound={"refresh_token": "refresh_unknown"},
            wrong={"refresh_token": BAD_TOKEN},
        )
    yield Endpoint(
        name="accept_invitation",
        method="POST",
        target="/api/auth/accept-invitation",
        sound={"token": "invitation_unknown", "password": GOOD_PASSWORD},
        wrong={"token": BAD_TOKEN, "password": BAD_SECRET},
    )
    yield Endpoint(
        name="change_password",
        method="POST",
        target="/api/auth/password",
        sound={"current_password": GOOD_PASSWORD, "new_password": GOOD_PASSWORD},
        wrong={"current_password": BAD_SECRET, "new_password": BAD_SECRET},
    )
    yield Endpoint(
        name="invite_agent",
        method="POST",
        target="/api/agents/agent_nobody/invitation",
        id_in_path="agent_nobody",
        bodyless=True,
    )
    yield from _of_keys()


def _of_keys() -> Iterator[Endpoint]:
    yield Endpoint(
        name="list_keys",
        method="GET",
        target="/api/admin/keys",
        queries={"page": LIST_QUERIES["page"], "limit": LIST_QUERIES["limit"], "cursor": BAD_CURSORS},
    )
    yield Endpoint(
        name="create_key",
        method="POST",
        target="/api/admin/keys",
        sound={"name": "web", "scopes": ["desk"]},
        wrong={"name": BAD_NAME, "scopes": BAD_SCOPES, "origins": BAD_ORIGINS, "expires_at": BAD_TIME},
    )
    one = {"target": "/api/admin/keys/key_nobody", "id_in_path": "key_nobody"}
    yield Endpoint(name="read_key", method="GET", **one)
    yield Endpoint(name="revoke_key", method="DELETE", bodyless=True, **one)
    yield Endpoint(name="rename_key", method="PATCH", sound={"name": "web"}, wrong={"name": BAD_NAME}, **one)
