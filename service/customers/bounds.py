"""How much a customer's preferences and external ids may be: what is merged into them included."""

from collections.abc import Mapping
from typing import Any

from service.http.fields import MAX_INTEGER, storable

MOST_EXTERNAL_IDS = 20
DEEPEST_PREFERENCE = 4
MOST_PREFERENCE_PARTS = 500
LONGEST_PREFERENCE = 1_000
LONGEST_PREFERENCES = 10_000
"""Characters of all keys and texts together."""


def fault_of_external_ids(external_ids: Mapping[str, Any]) -> str | None:
    """A sentence, or None where they are fine."""
    return f"Must be at most {MOST_EXTERNAL_IDS}." if len(external_ids) > MOST_EXTERNAL_IDS else None


def fault_of_preferences(preferences: Mapping[str, Any]) -> str | None:
    """A sentence, or None where they are fine. Looks at no more parts than there may be."""
    waiting: list[tuple[int, Any]] = [(0, preferences)]
    parts, characters = 0, 0
    while waiting:
        depth, part = waiting.pop()
        if depth > DEEPEST_PREFERENCE:
            return f"Must be nested at most {DEEPEST_PREFERENCE} levels deep."
        if fault := _fault_of_part(part):
            return fault
        waiting += [(depth + 1, inner) for inner in _inside(part)]
        parts += 1
        characters += len(part) if isinstance(part, str) else 0
        if parts + len(waiting) > MOST_PREFERENCE_PARTS or characters > LONGEST_PREFERENCES:
            return (
                f"Must have at most {MOST_PREFERENCE_PARTS} keys and values, {LONGEST_PREFERENCES} letters."
            )
    return None


def _inside(part: object) -> list[Any]:
    if isinstance(part, Mapping):
        return [inner for pair in part.items() for inner in pair]
    return part if isinstance(part, list) else []


def _fault_of_part(part: object) -> str | None:
    if isinstance(part, str) and (len(part) > LONGEST_PREFERENCE or not storable(part)):
        return f"Texts must be at most {LONGEST_PREFERENCE} characters long, without NUL or lone surrogates."
    if isinstance(part, int | float) and not abs(part) <= MAX_INTEGER:
        return f"Numbers must be from -{MAX_INTEGER} to {MAX_INTEGER}."
    return None
