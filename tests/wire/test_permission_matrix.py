"""Every route by everybody: made from the URL map, held against what is written down in `rights`."""

import re
import shutil
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from secrets import token_hex
from typing import Any

import jwt
import pytest
from flask import Flask

from service.access.tokens import AccessTokens
from service.app import create_app
from service.clock import SystemClock, rfc3339
from service.http.callers import is_public, needed_by
from service.permissions import GRANTS, SCOPES, Permission, Role
from service.settings import Settings
from service.testing.desk import desk_with_stub
from tests.wire.company import CUSTOMER, Company, message_of, new_key, path_of, subjects
from tests.wire.rights import (
    EVERY_PUBLIC,
    EVERY_ROUTE,
    NEARER,
    OF_KEYS,
    OF_ROLES,
    OWN,
    ROLES,
    Route,
    expected,
)
from tests.wire.staff import bearer, hire, new_team

CONVERTER = re.compile(r"<[^:>]+:([^>]+)>")
PAGE = "https://shop.example"
MISSING = "missing"
BY_NOBODY = {"Via": "1.1 elsewhere"}
"""Takes from a caller at this machine that no key is asked of them."""


@pytest.fixture(scope="module")
def company(migrated_sqlite: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Company]:
    directory = tmp_path_factory.mktemp("matrix")
    copy = shutil.copy(migrated_sqlite, directory / "desk.db")
    with desk_with_stub({"DATABASE_URL": f"sqlite:///{copy}", "LOG_FILE": str(directory / "log")}) as desk:
        ours, theirs = new_team(desk), new_team(desk)
        desk.new_ticket(CUSTOMER)
        assert desk.get(f"/api/ai/customers/{CUSTOMER}/intelligence").status_code == 200  # so has a profile
        desk.post("/api/ticket-fields", {"key": "order_number", "label": "Order number", "type": "text"})
        yield Company(
            desk,
            ours,
            theirs,
            staff={role: hire(desk, role, ours) for role in ROLES},
            mate=hire(desk, "agent", ours),
            stranger=hire(desk, "agent", theirs),
            keys={scope: new_key(desk, scope) for scope in OF_KEYS},
        )


# ---------------------------------------------------------------- the table itself


@pytest.fixture(scope="module")
def app(company: Company) -> Flask:
    return company.desk.app


def routes_of(app: Flask) -> Iterator[tuple[str, Any]]:
    for rule in app.url_map.iter_rules():
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
            path = CONVERTER.sub(r"<\1>", rule.rule)
            yield f"{method} {path}", app.view_functions[rule.endpoint]


def test_every_route_of_the_url_map_is_written_down_with_its_permission(app: Flask) -> None:
    found = {name: str(needed_by(view)) for name, view in routes_of(app) if not is_public(view)}
    assert found == {str(route): route.permission for route in EVERY_ROUTE}
    assert {name for name, view in routes_of(app) if is_public(view)} == EVERY_PUBLIC


def test_the_permissions_are_those_that_are_written_down() -> None:
    granted = {
        role: {
            str(name): reach.name.lower() for name, row in GRANTS.items() if (reach := row.get(Role(role)))
        }
        for role in ROLES
    }
    assert granted == OF_ROLES
    assert {scope.value: {str(one) for one in those} for scope, those in SCOPES.items()} == {
        scope: set(rights) for scope, rights in OF_KEYS.items()
    }
    assert {str(permission) for permission in Permission} == set(OF_ROLES["admin"])


def test_a_role_may_all_that_those_below_it_may() -> None:
    for lower, higher in pairwise(ROLES):
        for permission, reach in OF_ROLES[lower].items():
            assert NEARER[OF_ROLES[higher].get(permission, OWN)] >= NEARER[reach], (higher, permission)
        assert Role(higher).outranks(Role(lower))
        assert not Role(lower).outranks(Role(higher))


def test_a_view_that_names_no_permission_lets_nobody_in() -> None:
    app = create_app(
        Settings.parse({"ENVIRONMENT": "development", "SECRET_KEY": "s" * 32, "LOG_LEVEL": "ERROR"})
    )
    app.add_url_rule("/api/unnamed", view_func=lambda: "in", endpoint="unnamed")
    client = app.test_client()
    assert client.get("/api/unnamed").status_code == 403
    assert client.get("/api/unnamed", headers=BY_NOBODY).status_code == 401


# ---------------------------------------------------------------- everybody


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("route", EVERY_ROUTE, ids=str)
def test_a_role(company: Company, route: Route, role: str) -> None:
    colleague = company.staff[role]
    found, wanted = {}, {}
    for about, path, needed in subjects(company, route, colleague):
        found[about] = company.status(route.method, path, colleague.headers)
        wanted[about] = expected(route, OF_ROLES[role], needed)
    assert found == wanted


@pytest.mark.parametrize("route", EVERY_ROUTE, ids=str)
def test_a_key_of_each_scope(company: Company, route: Route) -> None:
    *_, (_, path, needed) = subjects(company, route, company.stranger)
    found, wanted = {}, {}
    for scope, secret in company.keys.items():
        path = path_of_new(company, route) or path
        found[scope] = company.status(route.method, path, {"X-API-Key": secret})
        wanted[scope] = expected(route, OF_KEYS[scope], needed)
        if route.rule == "/api/agents/me":
            wanted[scope] = 403  # a key is no agent
    assert found == wanted


def path_of_new(company: Company, route: Route) -> str | None:
    """Where the route takes away what it names, so that each caller finds one."""
    if route.status != 204:
        return None
    if "<message_id>" not in route.rule:
        return path_of(company, route)
    return path_of(company, route, ticket_id=company.ticket(company.stranger, "nobody's", {}))


@pytest.mark.parametrize("route", EVERY_ROUTE, ids=str)
def test_whoever_is_not_known_or_not_any_more(
    company: Company, route: Route, refused: dict[str, dict[str, str]]
) -> None:
    *_, (_, path, _) = subjects(company, route, company.stranger)
    found = {about: company.status(route.method, path, headers) for about, headers in refused.items()}
    assert found == {about: 403 if about.startswith("browser") else 401 for about in refused}


@pytest.fixture(scope="module")
def refused(company: Company) -> dict[str, dict[str, str]]:
    desk, admin = company.desk, company.staff["admin"]
    gone, out = hire(desk, "admin"), hire(desk, "admin")
    assert desk.call("DELETE", f"/api/agents/{gone.id}").status_code == 204
    desk.post("/api/auth/logout", {"refresh_token": out.tokens["refresh_token"]})
    good = admin.tokens["access_token"]
    session_id = jwt.decode(good, options={"verify_signature": False})["sid"]
    secret = desk.app.config["SECRET_KEY"]
    short = new_key(desk, "desk", expires_at=rfc3339(desk.clock.now() + timedelta(seconds=1)))
    desk.clock.advance(2)
    revoked = desk.post("/api/admin/keys", {"name": token_hex(8), "scopes": ["desk"]}).json()
    desk.call("DELETE", f"/api/admin/keys/{revoked['key']['id']}")
    for_browsers = new_key(desk, "form", origins=[PAGE])
    forged = jwt.encode(
        jwt.decode(good, options={"verify_signature": False}), secret, headers={"typ": "at+jwt"}
    )
    return {
        "nobody": BY_NOBODY,
        "unknown key": {"X-API-Key": "sd_unknown"},
        "revoked key": {"X-API-Key": revoked["secret"]},
        "expired key": {"X-API-Key": short},
        "key as a token": bearer(company.keys["desk"]),
        "token as a key": {"X-API-Key": good},
        "tampered token": bearer(good[:-4] + ("AAAA" if good[-4:] != "AAAA" else "BBBB")),
        "forged token": bearer(forged),
        "expired token": bearer(AccessTokens(secret, Yesterday()).issue(admin.id, session_id)),
        "refresh token": bearer(admin.tokens["refresh_token"]),
        "deactivated": gone.headers,
        "signed out": out.headers,
        "browser key from elsewhere": {"X-API-Key": for_browsers, "Origin": "https://evil.example"},
        "browser key from no page": {"X-API-Key": for_browsers},
    }


class Yesterday(SystemClock):
    def now(self) -> datetime:
        return super().now() - timedelta(days=1)


@pytest.mark.parametrize("role", ["agent", "senior_agent", "team_lead"])
@pytest.mark.parametrize("route", [route for route in EVERY_ROUTE if route.names_a_ticket], ids=str)
def test_what_is_of_others_looks_like_what_is_not_there(company: Company, route: Route, role: str) -> None:
    colleague = company.staff[role]
    foreign = company.ticket(colleague, "their team's", {"team_id": company.theirs})
    message_id = message_of(company, foreign)
    told = []
    for ids in (
        {"ticket_id": foreign, "message_id": message_id},
        {"ticket_id": MISSING, "message_id": MISSING},
    ):
        path = re.sub(r"<([^>]+)>", lambda found: ({"index": "0"} | ids)[found[1]], route.rule)  # noqa: B023
        answer = company.ask(route.method, path, colleague.headers)
        text = answer.text.replace(answer.json()["request_id"], "")
        for known in ids.values():
            text = text.replace(known, "ID")
        told.append((answer.status_code, text, sorted(answer.headers)))
    assert told[0] == told[1]
    assert told[0][0] == (404 if route.permission in OF_ROLES[role] else 403)
