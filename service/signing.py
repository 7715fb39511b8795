"""Webhooks signed as the Standard Webhooks specification has it, with secrets that are kept nowhere."""

import base64
import hashlib
import hmac
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Self

from standardwebhooks import Webhook

ID, TIMESTAMP, SIGNATURE = "webhook-id", "webhook-timestamp", "webhook-signature"
TOLERANCE = timedelta(minutes=5)
"""By which the time of a message may differ from ours, in either direction."""

PREFIX = "whsec_"
MOST_SIGNATURES = 10
"""That are looked at: a sender who changes its secret sends two."""

_ID = re.compile(r"[\x21-\x7e]{1,255}", re.ASCII)
_SECONDS = re.compile(r"[0-9]{1,12}", re.ASCII)
_V1 = "v1,"


class WebhookSecrets:
    """Each is made of the desk's own secret for one purpose, owner and version: 256 bits.

    So the database holds none, and whoever reads it can sign nothing. They last as long as `SECRET_KEY`.
    """

    def __init__(self, secret_key: str, purpose: str) -> None:
        self._key = secret_key.encode()
        self._purpose = purpose.encode()

    def of(self, owner_id: str, version: int) -> str:
        """As both sides set it: `whsec_` and base64."""
        # HKDF-Expand of RFC 5869, one block; the parts cannot run into each other: no id holds a zero byte.
        info = b"\x00".join((self._purpose, owner_id.encode(), str(version).encode()))
        return PREFIX + base64.b64encode(hmac.digest(self._key, info + b"\x01", hashlib.sha256)).decode()


def signed_headers(secrets: Sequence[str], message_id: str, at: datetime, body: bytes) -> dict[str, str]:
    """What goes with a body that is sent: a signature for each of the secrets that are good by now."""
    text = body.decode()
    at = at.astimezone(UTC)  # the library takes whatever it is given for UTC
    signatures = (Webhook(secret).sign(message_id, at, text) for secret in secrets)
    return {ID: message_id, TIMESTAMP: str(int(at.timestamp())), SIGNATURE: " ".join(signatures)}


@dataclass(frozen=True, slots=True)
class SignedMessage:
    """What came, before anything of it is believed. `body`: the bytes as they came."""

    id: str
    at: datetime
    signatures: tuple[str, ...]
    body: str

    @classmethod
    def read(cls, headers: Mapping[str, str], body: bytes) -> Self | None:
        """None for what nobody can have signed. `headers`: by their names in lower case."""
        message_id, seconds = headers.get(ID, ""), headers.get(TIMESTAMP, "")
        if not _ID.fullmatch(message_id) or not _SECONDS.fullmatch(seconds):
            return None
        try:
            at, text = datetime.fromtimestamp(int(seconds), UTC), body.decode()
        except (ValueError, OverflowError, OSError):  # a year past 9999; no UTF-8
            return None
        signatures = headers.get(SIGNATURE, "").split(" ", MOST_SIGNATURES)[:MOST_SIGNATURES]
        return cls(message_id, at, tuple(signatures), text)

    def is_signed_with(self, secrets: Sequence[str], *, now: datetime) -> bool:
        """In time, and with one of the secrets. It takes as long whichever of them fits, or none."""
        good = False
        for secret in secrets:
            expected = Webhook(secret).sign(self.id, self.at, self.body).removeprefix(_V1).encode()
            for signature in self.signatures:
                sent = signature.removeprefix(_V1).encode() if signature.startswith(_V1) else b""
                good |= hmac.compare_digest(expected, sent)
        return good and abs(now - self.at) <= TOLERANCE
