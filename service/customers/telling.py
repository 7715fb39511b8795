"""What events tell of a customer: what is about a person apart from the rest."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from service.customers import models
from service.events import CUSTOMER_CREATED, Event, differing

PERSONAL = ("name", "email", "phone", "preferences", "external_ids")
"""What tells of a person: an id elsewhere and whatever preferences hold may, too."""

PLAIN = ("locale", "time_zone")


def told_of_creation(row: Mapping[str, Any], actor: str, at: datetime) -> Event:
    plain = {name: row[name] for name in PLAIN if row[name] is not None}
    return Event(
        type=CUSTOMER_CREATED,
        subject_type="customer",
        subject_id=row["ref"],
        actor=actor,
        at=at,
        after=plain or None,
        personal={name: row[name] for name in PERSONAL if name in {"name", "email"} or row[name]},
    )


def state_of(customer: models.Customer) -> dict[str, Any]:
    return {name: getattr(customer, name) for name in (*PLAIN, *PERSONAL)}


def changed_parts(
    before: Mapping[str, Any], after: Mapping[str, Any]
) -> tuple[dict[str, dict[str, Any]], dict[str, dict[str, Any]]]:
    """The plain fields, and those about a person."""

    def part(names: Collection[str]) -> dict[str, dict[str, Any]]:
        return differing({name: before[name] for name in names}, {name: after[name] for name in names})

    return part(PLAIN), part(PERSONAL)
