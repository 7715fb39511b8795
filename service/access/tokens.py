"""Access tokens: JWTs that tell who has signed in, for a quarter of an hour."""

import hashlib
import hmac
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt

from providers.ports import Clock

LIFETIME = timedelta(minutes=15)
LEEWAY_S = 5
"""By which the clocks of two machines may differ."""

ALGORITHM = "HS256"
KIND = "at+jwt"
"""RFC 9068: nothing else that may ever be signed here is an access token."""

ISSUER = AUDIENCE = "support-desk"
KEY_PURPOSE = b"support-desk access tokens, version 1"
LONGEST = 2_000
REQUIRED = ("exp", "iat", "sub", "aud", "iss", "sid")


@dataclass(frozen=True, slots=True, kw_only=True)
class Claims:
    agent_id: str
    session_id: str
    expires_at: datetime


class AccessTokens:
    """Signed with a key that is made of the secret for this purpose alone."""

    def __init__(self, secret_key: str, clock: Clock) -> None:
        self._key = hmac.digest(secret_key.encode(), KEY_PURPOSE + b"\x01", hashlib.sha256)
        self._clock = clock

    def issue(self, agent_id: str, session_id: str) -> str:
        now = int(self._clock.now().timestamp())
        claims = {
            "iss": ISSUER,
            "aud": AUDIENCE,
            "sub": agent_id,
            "sid": session_id,
            "iat": now,
            "exp": now + int(LIFETIME.total_seconds()),
        }
        return jwt.encode(claims, self._key, algorithm=ALGORITHM, headers={"typ": KIND})

    def read(self, token: str) -> Claims | None:
        """None for anything but an access token of ours that is not over."""
        if len(token) > LONGEST:
            return None
        try:
            decoded = jwt.decode_complete(
                token,
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
        return self._timely(decoded["payload"]) if decoded["header"].get("typ") == KIND else None

    def _timely(self, claims: dict[str, Any]) -> Claims | None:
        told = (claims["sub"], claims["sid"])
        issued, expires = claims["iat"], claims["exp"]
        if (
            not all(isinstance(text, str) for text in told)
            or type(issued) is not int
            or type(expires) is not int
        ):
            return None
        now = self._clock.now().timestamp()
        if not issued - LEEWAY_S <= now < expires + LEEWAY_S or expires - issued > LIFETIME.total_seconds():
            return None
        return Claims(
            agent_id=claims["sub"], session_id=claims["sid"], expires_at=datetime.fromtimestamp(expires, UTC)
        )
