"""Who stands at the gate: how often each caller comes, and whom it turned away."""

from flask import Request

from providers.ports import Clock
from service.auditing import Audit
from service.events import ACCESS_DENIED, Event
from service.http.limits import Shares, Standing
from service.http.problems import Problem, retry_after
from service.permissions import Permission

STANDING = "support.standing"
"""Where the caller's `Standing` is left in the environment of WSGI."""

UNCOUNTED = frozenset({"/livez", "/readyz", "/health"})
"""What machines ask that look after this one."""

NOBODY = "nobody"
"""The actor of what was asked with a key or token that the service does not know."""


class Doorkeeper:
    def __init__(self, shares: Shares, audit: Audit, clock: Clock) -> None:
        self._shares = shares
        self._audit = audit
        self._clock = clock

    def comes(self, asked: Request, who: str) -> None:
        """Raises a `Problem` for a caller who came too often."""
        environ = asked.environ
        if STANDING in environ:
            return  # a request that was parked, and is run anew
        standing = environ[STANDING] = self._shares.take(who)
        if standing is not None and standing.wait_s:
            raise _too_often(standing)

    def passes(self, asked: Request, rule: str) -> None:
        """Somebody unknown, at an address that is public."""
        if rule not in UNCOUNTED:
            self.comes(asked, _address(asked))

    def unknown(self, asked: Request, *, with_credentials: bool) -> None:
        """Nobody that the service knows. What they brought, if anything, did not fit."""
        if with_credentials:
            self._note(asked, NOBODY, {"reason": "unknown_credentials"})
        self.comes(asked, _address(asked))

    def denied(self, asked: Request, who: str, permission: Permission | None) -> None:
        self._note(asked, who, {"permission": permission.value if permission else None})

    def _note(self, asked: Request, who: str, told: dict[str, str | None]) -> None:
        """By the view: the path may name a person."""
        rule = asked.url_rule
        self._audit.note(
            Event(
                type=ACCESS_DENIED,
                subject_type="view",
                subject_id=rule.endpoint if rule else "none",
                actor=who,
                at=self._clock.now(),
                after=told,
            )
        )


def _address(asked: Request) -> str:
    return f"address:{asked.remote_addr}"


def _too_often(standing: Standing) -> Problem:
    return Problem(
        429,
        f"More than {standing.limit} requests came from this caller within a minute; "
        f"come again in {standing.wait_s} s.",
        headers=retry_after(standing.wait_s),
    )
