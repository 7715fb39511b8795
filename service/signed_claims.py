"""Claims that the service signs for itself: JWTs, each kind with a key that is made for it alone."""

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import jwt

from providers.ports import Clock

ALGORITHM = "HS256"
ISSUER = "support-desk"
LEEWAY_S = 5
"""By which the clocks of two machines may differ."""

LONGEST = 2_000
ALWAYS = ("exp", "iat", "sub", "aud", "iss")


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """`type` is told in the header, so that nothing else that is ever signed here passes for it.

    `claims`: those that it has beside the usual ones.
    """

    type: str
    audience: str
    key_purpose: bytes
    lifetime: timedelta
    claims: tuple[str, ...]


class SignedClaims:
    def __init__(self, secret_key: str, kind: Kind, clock: Clock) -> None:
        self._key = hmac.digest(secret_key.encode(), kind.key_purpose + b"\x01", hashlib.sha256)
        self._kind = kind
        self._clock = clock

    def issue(self, claims: Mapping[str, Any]) -> str:
        now = int(self._clock.now().timestamp())
        told = {
            "iss": ISSUER,
            "aud": self._kind.audience,
            **claims,
            "iat": now,
            "exp": now + int(self._kind.lifetime.total_seconds()),
        }
        return jwt.encode(told, self._key, algorithm=ALGORITHM, headers={"typ": self._kind.type})

    def read(self, token: str) -> dict[str, Any] | None:
        """None for anything but claims of this kind that we signed and that are not over."""
        if len(token) > LONGEST:
            return None
        try:
            decoded = jwt.decode_complete(
                token,
                self._key,
                algorithms=[ALGORITHM],
                audience=self._kind.audience,
                issuer=ISSUER,
                # Times are read by the desk's one clock, below.
                options={
                    "require": [*ALWAYS, *self._kind.claims],
                    "verify_exp": False,
                    "verify_iat": False,
                    "verify_nbf": False,
                },
            )
        except (jwt.InvalidTokenError, ValueError):
            return None
        claims: dict[str, Any] = decoded["payload"]
        of_this_kind = decoded["header"].get("typ") == self._kind.type
        return claims if of_this_kind and self._is_timely(claims["iat"], claims["exp"]) else None

    def _is_timely(self, issued: object, expires: object) -> bool:
        if type(issued) is not int or type(expires) is not int:
            return False
        now = self._clock.now().timestamp()
        lasts = expires - issued <= self._kind.lifetime.total_seconds()
        return lasts and issued - LEEWAY_S <= now < expires + LEEWAY_S
