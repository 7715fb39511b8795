"""Who calls: one gate before every view, closed unless the route is listed as public or the caller may."""

import hashlib
import hmac
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol, TypeVar

from flask import Flask, Request, request
from flask.globals import request_ctx

from service.http.problems import Problem
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

_CALLER = "support.caller"
"""Where the gate leaves the caller in the environment of WSGI."""


class Scope(StrEnum):
    DESK = "desk"
    ADMIN = "admin"
    METRICS = "metrics"


@dataclass(frozen=True, slots=True)
class Caller:
    id: str
    kind: str
    scopes: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """What a request shows of its sender: the rest matters, and is read, only where there is no key.

    `host` and `origin` as sent, empty where absent.
    """

    api_key: str | None
    peer: str | None = None
    host: str = ""
    origin: str = ""
    fetch_site: str = ""
    forwarded: bool = False


class CallerSource(Protocol):
    def identify(self, credentials: Credentials) -> Caller | None: ...


class BootstrapCallers:
    """Callers known by the keys in the environment, and in development whoever sits at this machine."""

    def __init__(
        self, keys: Sequence[BootstrapKey], *, anonymous_on: str | None, origins: Sequence[str] = ()
    ) -> None:
        """`anonymous_on`: the address listened on where local callers need no key, else None."""
        self._callers = {
            bytes.fromhex(key.sha256): Caller(f"key:{key.name}", "api_key", key.scopes) for key in keys
        }
        self._anonymous = anonymous_on in LOCAL_NAMES
        self._origins = frozenset(origins)

    def identify(self, credentials: Credentials) -> Caller | None:
        if credentials.api_key is not None:
            return self._of_key(credentials.api_key)
        if self._anonymous and self._is_local(credentials):
            return Caller("anonymous", "development", frozenset(Scope))
        return None

    def _of_key(self, api_key: str) -> Caller | None:
        digest = hashlib.sha256(api_key.encode("latin-1", "replace")).digest()  # the bytes as they were sent
        found = None
        for known, caller in self._callers.items():
            if hmac.compare_digest(known, digest):
                found = caller
        return found

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


def needs(scope: Scope) -> Callable[[View], View]:
    """Only callers with this scope; a view that says nothing needs `desk`."""

    def mark(view: View) -> View:
        view.needs = scope  # type: ignore[attr-defined]  # read by the gate
        return view

    return mark


def current_caller() -> Caller:
    caller: Caller = request.environ[_CALLER]
    return caller


def caller_of(environ: Mapping[str, Any]) -> Caller | None:
    """Whom the gate has let through, None where it let nobody or asked nobody. `environ`: of WSGI."""
    return environ.get(_CALLER)


def install(app: Flask, callers: CallerSource) -> None:
    @app.before_request
    def _gate() -> None:
        asked = request_ctx.request  # `request` would look for it anew each time it is named
        rule = asked.url_rule
        if rule is None or asked.method == "OPTIONS":
            return  # no view follows: an unknown address, or the preflight's own answer
        scope = getattr(app.view_functions[rule.endpoint], "needs", Scope.DESK)
        if scope is None:
            return
        caller = callers.identify(_credentials(asked))
        if caller is None:
            raise Problem(
                401,
                "This address needs an API key in the X-API-Key header that this service knows.",
                headers={"WWW-Authenticate": 'ApiKey realm="support"'},
            )
        if scope not in caller.scopes:
            raise Problem(403, f"This API key lacks the scope {scope.value!r}.")
        asked.environ[_CALLER] = caller


def _credentials(asked: Request) -> Credentials:
    api_key = asked.environ.get("HTTP_X_API_KEY")
    if api_key is not None:
        return Credentials(api_key=api_key)
    headers = asked.headers
    return Credentials(
        api_key=None,
        peer=asked.remote_addr,
        host=headers.get("Host", ""),
        origin=headers.get("Origin", ""),
        fetch_site=headers.get("Sec-Fetch-Site", ""),
        forwarded=any(name in headers for name in FORWARDING_HEADERS),
    )
