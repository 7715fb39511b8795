"""Tickets that open a stream: a browser's EventSource sends no header, and no token belongs in an address."""

import hashlib
import hmac
import secrets
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt

from providers.ports import Clock
from service.access.standing import Identity
from service.database import Database
from service.permissions import Role
from service.streams import queries

LIFETIME = timedelta(seconds=60)
LEEWAY_S = 5
"""By which the clocks of two machines may differ."""

ALGORITHM = "HS256"
KIND = "stream-ticket+jwt"
ISSUER, AUDIENCE = "support-desk", "support-desk/events"
KEY_PURPOSE = b"support-desk stream tickets, version 1"
LONGEST = 1_000
REQUIRED = ("exp", "iat", "sub", "aud", "iss", "jti")


class StreamTickets:
    """Signed for this purpose alone, good for one use within a minute, whichever process it comes to."""

    def __init__(self, secret_key: str, database: Database, clock: Clock) -> None:
        self._key = hmac.digest(secret_key.encode(), KEY_PURPOSE + b"\x01", hashlib.sha256)
        self._database = database
        self._clock = clock

    def issue(self, identity: Identity) -> str:
        now = int(self._clock.now().timestamp())
        claims = {
            "iss": ISSUER,
            "aud": AUDIENCE,
            "sub": identity.caller_id,
            "iat": now,
            "exp": now + int(LIFETIME.total_seconds()),
            "jti": secrets.token_urlsafe(16),
        }
        if identity.agent_id is not None:
            claims |= {"agent": identity.agent_id, "sid": identity.session_id, "role": identity.role}
        return jwt.encode(claims, self._key, algorithm=ALGORITHM, headers={"typ": KIND})

    def redeem(self, ticket: str) -> Identity | None:
        """Whom it was given to; None for what is none of ours, is over, or was used before."""
        claims = self._read(ticket)
        if claims is None:
            return None
        over_at = datetime.fromtimestamp(claims["exp"] + LEEWAY_S, UTC)
        with self._database.writing() as session:
            if not queries.use(session, claims["jti"], over_at):
                return None
        role = claims.get("role")
        return Identity(
            caller_id=claims["sub"],
            agent_id=claims.get("agent"),
            session_id=claims.get("sid"),
            role=None if role is None else Role(role),
        )

    def _read(self, ticket: str) -> dict[str, Any] | None:
        if len(ticket) > LONGEST:
            return None
        try:
            decoded = jwt.decode_complete(
                ticket,
                self._key,
                algorithms=[ALGORITHM],
                audience=AUDIENCE,
                issuer=ISSUER,
                # Times are read by the desk's one clock, below.
                options={
                    "require": list(REQUIRED),
                    "verify_exp": False,
                    "verify_iat": False,
                    "verify_nbf": False,
                },
            )
        except (jwt.InvalidTokenError, ValueError):
            return None
        claims: dict[str, Any] = decoded["payload"]
        now = self._clock.now().timestamp()
        timely = claims["iat"] - LEEWAY_S <= now < claims["exp"] + LEEWAY_S
        return claims if timely and decoded["header"].get("typ") == KIND else None
