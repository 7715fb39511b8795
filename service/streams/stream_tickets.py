"""Tickets that open a stream: a browser's EventSource sends no header, and no token belongs in an address."""

import secrets
from datetime import UTC, datetime, timedelta

from providers.ports import Clock
from service.access.standing import Identity
from service.database import Database
from service.permissions import Role
from service.signed_claims import ISSUER, LEEWAY_S, Kind, SignedClaims
from service.streams import queries

LIFETIME = timedelta(seconds=60)
LONGEST = 1_000
KIND = Kind(
    type="stream-ticket+jwt",
    audience=f"{ISSUER}/events",
    key_purpose=b"support-desk stream tickets, version 1",
    lifetime=LIFETIME,
    claims=("jti",),
)


class StreamTickets:
    """Signed for this purpose alone, good for one use within a minute, whichever process it comes to."""

    def __init__(self, secret_key: str, database: Database, clock: Clock) -> None:
        self._signed = SignedClaims(secret_key, KIND, clock)
        self._database = database

    def issue(self, identity: Identity) -> str:
        claims: dict[str, str | None] = {"sub": identity.caller_id, "jti": secrets.token_urlsafe(16)}
        if identity.agent_id is not None:
            claims |= {"agent": identity.agent_id, "sid": identity.session_id, "role": identity.role}
        return self._signed.issue(claims)

    def redeem(self, ticket: str) -> Identity | None:
        """Whom it was given to; None for what is none of ours, is over, or was used before."""
        claims = self._signed.read(ticket)
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
