"""The state of the toggles as a row and as an event, and what the history tells of a change."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from service.events import Event, EventType, StoredEvent
from service.provider_control.models import ProviderToggles
from service.provider_control.toggles import ToggleState

EVERY_PROVIDER = "*"
"""Subject of what is about no provider in particular."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderChange:
    """One entry of the history; `provider` is None where it is about all of them."""

    id: int
    at: datetime
    change: str
    provider: str | None
    changed_by: str
    reason: str
    version: int
    order_before: Sequence[str]
    disabled_before: Sequence[str]
    order: Sequence[str]
    disabled: Sequence[str]


def state_of(row: ProviderToggles) -> ToggleState:
    return ToggleState(
        version=row.version,
        configured=tuple(row.configured),
        order=tuple(row.order),
        disabled=frozenset(row.disabled),
        circuit_resets=row.circuit_resets,
        changed_by=row.changed_by,
        reason=row.reason,
        changed_at=row.changed_at,
    )


def put(row: ProviderToggles, state: ToggleState) -> None:
    row.version = state.version
    row.configured = list(state.configured)
    row.order = list(state.order)
    row.disabled = sorted(state.disabled)
    row.circuit_resets = dict(state.circuit_resets)
    row.changed_by = state.changed_by
    row.reason = state.reason
    row.changed_at = state.changed_at


def event_of(kind: EventType, subject: str, before: ToggleState, after: ToggleState) -> Event:
    """`after` must be a state that somebody made: it knows who, when and why."""
    if after.changed_by is None or after.changed_at is None:
        raise ValueError("a change has an author and a time")
    return Event(
        type=kind,
        subject_type="provider",
        subject_id=subject,
        actor=after.changed_by,
        at=after.changed_at,
        before=_recorded(before),
        after={**_recorded(after), "reason": after.reason},
    )


def _recorded(state: ToggleState) -> dict[str, Any]:
    return {
        "version": state.version,
        "order": list(state.order),
        "disabled": sorted(state.disabled),
        "circuit_resets": dict(state.circuit_resets),
    }


def change_told_by(event: StoredEvent) -> ProviderChange:
    before, after = event.before or {}, event.after or {}
    return ProviderChange(
        id=event.id,
        at=event.at,
        change=event.type.removeprefix("provider."),
        provider=None if event.subject_id == EVERY_PROVIDER else event.subject_id,
        changed_by=event.actor,
        reason=after["reason"],
        version=after["version"],
        order_before=before["order"],
        disabled_before=before["disabled"],
        order=after["order"],
        disabled=after["disabled"],
    )
