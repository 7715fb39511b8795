"""Which providers are asked, and in which order: the rules, and what this process holds to."""

import threading
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Self

from service.errors import InvalidField


@dataclass(frozen=True, slots=True, kw_only=True)
class ToggleState:
    """`order` names all that are configured, `version` 0 is that nobody ever changed anything.

    `circuit_resets` counts by provider how often operators reset its circuits.
    """

    configured: tuple[str, ...]
    order: tuple[str, ...]
    disabled: frozenset[str] = frozenset()
    circuit_resets: Mapping[str, int] = field(default_factory=dict)
    version: int = 0
    changed_by: str | None = None
    reason: str | None = None
    changed_at: datetime | None = None

    @classmethod
    def as_configured(cls, names: Sequence[str], *, circuit_resets: Mapping[str, int] | None = None) -> Self:
        return cls(configured=tuple(names), order=tuple(names), circuit_resets=circuit_resets or {})

    @property
    def enabled(self) -> tuple[str, ...]:
        """In the order in which they are asked."""
        return tuple(name for name in self.order if name not in self.disabled)

    @property
    def changes_nothing(self) -> bool:
        return self.order == self.configured and not self.disabled

    def switched(self, name: str, *, enabled: bool) -> Self:
        return replace(self, disabled=self.disabled - {name} if enabled else self.disabled | {name})

    def placed(self, name: str, position: int) -> Self:
        """`position` counts from 1. Raises `InvalidField`."""
        if not 1 <= position <= len(self.order):
            raise InvalidField("position", f"Must be a whole number from 1 to {len(self.order)}.")
        others = [each for each in self.order if each != name]
        return replace(self, order=(*others[: position - 1], name, *others[position - 1 :]))

    def arranged(self, first: Sequence[str]) -> Self:
        """`first` come first, the others after them as they stood."""
        return replace(self, order=(*first, *(name for name in self.order if name not in first)))

    def reset(self) -> Self:
        return replace(self, order=self.configured, disabled=frozenset())

    def with_circuits_reset(self, name: str) -> Self:
        counted = {**self.circuit_resets, name: self.circuit_resets.get(name, 0) + 1}
        return replace(self, circuit_resets=counted)


def consequences(state: ToggleState, generic: Collection[str]) -> list[str]:
    """What else a state means for the desk, in sentences for people. `generic`: names of such providers."""
    enabled = set(state.enabled)
    if not enabled:
        return ["No provider is enabled: what is asked of providers is answered 503."]
    told = []
    if not enabled - set(generic):
        told.append("Only generic words are left: facts are unknown and drafts are generic.")
    if not enabled & set(generic):
        told.append(
            "No fallback is enabled: where no provider answers and nothing is known, the answer is 503 "
            "instead of generic words."
        )
    behind = [name for name in state.enabled if name not in generic]
    early = [name for name in state.enabled if name in generic and state.enabled.index(name) < len(behind)]
    if behind and early:
        names = ", ".join(early)
        told.append(f"{names}: generic, and asked after the others wherever listed.")
    return told


class RuntimeToggles:
    """`providers.ports.ToggleSource`: read from memory alone, and last known while the database is away."""

    def __init__(self, configured: Sequence[str]) -> None:
        self.configured = tuple(configured)
        self._lock = threading.Lock()
        self._state = ToggleState.as_configured(self.configured)
        self._enabled: Sequence[str] = self._state.enabled

    def enabled(self) -> Sequence[str]:
        return self._enabled

    @property
    def state(self) -> ToggleState:
        return self._state

    def follow(self, stored: ToggleState, *, instead_of: ToggleState | None = None) -> list[str]:
        """Hold to what is stored; returns those whose circuits have been reset since the last time.

        A state that was read some time ago comes with the one that was held `instead_of` it when the
        reading began: if that has been replaced meanwhile, what was read is out of date. One that was
        just written counts where it is newer.
        """
        with self._lock:
            held = self._state
            stale = stored.version <= held.version if instead_of is None else instead_of is not held
            if stale or stored == held:
                return []
            self._state, self._enabled = stored, stored.enabled
        return [
            name
            for name in self.configured
            if stored.circuit_resets.get(name, 0) > held.circuit_resets.get(name, 0)
        ]
