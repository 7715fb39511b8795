"""The audit as managers read it: who did what, from where, and never a formula."""

import csv
import hashlib
import io
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from service.auditing import Audit
from tests.wire.desk import Desk, running_desk

KEYS = {
    "web": ("desk", "a key of the web"),
    "ops": ("admin", "a key of ops"),
    "auditor": ("audit", "a key of the auditor"),
    "officer": ("privacy+desk", "a key of the officer"),
}


def as_(name: str, **headers: str) -> dict[str, Any]:
    return {"headers": {"X-API-Key": KEYS[name][1], **headers}}


@pytest.fixture(scope="module")
def desk(migrated_sqlite: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """On which each audited thing was done once."""
    directory = tmp_path_factory.mktemp("audit")
    environment = {
        "ENVIRONMENT": "production",
        "DATABASE_URL": f"sqlite:///{shutil.copy(migrated_sqlite, directory / 'desk.db')}",
        "LOG_FILE": str(directory / "app.log"),
        "BOOTSTRAP_API_KEYS": ",".join(
            f"{name}:{scopes}:{hashlib.sha256(key.encode()).hexdigest()}"
            for name, (scopes, key) in KEYS.items()
        ),
    }
    with running_desk(environment) as desk:
        live_through(desk)
        yield desk


def live_through(desk: Desk) -> None:
    ticket = {"customer_id": "cust_1", "subject": "Late", "initial_message": "Where is it?"}
    ticket_id = desk.post("/api/tickets", ticket, **as_("web")).json()["id"]
    assert desk.call("DELETE", f"/api/tickets/{ticket_id}", **as_("web")).status_code == 204
    switched = desk.patch(
        "/api/admin/providers/fallback",
        {"enabled": False, "reason": '=HYPERLINK("https://evil.example")'},
        **as_("ops", **{"X-Request-ID": "request-of-ops"}),
    )
    assert switched.status_code == 200, switched.text
    assert desk.get("/api/customers/cust_1/export", **as_("officer")).status_code == 200
    for _ in range(3):
        assert desk.get("/api/audit", **as_("web")).status_code == 403
    assert desk.get("/api/audit", headers={"X-API-Key": "unknown"}).status_code == 401
    assert desk.get("/api/audit").status_code == 401
    wrong = {"email": "nobody@example.com", "password": "canary of a password"}
    assert desk.post("/api/auth/login", wrong).status_code == 401
    desk.component(Audit).write_noted()


def entries(desk: Desk, **query: str) -> list[dict[str, Any]]:
    answer = desk.get("/api/audit", params=query, **as_("auditor"))
    assert answer.status_code == 200, answer.text
    told: list[dict[str, Any]] = answer.json()["entries"]
    return told


def test_an_entry_tells_who_did_what_from_where_and_in_which_request(desk: Desk) -> None:
    (entry,) = entries(desk, type="provider.disabled")
    assert (entry["actor"], entry["subject_type"], entry["subject_id"]) == ("key:ops", "provider", "fallback")
    assert (entry["address"], entry["request_id"]) == ("127.0.0.1", "request-of-ops")
    assert entry["before"]["disabled"] == []
    assert entry["after"]["disabled"] == ["fallback"]


def test_deletions_exports_and_denials_are_entries(desk: Desk) -> None:
    assert [entry["actor"] for entry in entries(desk, type="ticket.deleted")] == ["key:web"]
    (exported,) = entries(desk, type="customer.exported")
    assert exported["subject_id"].startswith("ref_")
    assert "cust_1" not in str(entries(desk))


def test_denials_of_the_same_are_one_entry_that_counts(desk: Desk) -> None:
    denied = {entry["actor"]: entry["after"] for entry in entries(desk, type="access.denied")}
    assert denied["key:web"] == {"permission": "audit.read", "times": 3}
    assert denied["nobody"] == {"reason": "unknown_credentials", "times": 1}, "who shows nothing is no entry"


def test_a_failed_sign_in_is_an_entry_without_what_was_typed(desk: Desk) -> None:
    (failed,) = entries(desk, type="auth.sign_in_failed")
    assert (failed["subject_id"], failed["address"]) == ("unknown", "127.0.0.1")
    assert failed["after"] == {"reason": "wrong", "times": 1}
    assert "nobody@example.com" not in str(entries(desk))


def test_entries_are_found_by_who_by_what_and_by_when(desk: Desk) -> None:
    assert {entry["type"] for entry in entries(desk, actor="key:ops")} == {"provider.disabled"}
    assert {entry["type"] for entry in entries(desk, subject="fallback")} == {"provider.disabled"}
    at = entries(desk, type="provider.disabled")[0]["at"]
    assert at in {entry["at"] for entry in entries(desk, after=at)}
    assert at not in {entry["at"] for entry in entries(desk, before=at)}
    assert entries(desk, after="2199-01-01T00:00:00Z") == []


def test_a_cursor_walks_through_all_of_them_newest_first(desk: Desk) -> None:
    walked: list[dict[str, Any]] = []
    cursor: str | None = None
    while cursor is not None or not walked:
        query = {"limit": "2"} | ({"cursor": cursor} if cursor else {})
        answer = desk.get("/api/audit", params=query, **as_("auditor")).json()
        walked += answer["entries"]
        cursor = answer["pagination"]["next_cursor"]
    assert [entry["at"] for entry in walked] == sorted((entry["at"] for entry in walked), reverse=True)
    assert len({entry["id"] for entry in walked}) == len(walked) >= 6


def test_a_type_that_nothing_is_kept_of_is_refused_by_name(desk: Desk) -> None:
    answer = desk.get("/api/audit", params={"type": "message.added"}, **as_("auditor"))
    assert (answer.status_code, list(answer.json()["errors"])) == (422, ["type"])


def test_an_export_is_a_table_without_formulas_and_an_entry_itself(desk: Desk) -> None:
    answer = desk.get("/api/audit/export", params={"actor": "key:ops"}, **as_("auditor"))
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert answer.headers["Cache-Control"] == "no-store"
    head, *rows = csv.reader(io.StringIO(answer.text))
    assert head[:4] == ["id", "at", "type", "actor"]
    assert [row[2] for row in rows] == ["provider.disabled"]
    assert not [cell for row in rows for cell in row if cell.startswith(("=", "+", "-", "@"))]
    (entry, *_) = entries(desk, type="audit.exported")
    assert (entry["actor"], entry["after"]) == ("key:auditor", {"actor": "key:ops"})


def test_only_who_may_read_the_audit_does(desk: Desk) -> None:
    for path in ("/api/audit", "/api/audit/export"):
        assert desk.get(path, **as_("ops")).status_code == 403
        assert desk.get(path).status_code == 401
