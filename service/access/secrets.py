"""What is handed out once and kept as a hash: refresh tokens, invitations, API keys."""

import hashlib
import secrets

RANDOM_BYTES = 32
"""256 bits: nobody guesses them, so that a fast hash is enough."""

KEY_PREFIX = "sd_"
SHOWN_PREFIX = 10
"""Characters of a key that are kept to tell it from others; 42 random bits, of 256."""


def new_token(kind: str) -> str:
    """`kind` tells people, and tools that look for leaked secrets, what they see."""
    return f"{kind}_{secrets.token_urlsafe(RANDOM_BYTES)}"


def new_key() -> str:
    return KEY_PREFIX + secrets.token_urlsafe(RANDOM_BYTES)


def digest(secret: str) -> str:
    """Hexadecimal, of the bytes as they were sent."""
    return hashlib.sha256(secret.encode("latin-1", "replace")).hexdigest()
