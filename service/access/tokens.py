"""Access tokens: JWTs that tell who has signed in, for a quarter of an hour."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from providers.ports import Clock
from service.signed_claims import ISSUER, Kind, SignedClaims

LIFETIME = timedelta(minutes=15)
KIND = "at+jwt"
"""By RFC 9068."""

KEY_PURPOSE = b"support-desk access tokens, version 1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Claims:
    agent_id: str
    session_id: str
    expires_at: datetime


class AccessTokens:
    """Signed with a key that is made of the secret for this purpose alone."""

    def __init__(self, secret_key: str, clock: Clock) -> None:
        kind = Kind(type=KIND, audience=ISSUER, key_purpose=KEY_PURPOSE, lifetime=LIFETIME, claims=("sid",))
        self._signed = SignedClaims(secret_key, kind, clock)

    def issue(self, agent_id: str, session_id: str) -> str:
        return self._signed.issue({"sub": agent_id, "sid": session_id})

    def read(self, token: str) -> Claims | None:
        """None for anything but an access token of ours that is not over."""
        claims = self._signed.read(token)
        if claims is None or not all(isinstance(claims[name], str) for name in ("sub", "sid")):
            return None
        return Claims(
            agent_id=claims["sub"],
            session_id=claims["sid"],
            expires_at=datetime.fromtimestamp(claims["exp"], UTC),
        )
