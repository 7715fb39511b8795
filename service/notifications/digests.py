"""What a notice is about, as it is kept in the outbox: one thing, or how many there are of each kind."""

from collections import Counter
from collections.abc import Iterable
from typing import Any

from service.notifications.models import Occasion

MOST_AT_ONCE = 10
"""Who would be told of more at once gets one digest of them."""


def about(occasion: Occasion) -> dict[str, Any]:
    return {"occasion": occasion.value}


def digest_of(occasions: Iterable[Occasion]) -> dict[str, Any]:
    return {"digest": dict(Counter(occasion.value for occasion in occasions))}
