import hashlib
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from service.http.callers import FORWARDING_HEADERS, BootstrapCallers, Credentials
from service.permissions import OF_ROLE, Role
from service.settings import BootstrapKey
from tests.wire.conftest import StartDesk
from tests.wire.desk import Desk, running_desk
from tests.wire.raw import ask, request

DESK_KEY, ADMIN_KEY, METRICS_KEY, STRANGE_KEY = (
    "canary-desk-1",
    "canary-admin-2",
    "canary-metrics-3",
    "canary-ß€🔑",
)
WRONG_KEY = "canary-wrong-4"
PUBLIC = {
    *("/livez", "/readyz", "/health", "/docs/", "/docs/<path:path>", "/openapi.json"),
    *(f"/api/auth/{way_in}" for way_in in ("login", "refresh", "logout", "accept-invitation")),
    "/api/events/stream",
}
LISTED = "https://desk.example"
ARGUMENT = re.compile(r"<[^>]+>")


def sha256(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()


BOOTSTRAP_KEYS = ",".join(
    f"{name}:{scopes}:{sha256(key)}"
    for name, scopes, key in (
        ("web", "desk", DESK_KEY),
        ("ops", "desk+admin", ADMIN_KEY),
        ("scraper", "metrics", METRICS_KEY),
        ("strange", "desk", STRANGE_KEY),
    )
)


PRODUCTION = {
    "ENVIRONMENT": "production",
    "BOOTSTRAP_API_KEYS": BOOTSTRAP_KEYS,
    "CORS_ORIGINS": LISTED,
    "INTELLIGENCE_PROVIDERS": "fallback",
    "LOG_LEVEL": "DEBUG",
}
"""As it runs for real, but for its words, which the fallback brings."""


@pytest.fixture(scope="module")
def production(migrated_sqlite: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    directory = tmp_path_factory.mktemp("callers")
    here = {
        "DATABASE_URL": f"sqlite:///{shutil.copy(migrated_sqlite, directory / 'desk.db')}",
        "LOG_FILE": str(directory / "app.log"),
    }
    with running_desk(PRODUCTION | here) as desk:
        yield desk


def with_key(key: str) -> dict[str, bytes]:
    return {"X-API-Key": key.encode()}


# ---------------------------------------------------------------- every route


def test_every_route_that_is_not_public_denies_without_a_caller(production: Desk) -> None:
    denied = set()
    for rule in production.app.url_map.iter_rules():
        address = ARGUMENT.sub("1", rule.rule)
        for method in sorted((rule.methods or set()) - {"OPTIONS"}):
            reply = ask(production, request(method, address))
            if rule.rule in PUBLIC:
                assert reply.status in {200, 404, 422}, (method, address, reply.status)
            else:
                assert reply.status == 401, (method, address, reply.status)
                assert reply.headers["www-authenticate"].startswith("ApiKey realm")
                denied.add(rule.rule)
    assert len(denied) >= 12
    assert "/api/admin/providers" in denied


def test_a_preflight_runs_no_view_and_tells_nothing(production: Desk) -> None:
    for rule in production.app.url_map.iter_rules():
        reply = ask(production, request("OPTIONS", ARGUMENT.sub("1", rule.rule)))
        assert (reply.status, reply.body) == (200, b""), rule.rule


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
@pytest.mark.parametrize("path", ["/nowhere", "/api/nowhere", "/api/tickets/", "/API/tickets", "/.env"])
def test_an_unknown_address_is_a_404_that_touches_nothing(production: Desk, method: str, path: str) -> None:
    assert ask(production, request(method, path)).status == 404


def test_a_method_that_an_address_lacks_is_a_405_that_names_those_it_has(production: Desk) -> None:
    reply = ask(production, request("DELETE", "/api/tickets"))
    assert reply.problem["status"] == 405
    assert {"GET", "POST"} <= set(reply.headers["allow"].split(", "))


@pytest.mark.parametrize(
    "path", ["//api/tickets", "///api/tickets", "/api/tickets?x=/livez", "/livez/../api/tickets"]
)
def test_no_spelling_of_an_address_goes_round_the_gate(production: Desk, path: str) -> None:
    assert ask(production, request("GET", path)).status in {401, 404}


# ---------------------------------------------------------------- keys


@pytest.mark.parametrize("key", [DESK_KEY, ADMIN_KEY, STRANGE_KEY])
def test_a_known_key_is_let_in(production: Desk, key: str) -> None:
    assert production.get("/api/tickets", headers=with_key(key)).status_code == 200


@pytest.mark.parametrize(
    "key",
    [
        WRONG_KEY,
        "",
        DESK_KEY + "x",
        DESK_KEY.upper(),
        sha256(DESK_KEY),
        "web",
        "é",
        "\xff" * 50,
        "k" * 100_000,
    ],
    ids=lambda key: f"{key:.12}",
)
def test_an_unknown_key_is_refused(production: Desk, key: str) -> None:
    assert production.get("/api/tickets", headers=with_key(key)).status_code == 401


def test_a_key_in_another_place_is_no_key(production: Desk) -> None:
    assert production.get(f"/api/tickets?api_key={DESK_KEY}").status_code == 401
    assert production.get("/api/tickets", headers={"Authorization": f"Bearer {DESK_KEY}"}).status_code == 401
    assert production.get("/api/tickets", cookies={"X-API-Key": DESK_KEY}).status_code == 401


def test_admin_routes_need_the_admin_scope(production: Desk) -> None:
    refused = production.get("/api/admin/providers", headers=with_key(DESK_KEY))
    assert refused.status_code == 403
    assert "admin" in refused.json()["detail"]
    assert production.get("/api/admin/providers", headers=with_key(ADMIN_KEY)).status_code == 200


def test_a_key_for_metrics_reads_no_ticket(production: Desk) -> None:
    assert production.get("/api/tickets", headers=with_key(METRICS_KEY)).status_code == 403


def test_a_wrong_key_is_refused_even_where_none_is_needed(start_desk: StartDesk) -> None:
    desk = start_desk(BOOTSTRAP_API_KEYS=BOOTSTRAP_KEYS)
    assert desk.get("/api/tickets").status_code == 200
    assert desk.get("/api/tickets", headers=with_key(WRONG_KEY)).status_code == 401
    assert desk.get("/api/admin/providers", headers=with_key(DESK_KEY)).status_code == 403


@pytest.mark.parametrize("deployment", ["test", "staging"])
def test_only_development_knows_an_anonymous_caller(start_desk: StartDesk, deployment: str) -> None:
    assert start_desk(ENVIRONMENT=deployment).get("/api/tickets").status_code == 401


def test_no_key_is_ever_logged(start_desk: StartDesk, tmp_path: Path) -> None:
    desk = start_desk(**PRODUCTION)
    for key in (DESK_KEY, WRONG_KEY, STRANGE_KEY, METRICS_KEY):
        for path in (
            "/api/tickets",
            "/nowhere",
            "/api/admin/providers",
            f"/api/tickets?api_key={key}&page=x",
        ):
            desk.get(path, headers=with_key(key) | {"Authorization": b"Bearer " + key.encode()})
    logged = (tmp_path / "app.log").read_text()
    assert '"event":"request"' in logged
    assert "key:web" in logged
    assert "canary" not in logged
    assert not any(sha256(key) in logged for key in (DESK_KEY, WRONG_KEY))


def test_logs_carry_the_rule_and_never_the_path_or_the_text(start_desk: StartDesk, tmp_path: Path) -> None:
    desk = start_desk(**PRODUCTION)
    body = {
        "customer_id": "canary-customer",
        "subject": "canary-subject",
        "initial_message": "canary-message",
    }
    made = desk.post("/api/tickets", body, headers=with_key(DESK_KEY))
    assert made.status_code == 201
    for path in (
        "/api/ai/customers/canary-customer/intelligence",
        f"/api/ai/tickets/{made.json()['id']}/draft-response",
    ):
        assert desk.get(path, headers=with_key(DESK_KEY)).status_code == 200
    logged = (tmp_path / "app.log").read_text()
    assert "/api/ai/customers/<id:customer_id>/intelligence" in logged
    assert "canary" not in logged


# ---------------------------------------------------------------- who sits at this machine

LOCAL = Credentials(
    api_key=None, peer="127.0.0.1", host="127.0.0.1:8000", origin="", fetch_site="", forwarded=False
)


def callers(bound_to: str | None = "127.0.0.1") -> BootstrapCallers:
    return BootstrapCallers(
        [BootstrapKey("web", frozenset({"desk"}), sha256(DESK_KEY))], anonymous_on=bound_to, origins=[LISTED]
    )


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"peer": "::1"},
        {"host": "localhost"},
        {"host": "LocalHost:8000"},
        {"host": "[::1]:8000"},
        {"host": "127.0.0.1"},
        {"origin": "http://127.0.0.1:8000", "fetch_site": "same-origin"},
        {"fetch_site": "none"},
        {"origin": LISTED, "fetch_site": "cross-site"},
    ],
)
def test_whoever_sits_at_this_machine_needs_no_key_in_development(change: dict[str, object]) -> None:
    caller = callers().anonymous(LOCAL._replace(**change))
    assert caller is not None
    assert (caller.id, caller.kind, caller.role) == ("anonymous", "development", Role.ADMIN)
    assert caller.grants == OF_ROLE[Role.ADMIN]


@pytest.mark.parametrize(
    "change",
    [
        {"peer": "192.168.1.7"},
        {"peer": None},
        {"peer": ""},
        {"peer": "127.0.0.2"},
        {"host": "desk.example"},
        {"host": "127.0.0.1.evil.example"},
        {"host": "evil.example#127.0.0.1"},
        {"host": "evil@127.0.0.1"},
        {"host": "127.0.0.1@evil.example"},
        {"host": "127.0.0.1:8000:80"},
        {"host": "[::1"},
        {"host": "["},
        {"host": ""},
        {"host": "127.0.0.1\n"},
        {"host": "0.0.0.0"},
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"origin": "http://localhost:3000"},
        {"origin": "https://127.0.0.1:8000"},
        {"origin": LISTED + ".evil.example"},
        {"fetch_site": "cross-site"},
        {"fetch_site": "same-site"},
        {"forwarded": True},
    ],
)
def test_nothing_that_a_page_or_a_proxy_sends_here_is_anonymous(change: dict[str, object]) -> None:
    assert callers().anonymous(LOCAL._replace(**change)) is None


@pytest.mark.parametrize("bound_to", ["0.0.0.0", "::", "192.168.1.7", "", None])
def test_nobody_is_anonymous_where_others_can_connect(bound_to: str | None) -> None:
    assert callers(bound_to).anonymous(LOCAL) is None


@pytest.mark.parametrize("header", FORWARDING_HEADERS)
def test_a_forwarded_request_needs_a_key(start_desk: StartDesk, header: str) -> None:
    desk = start_desk(CORS_ORIGINS=LISTED)
    assert desk.get("/api/tickets", headers={header: "127.0.0.1"}).status_code == 401


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Host": "evil.example"}, 401),
        ({"Host": "[::1]"}, 200),
        ({"Host": "["}, 401),
        ({"Origin": "https://evil.example"}, 401),
        ({"Origin": LISTED}, 200),
        ({"Origin": "null"}, 401),
        ({"Sec-Fetch-Site": "cross-site"}, 401),
        ({"Sec-Fetch-Site": "same-origin"}, 200),
    ],
)
def test_the_gate_reads_what_a_browser_tells(
    desk_for_browsers: Desk, headers: dict[str, str], status: int
) -> None:
    assert desk_for_browsers.get("/api/tickets", headers=headers).status_code == status


@pytest.fixture
def desk_for_browsers(start_desk: StartDesk) -> Desk:
    return start_desk(CORS_ORIGINS=LISTED)
