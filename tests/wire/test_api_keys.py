"""API keys of the table: made, used, bound, revoked."""

import hashlib
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from secrets import token_hex
from typing import Any

import pytest

from service.access.services import ApiKeys
from service.clock import rfc3339
from service.jobs import JobRunner
from service.testing.desk import SupportDesk, desk_with_stub
from tests.wire.cases import eventually
from tests.wire.desk import Desk, running_desk
from tests.wire.staff import hire, status_of

SHOP = "https://shop.example"
BOOTSTRAP = "of the environment"


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("keys")


@pytest.fixture(scope="module")
def environment(migrated_sqlite: Path, directory: Path) -> dict[str, str]:
    return {
        "DATABASE_URL": f"sqlite:///{shutil.copy(migrated_sqlite, directory / 'desk.db')}",
        "LOG_FILE": str(directory / "app.log"),
        "LOG_LEVEL": "DEBUG",
        "BOOTSTRAP_API_KEYS": f"web:desk:{hashlib.sha256(BOOTSTRAP.encode()).hexdigest()}",
        "CORS_ORIGINS": SHOP,
    }


@pytest.fixture(scope="module")
def desk(environment: dict[str, str]) -> Iterator[SupportDesk]:
    with desk_with_stub(environment) as desk:
        yield desk


def new_key(desk: Desk, *scopes: str, **fields: Any) -> dict[str, Any]:
    """`key` and `secret`."""
    made = desk.post("/api/admin/keys", {"name": token_hex(8), "scopes": scopes or ["desk"]} | fields)
    assert made.status_code == 201, made.text
    told: dict[str, Any] = made.json()
    return told


def showing(made: dict[str, Any], **more: str) -> dict[str, str]:
    return {"X-API-Key": made["secret"]} | more


def test_a_key_is_shown_once_and_kept_as_a_hash(desk: SupportDesk, directory: Path) -> None:
    made = new_key(desk, "desk", "metrics", name="shop-1")
    secret, key = made["secret"], made["key"]
    assert len(secret) == len("sd_") + 43
    assert key["prefix"] == secret[:10]
    assert (key["scopes"], key["origins"], key["created_by"]) == (["desk", "metrics"], [], "anonymous")
    assert desk.get(f"/api/admin/keys/{key['id']}").json() == {"key": key}
    listed = desk.get("/api/admin/keys").json()["keys"]
    assert listed[0] == key
    assert secret not in desk.get("/api/admin/keys").text
    with sqlite3.connect(directory / "desk.db") as kept:
        assert secret not in "\n".join(kept.iterdump())
    assert secret not in (directory / "app.log").read_text()


def test_a_key_may_do_what_its_scopes_allow(desk: SupportDesk) -> None:
    reading, facts = new_key(desk, "read"), new_key(desk, "intelligence")
    me = desk.get("/api/auth/me", headers=showing(reading)).json()
    assert (me["kind"], me["id"]) == ("api_key", f"key:{reading['key']['id']}")
    assert (me["role"], me["scopes"], me["permissions"]["tickets.read"]) == (None, ["read"], "any")
    desk.new_ticket("cust_keys")
    asked = "/api/ai/customers/cust_keys/intelligence"
    assert desk.get("/api/tickets", headers=showing(reading)).status_code == 200
    refused = desk.get(asked, headers=showing(reading))
    assert refused.status_code == 403
    assert "'intelligence.read'" in refused.json()["detail"]
    assert "'desk' or 'intelligence'" in refused.json()["detail"]
    assert desk.get(asked, headers=showing(facts)).status_code == 200
    assert desk.get("/api/tickets", headers=showing(facts)).status_code == 403


def test_a_key_is_over_when_it_expires(desk: SupportDesk) -> None:
    tomorrow = rfc3339(desk.clock.now() + timedelta(days=1))
    made = new_key(desk, expires_at=tomorrow)
    assert status_of(desk, showing(made)) == 200
    desk.clock.advance(timedelta(days=1).total_seconds())
    assert status_of(desk, showing(made)) == 401
    past = desk.post("/api/admin/keys", {"name": "past", "scopes": ["desk"], "expires_at": tomorrow})
    assert (past.status_code, list(past.json()["errors"])) == (422, ["expires_at"])


def test_a_revoked_key_is_refused_here_at_once_and_elsewhere_within_seconds(
    desk: SupportDesk, environment: dict[str, str]
) -> None:
    with ExitStack() as stack:
        other = stack.enter_context(running_desk(environment | {"LOG_FILE": ""}))
        made = new_key(desk)
        assert status_of(other, showing(made)) == 200
        path = f"/api/admin/keys/{made['key']['id']}"
        assert desk.call("DELETE", path).status_code == 204
        assert status_of(desk, showing(made)) == 401
        assert eventually(lambda: status_of(other, showing(made)) == 401 or None, within_s=5)
        revoked = desk.get(path).json()["key"]["revoked_at"]
        assert revoked
        assert desk.call("DELETE", path).status_code == 204
        assert desk.get(path).json()["key"]["revoked_at"] == revoked


def test_a_key_for_browsers_is_good_from_its_origins_alone(desk: SupportDesk) -> None:
    made = new_key(desk, "form", origins=[SHOP])
    wanted = {"customer_id": "cust_of_a_form", "subject": "Where is my parcel?"}
    assert desk.post("/api/tickets", wanted, headers=showing(made, Origin=SHOP)).status_code == 201
    assert desk.get("/api/tickets", headers=showing(made, Origin=SHOP)).status_code == 403
    assert status_of(desk, showing(made, Origin=SHOP)) == 200
    for origin in ("https://evil.example", SHOP + ".evil.example", "null", "http://shop.example"):
        assert status_of(desk, showing(made, Origin=origin)) == 403
    assert status_of(desk, showing(made)) == 403


@pytest.mark.parametrize("scopes", [["desk"], ["form", "admin"], ["read"], ["intelligence"]])
def test_a_key_for_browsers_may_do_little(desk: SupportDesk, scopes: list[str]) -> None:
    refused = desk.post("/api/admin/keys", {"name": "bold", "scopes": scopes, "origins": [SHOP]})
    assert (refused.status_code, list(refused.json()["errors"])) == (422, ["scopes"])


def test_nobody_makes_a_key_that_may_do_more_than_they(desk: SupportDesk) -> None:
    maker = new_key(desk, "keys", "read")
    wanted = {"name": token_hex(8), "scopes": ["desk"]}
    refused = desk.post("/api/admin/keys", wanted, headers=showing(maker))
    assert refused.status_code == 403
    assert "tickets.change" in refused.json()["detail"]
    made = desk.post("/api/admin/keys", wanted | {"scopes": ["read"]}, headers=showing(maker))
    assert made.status_code == 201
    assert made.json()["key"]["created_by"] == f"key:{maker['key']['id']}"
    manager = hire(desk, "manager")
    assert desk.post("/api/admin/keys", wanted, headers=manager.headers).status_code == 403


def test_a_name_is_given_once(desk: SupportDesk) -> None:
    made = new_key(desk, name="only-one")
    wanted = {"name": "only-one", "scopes": ["desk"]}
    assert desk.post("/api/admin/keys", wanted).status_code == 409
    desk.call("DELETE", f"/api/admin/keys/{made['key']['id']}")
    assert desk.post("/api/admin/keys", wanted).status_code == 409
    assert desk.post("/api/admin/keys", wanted | {"name": "web"}).status_code == 409
    other = f"/api/admin/keys/{new_key(desk)['key']['id']}"
    assert desk.patch(other, {"name": "only-one"}).status_code == 409
    assert desk.patch(other, {"name": "web"}).status_code == 409
    renamed = desk.patch(other, {"name": "another-one"})
    assert (renamed.status_code, renamed.json()["key"]["name"]) == (200, "another-one")


def test_a_key_of_the_environment_goes_on_working(desk: SupportDesk) -> None:
    me = desk.get("/api/auth/me", headers={"X-API-Key": BOOTSTRAP}).json()
    assert (me["id"], me["name"], me["scopes"]) == ("key:web", "web", ["desk"])


def test_the_last_use_is_written_behind(desk: SupportDesk) -> None:
    made = new_key(desk)
    path = f"/api/admin/keys/{made['key']['id']}"
    assert status_of(desk, showing(made)) == 200
    assert desk.get(path).json()["key"]["last_used_at"] is None
    assert desk.component(JobRunner).run_now("write-key-uses")["keys"] >= 1
    used = desk.get(path).json()["key"]["last_used_at"]
    assert used is not None
    assert desk.component(ApiKeys).write_uses() == {"keys": 0}


def test_a_wrong_key_is_not_made_good_by_a_token(desk: SupportDesk) -> None:
    kim = hire(desk)
    assert status_of(desk, kim.headers | {"X-API-Key": "sd_wrong"}) == 401
    assert status_of(desk, {"Authorization": "Basic a2ltOnB3"}) == 401
    assert status_of(desk, {"Authorization": f"Bearer {new_key(desk)['secret']}"}) == 401


def test_keys_are_walked_by_cursor(desk: SupportDesk) -> None:
    made = {new_key(desk)["key"]["id"] for _ in range(3)}
    found, cursor = [], ""
    while cursor is not None:
        page = desk.get(f"/api/admin/keys?limit=2{cursor}").json()
        found += [key["id"] for key in page["keys"]]
        cursor = page["pagination"]["next_cursor"]
        cursor = cursor and f"&cursor={cursor}"
    assert made <= set(found)
    assert len(set(found)) == len(found) == page["pagination"]["total"]
