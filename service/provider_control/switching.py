"""Operators switch providers while the service runs: each change is a version, with who and why."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import structlog

from providers.chain import IntelligenceChain
from providers.ports import Clock
from service.database import Database
from service.errors import Conflict, InvalidField, NotFound
from service.events import (
    PROVIDER_CIRCUIT_RESET,
    PROVIDER_DISABLED,
    PROVIDER_ENABLED,
    PROVIDER_TOGGLES_DROPPED,
    PROVIDERS_REORDERED,
    PROVIDERS_RESET,
    EventLog,
    EventType,
)
from service.http.pagination import Cursor, Listing, Page, paginate
from service.provider_control import queries
from service.provider_control.records import (
    EVERY_PROVIDER,
    ProviderChange,
    change_told_by,
    event_of,
    put,
    state_of,
)
from service.provider_control.toggles import RuntimeToggles, ToggleState

THE_SERVICE = "service"

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """Who wants a change, and why: both are kept in the history."""

    actor: str
    reason: str


@dataclass(frozen=True, slots=True)
class _Step:
    kind: EventType
    subject: str
    rule: Callable[[ToggleState], ToggleState]


class UnknownProvider(NotFound):
    def __init__(self, wanted: str, known: Sequence[str]) -> None:
        super(NotFound, self).__init__(
            f"There is no provider {wanted[:100]!r}: the service was started with {', '.join(known)}, and "
            "only these can be switched. Another one has to be added to INTELLIGENCE_PROVIDERS first."
        )


class Switches:
    """Every change is one transaction that raises the version; this process follows it at once."""

    def __init__(
        self,
        database: Database,
        events: EventLog,
        toggles: RuntimeToggles,
        chain: IntelligenceChain,
        clock: Clock,
    ) -> None:
        self._database = database
        self._events = events
        self._toggles = toggles
        self._chain = chain
        self._clock = clock
        self._settled = False

    def change(self, name: str, *, enabled: bool | None, position: int | None, cause: Cause) -> ToggleState:
        """Enable, disable or place one provider. Raises `NotFound`, `InvalidField`, `Conflict`."""
        self.check_known(name)
        steps = []
        if enabled is not None:
            kind = PROVIDER_ENABLED if enabled else PROVIDER_DISABLED
            steps.append(_Step(kind, name, lambda state: state.switched(name, enabled=enabled)))
        if position is not None:
            steps.append(_Step(PROVIDERS_REORDERED, name, lambda state: state.placed(name, position)))
        return self._apply(steps, cause)

    def arrange(self, first: Sequence[str], cause: Cause) -> ToggleState:
        """Ask `first` before the others. Raises `NotFound`, `InvalidField`, `Conflict`."""
        for name in first:
            self.check_known(name)
        if len(set(first)) != len(first):
            raise InvalidField("order", "A provider is named twice; name each once.")
        return self._apply(
            [_Step(PROVIDERS_REORDERED, EVERY_PROVIDER, lambda state: state.arranged(first))], cause
        )

    def reset(self, cause: Cause) -> ToggleState:
        """Back to what is configured, also where the state was another configuration's."""
        return self._apply([_Step(PROVIDERS_RESET, EVERY_PROVIDER, self._as_configured)], cause)

    def reset_circuit(self, name: str, cause: Cause) -> ToggleState:
        """Close the provider's circuits and end its pause, in every process. Raises as `change`."""
        self.check_known(name)
        return self._apply(
            [_Step(PROVIDER_CIRCUIT_RESET, name, lambda state: state.with_circuits_reset(name))], cause
        )

    def check_known(self, name: str) -> None:
        """Raises `NotFound` telling the providers there are."""
        if name not in self._toggles.configured:
            raise UnknownProvider(name, self._toggles.configured)

    def settle(self) -> None:
        """Once per start: drop what was switched for another configuration, and say so."""
        if self._settled:
            return
        with self._database.reading() as session:
            row = queries.stored_toggles(session)
            fits = row is None or self._fits(state_of(row))
        if not fits:
            self._adopt_configuration()
        self._settled = True

    def follow(self) -> Mapping[str, int]:
        """Hold to what is stored. Raises `DatabaseUnavailable`, and then the last known state goes on."""
        held = self._toggles.state
        with self._database.reading() as session:
            row = queries.stored_toggles(session)
        stored = state_of(row) if row else ToggleState.as_configured(self._toggles.configured)
        if not self._fits(stored):  # another configuration's: not ours to follow, but for its circuits
            stored = ToggleState.as_configured(self._toggles.configured, circuit_resets=stored.circuit_resets)
        self._reset_circuits(self._toggles.follow(stored, instead_of=held))
        return {"followed": int(self._toggles.state.version != held.version)}

    def history(self, page: Page) -> Listing[ProviderChange]:
        """Newest first."""
        with self._database.reading() as session:
            rows = queries.history_page(session, page)
            total, estimated = queries.count_history(session)
        return paginate(
            [change_told_by(event) for event in rows],
            page,
            total=total,
            estimated=estimated,
            place=lambda change: Cursor(change.at, str(change.id)),
        )

    def _apply(self, steps: Sequence[_Step], cause: Cause) -> ToggleState:
        with self._database.writing() as session:
            row = queries.held_toggles(session, self._toggles.configured)
            state = self._fitting(state_of(row), steps)
            version, now = row.version + 1, self._clock.now()
            for step in steps:
                changed = replace(
                    step.rule(state),
                    version=version,
                    changed_by=cause.actor,
                    reason=cause.reason,
                    changed_at=now,
                )
                self._events.record(session, event_of(step.kind, step.subject, state, changed))
                state = changed
            put(row, state)
        for step in steps:
            log.info(
                "provider_switched",
                change=step.kind.name,
                provider=step.subject,
                version=version,
                by=cause.actor,
            )
        self._reset_circuits(self._toggles.follow(state))
        return state

    def _fitting(self, stored: ToggleState, steps: Sequence[_Step]) -> ToggleState:
        if self._fits(stored) or steps[0].kind is PROVIDERS_RESET:
            return stored
        raise Conflict(
            f"The stored state is for the providers {', '.join(stored.configured)}, and this process was "
            f"started with {', '.join(self._toggles.configured)}. Start it with the same "
            "INTELLIGENCE_PROVIDERS, or reset the providers first."
        )

    def _adopt_configuration(self) -> None:
        with self._database.writing() as session:
            row = queries.held_toggles(session, self._toggles.configured)
            stored = state_of(row)
            if self._fits(stored):  # another process was faster
                return
            dropped = replace(
                self._as_configured(stored),
                version=stored.version + 1,
                changed_by=THE_SERVICE,
                reason="INTELLIGENCE_PROVIDERS has changed.",
                changed_at=self._clock.now(),
            )
            put(row, dropped)
            if not stored.changes_nothing:
                self._events.record(
                    session, event_of(PROVIDER_TOGGLES_DROPPED, EVERY_PROVIDER, stored, dropped)
                )
        if not stored.changes_nothing:
            log.warning(
                "provider_toggles_dropped",
                configured=list(dropped.configured),
                made_for=list(stored.configured),
                version=dropped.version,
            )

    def _as_configured(self, stored: ToggleState) -> ToggleState:
        return replace(stored, configured=self._toggles.configured).reset()

    def _fits(self, stored: ToggleState) -> bool:
        return stored.configured == self._toggles.configured

    def _reset_circuits(self, names: Sequence[str]) -> None:
        for name in names:
            self._chain.reset_circuits(name)
