"""Who calls: one gate before every view, closed unless the route is listed as public or the caller may."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol, TypeVar

from flask import Flask, Request, request
from flask.globals import request_ctx

from service.errors import Forbidden
from service.http.doorkeeper import Doorkeeper
from service.http.ownership import (
    AgentDirectory,
    Bounds,
    Named,
    NoAgents,
    NobodysTickets,
    Ownership,
    Reaching,
)
from service.http.problems import CHALLENGE, Problem
from service.permissions import OF_ROLE, Grants, Permission, Reach, Role, granted_to, scopes_with
from service.settings import BootstrapKey

LOOPBACK_PEERS = frozenset({"127.0.0.1", "::1"})
LOCAL_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})
LOCAL_HOST = re.compile(r"(?:localhost|127\.0\.0\.1|\[::1\])(?::[0-9]{1,5})?", re.IGNORECASE)
FORWARDING_HEADERS = (
    "Forwarded",
    "X-Forwarded-For",
    "X-Forwarded-Host",
    "X-Forwarded-Proto",
    "X-Real-IP",
    "Via",
)
SAME_SITE = frozenset({"", "same-origin", "none"})

WHO_CALLS = (
    "This address needs an API key in the X-API-Key header, or an access token in the Authorization header "
    "as Bearer, that this service knows and that is not over."
)

_CALLER = "support.caller"
"""Where the gate leaves the caller in the environment of WSGI."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """`id`: `agent:<id>`, `key:<id>` or `anonymous`; `kind`: `agent`, `api_key` or `development`.

    A key of the environment has its name for an id. `role` is None for a key, `scopes` are empty for an
    agent. `grants` is shared by all who have the same.
    `origins`: the only ones that a key meant for browsers may come from; empty where any may.
    `session_id`: of the sign-in that an agent's token is of.
    """

    id: str
    kind: str
    grants: Grants
    role: Role | None = None
    agent_id: str | None = None
    session_id: str | None = None
    name: str | None = None
    email: str | None = None
    team_ids: frozenset[str] = frozenset()
    scopes: frozenset[str] = frozenset()
    origins: frozenset[str] = frozenset()

    def reach(self, permission: Permission) -> Reach | None:
        """None where the caller may not do it at all."""
        return self.grants.get(permission)

    def bounds(self, permission: Permission, *, of_a_ticket: bool = True) -> Bounds | None:
        """How far an agent gets who may do it at all; None where everywhere, as any other caller does."""
        if self.agent_id is None:
            return None
        reach = self.grants.get(permission, Reach.OWN)
        readable = self.grants[Permission.TICKETS_READ] if of_a_ticket else Reach.ANY
        if min(reach, readable) == Reach.ANY:
            return None
        return Bounds(
            agent_id=self.agent_id,
            team_ids=self.team_ids,
            permission=permission,
            reach=reach,
            readable=readable,
        )


class Credentials(NamedTuple):
    """What a request shows of its sender: `peer` and what follows only where it brings nothing to show.

    `host` and `origin` as sent, empty where absent.
    """

    api_key: str | None = None
    authorization: str | None = None
    peer: str | None = None
    host: str = ""
    origin: str = ""
    fetch_site: str = ""
    forwarded: bool = False

    @property
    def are_shown(self) -> bool:
        return self.api_key is not None or self.authorization is not None


DEVELOPMENT = "development"
DEVELOPER = Caller(
    id="anonymous", kind=DEVELOPMENT, role=Role.ADMIN, name="development", grants=OF_ROLE[Role.ADMIN]
)
"""Whoever sits at the machine of a desk in development."""


def caller_of_key(
    key_id: str, name: str, scopes: frozenset[str], origins: frozenset[str] = frozenset()
) -> Caller:
    return Caller(
        id=f"key:{key_id}",
        kind="api_key",
        name=name,
        scopes=scopes,
        origins=origins,
        grants=granted_to(scopes),
    )


class CallerSource(Protocol):
    def identify(self, credentials: Credentials) -> Caller | None: ...


class BootstrapCallers:
    """Callers known by the keys in the environment, and in development whoever sits at this machine."""

    def __init__(
        self, keys: Sequence[BootstrapKey], *, anonymous_on: str | None, origins: Sequence[str] = ()
    ) -> None:
        """`anonymous_on`: the address listened on where local callers need no key, else None."""
        self._callers = {
            bytes.fromhex(key.sha256): caller_of_key(key.name, key.name, key.scopes) for key in keys
        }
        self.lets_anonymous_in = anonymous_on in LOCAL_NAMES
        self._origins = frozenset(origins)

    def of_digest(self, sha256: bytes) -> Caller | None:
        """By a look-up: the digest of a guess tells nothing of how near it came."""
        return self._callers.get(sha256)

    def named(self, name: str) -> Caller | None:
        return next((caller for caller in self._callers.values() if caller.name == name), None)

    def anonymous(self, credentials: Credentials) -> Caller | None:
        """Of a request that brings neither key nor token."""
        return DEVELOPER if self.lets_anonymous_in and self._is_local(credentials) else None

    def _is_local(self, credentials: Credentials) -> bool:
        """False for anything that a web page or a proxy may have sent here."""
        own_origin = f"http://{credentials.host}"
        from_here = credentials.origin in {"", own_origin} and credentials.fetch_site in SAME_SITE
        return (
            credentials.peer in LOOPBACK_PEERS
            and LOCAL_HOST.fullmatch(credentials.host) is not None
            and not credentials.forwarded
            and (from_here or credentials.origin in self._origins)
        )


View = TypeVar("View", bound=Callable[..., object])


def public(view: View) -> View:
    """Anyone may call it."""
    view.needs = None  # type: ignore[attr-defined]  # read by the gate
    return view


def needs(permission: Permission) -> Callable[[View], View]:
    """Only callers with this permission; a view that names none lets nobody in."""

    def mark(view: View) -> View:
        view.needs = permission  # type: ignore[attr-defined]  # read by the gate
        return view

    return mark


def is_public(view: Callable[..., object]) -> bool:
    return getattr(view, "needs", view) is None


def needed_by(view: Callable[..., object]) -> Permission | None:
    """None where it names no permission, and so lets nobody in. Of a view that is not public."""
    return getattr(view, "needs", None)


def current_caller() -> Caller:
    caller: Caller = request.environ[_CALLER]
    return caller


def caller_of(environ: Mapping[str, Any]) -> Caller | None:
    """Whom the gate has let through, None where it let nobody or asked nobody. `environ`: of WSGI."""
    return environ.get(_CALLER)


class Gate:
    """Who calls, then whether they may, then to whose: all before a view parses anything."""

    def __init__(
        self,
        callers: CallerSource,
        doorkeeper: Doorkeeper,
        ownership: Ownership | None = None,
        directory: AgentDirectory | None = None,
    ) -> None:
        self._callers = callers
        self._doorkeeper = doorkeeper
        self._reaching = Reaching(ownership or NobodysTickets(), directory or NoAgents())

    def let_in(self, asked: Request, permission: Permission | None) -> Caller:
        """Raises the `Problem`, `Forbidden` or `NotFound` that this request is refused with."""
        credentials = _credentials(asked)
        caller = self._callers.identify(credentials)
        if caller is None:
            self._doorkeeper.unknown(asked, with_credentials=credentials.are_shown)
            raise Problem(401, WHO_CALLS, headers=CHALLENGE)
        if caller.kind != DEVELOPMENT:
            self._doorkeeper.comes(asked, caller.id)
        try:
            self._check(asked, caller, permission)
        except (Problem, Forbidden):
            self._doorkeeper.denied(asked, caller.id, permission)
            raise
        return caller

    def pass_by(self, asked: Request, rule: str) -> None:
        """At an address that is public. Raises a `Problem` for who came too often."""
        self._doorkeeper.passes(asked, rule)

    def _check(self, asked: Request, caller: Caller, permission: Permission | None) -> None:
        if caller.origins and asked.environ.get("HTTP_ORIGIN") not in caller.origins:
            raise Problem(403, "This API key is bound to the origins of web pages, and this is none of them.")
        if permission is None:
            raise Problem(403, "This address is open to nobody.")
        if caller.reach(permission) is None:
            raise _lacking(caller, permission)
        if caller.agent_id is not None and asked.view_args:
            self._check_reach(caller, permission, asked.view_args)

    def _check_reach(self, caller: Caller, permission: Permission, arguments: Mapping[str, Any]) -> None:
        """What a caller may not read looks like what is not there; callers who reach all cost nothing."""
        named = Named.by(arguments)
        if named is None:
            return
        bounds = caller.bounds(permission, of_a_ticket=named.of_a_ticket)
        if bounds is not None:
            bounds.check(named, self._reaching.needed(named, bounds.agent_id, bounds.team_ids))


def install(app: Flask, gate: Gate) -> None:
    @app.before_request
    def _gate() -> None:
        asked = request_ctx.request  # `request` would look for it anew each time it is named
        rule = asked.url_rule
        if rule is None or asked.method == "OPTIONS":
            return  # no view follows: an unknown address, or the preflight's own answer
        view = app.view_functions[rule.endpoint]
        if is_public(view):
            gate.pass_by(asked, rule.rule)
        else:
            asked.environ[_CALLER] = gate.let_in(asked, needed_by(view))


def _lacking(caller: Caller, permission: Permission) -> Problem:
    if caller.kind != "api_key":
        return Problem(403, f"This needs the permission {permission.value!r}, which this role lacks.")
    with_it = " or ".join(repr(scope) for scope in scopes_with(permission))
    cure = f"a key with the scope {with_it} has it" if with_it else "no key has it"
    return Problem(403, f"This API key lacks the permission {permission.value!r}; {cure}.")


def _credentials(asked: Request) -> Credentials:
    api_key = asked.environ.get("HTTP_X_API_KEY")
    authorization = asked.environ.get("HTTP_AUTHORIZATION")
    if api_key is not None or authorization is not None:
        return Credentials(api_key=api_key, authorization=authorization)
    headers = asked.headers
    return Credentials(
        api_key=None,
        peer=asked.remote_addr,
        host=headers.get("Host", ""),
        origin=headers.get("Origin", ""),
        fetch_site=headers.get("Sec-Fetch-Site", ""),
        forwarded=any(name in headers for name in FORWARDING_HEADERS),
    )
