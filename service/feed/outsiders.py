"""Events as those outside are told of them, by whatever way: ids and what changed, nothing of any person.

The audit and a ticket's history tell all of it, to those who may read them.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from service.feed.following import FedEvent
from service.identifiers import ids_of

WITHHELD = frozenset({"note"})
"""Words of people, wherever they stand."""

ACTORS_BY_ID = frozenset({"agent", "key", "webhook"})
"""Others are told by their kind alone: what follows it is a file's name, or a user's of some machine."""

AN_AGENTS = ids_of("agent")


def told_outside(event: FedEvent) -> FedEvent:
    return replace(
        event,
        actor=_actor(event.actor),
        before=_told(event, event.before),
        after=_told(event, event.after),
    )


def _actor(actor: str) -> str:
    kind, _, _ = actor.partition(":")
    return actor if kind in ACTORS_BY_ID else kind


def _told(event: FedEvent, values: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
    if values is None:
        return None
    told = {name: value for name, value in values.items() if name not in WITHHELD}
    if event.subject_type == "provider":
        told.pop("reason", None)  # why somebody switched it, in their words
    assignee = told.get("assigned_to")
    if assignee is not None and not (isinstance(assignee, str) and AN_AGENTS.fullmatch(assignee)):
        told["assigned_to"] = None  # a label that some caller made, which may be a name
    return told
