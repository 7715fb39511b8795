"""Chance that is the same every time: a source of its own for every row, and ids that follow from it."""

import random
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from hashlib import blake2b
from typing import TypeVar

T = TypeVar("T")

DIGEST_BYTES = 16


def chance_for(*place: str | int) -> random.Random:
    """Independent of how many rows are made beside this one."""
    return random.Random(":".join(map(str, place)))


def steady_id(kind: str, *place: str | int) -> str:
    """Shaped as `service.identifiers.new_id` makes them."""
    digest = blake2b(":".join(map(str, (kind, *place))).encode(), digest_size=DIGEST_BYTES).digest()
    return f"{kind}_{urlsafe_b64encode(digest).rstrip(b'=').decode()}"


def weighted(chance: random.Random, weights: Mapping[T, float]) -> T:
    return chance.choices(list(weights), list(weights.values()))[0]
