"""How a delivery is signed, by the specification Standard Webhooks 1.0.

A secret is made of the service's key, the endpoint's id and a number that a rotation raises: nothing of it
is kept, and a copy of the database alone signs nothing (docs/adr/0101).
"""

import base64
import hashlib
import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from standardwebhooks import Webhook

PURPOSE = b"support-desk webhook secrets, version 1"
SECRET_PREFIX = "whsec_"  # noqa: S105  # how every secret of the specification begins


@dataclass(frozen=True, slots=True)
class Secrets:
    """The last step of HKDF (RFC 5869), as access tokens take it: `key` is as random as it has to be."""

    key: str = field(repr=False)

    def of(self, endpoint_id: str, number: int) -> str:
        """As the receiver gets it, shown once: `whsec_` and 32 bytes in base64."""
        info = b":".join((PURPOSE, endpoint_id.encode(), str(number).encode()))
        derived = hmac.digest(self.key.encode(), info + b"\x01", hashlib.sha256)
        return SECRET_PREFIX + base64.b64encode(derived).decode()


def signed_headers(secrets: Sequence[str], delivery_id: str, at: datetime, body: bytes) -> Mapping[str, str]:
    """One signature for each secret, so that a receiver has time to change over."""
    text = body.decode()
    signatures = [Webhook(secret).sign(delivery_id, at, text) for secret in secrets]
    return {
        "webhook-id": delivery_id,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": " ".join(signatures),
    }
