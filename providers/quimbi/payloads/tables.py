"""Our names and Quimbi's, side by side."""

import re
from collections.abc import Iterable, Mapping
from typing import TypeVar

V = TypeVar("V")

CHANNELS = {"phone": "phone_script", "form": "email"}
"""Ours → theirs, where they differ."""

PRIORITIES = {"urgent": 1, "high": 2, "medium": 3, "low": 4}
"""An action's priority in words → ours, 1 being the most pressing."""

ISSUE_TYPES = {
    "wrong_item": ("wrong item", "wrong product", "wrong size", "wrong color", "incorrect item"),
    "lost_package": ("lost package", "lost", "missing package", "never arrived", "not received", "stolen"),
    "product_defect": ("product defect", "defect", "defective", "broken", "damaged", "faulty", "not working"),
    "billing_error": (
        "billing error",
        "billing",
        "invoice",
        "charged",
        "overcharged",
        "payment",
        "double charge",
    ),
    "shipping_delay": (
        "shipping delay",
        "delay",
        "delayed",
        "late",
        "shipping",
        "delivery",
        "where is my order",
    ),
}
"""Issue type → words of a ticket's tags or subject that tell it. The first row that matches holds."""

GENERAL_ISSUE = "general"

NEWER_AXES = {
    "shopping_maturity": "customer_maturity",
    "category_affinity": "category_exploration",
    "repurchase_inclination": "repurchase_behavior",
    "return_propensity": "return_behavior",
}
"""Older names of axes, still met → the names of today."""

_MATCHES = {
    issue: re.compile(rf"\b(?:{'|'.join(map(re.escape, words))})\b") for issue, words in ISSUE_TYPES.items()
}


def their_channel(channel: str) -> str:
    return CHANNELS.get(channel, channel)


def issue_type(tags: Iterable[str], subject: str) -> str:
    """Tags tell first, since somebody chose them; then the subject."""
    for told in (" ".join(tags), subject):
        words = re.sub(r"[\W_]+", " ", told.lower())
        for issue, pattern in _MATCHES.items():
            if pattern.search(words):
                return issue
    return GENERAL_ISSUE


def by_todays_axes(by_axis: Mapping[str, V]) -> dict[str, V]:
    """An axis by its older name gets today's, unless today's came as well: then both stay as they are."""
    renamed = {axis: NEWER_AXES.get(axis, axis) for axis in by_axis}
    return {axis if renamed[axis] in by_axis else renamed[axis]: value for axis, value in by_axis.items()}
