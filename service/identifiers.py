"""Ids that we make: path-safe, and not guessable."""

import re
import secrets

RANDOM_BYTES = 16


def new_id(kind: str) -> str:
    """`<kind>_` and 22 characters of [A-Za-z0-9_-]: 128 random bits."""
    return f"{kind}_{secrets.token_urlsafe(RANDOM_BYTES)}"


def ids_of(kind: str) -> re.Pattern[str]:
    """Those that `new_id(kind)` may give, and no others: for `fullmatch`."""
    return re.compile(rf"{re.escape(kind)}_[A-Za-z0-9_-]{{22}}", re.ASCII)


def new_ref() -> str:
    """The opaque name by which events, logs and audit speak of a customer."""
    return new_id("ref")
