"""Strategies by their names: those of the desk, and those of a team that has its own."""

import threading
from collections.abc import Mapping, Sequence
from pkgutil import resolve_name

import structlog

from service.assignment.strategies.rules import StrategyOptions
from service.assignment.strategies.shapes import Strategy
from service.strategy_table import STRATEGIES

log = structlog.get_logger()


class Strategies:
    """Of the table, each made once. `names`: the desk's, for teams without their own."""

    def __init__(
        self,
        names: Sequence[str] = tuple(STRATEGIES),
        options: StrategyOptions | None = None,
        table: Mapping[str, str] = STRATEGIES,
    ) -> None:
        wanted = options or StrategyOptions()
        self._by_name: dict[str, Strategy] = {
            name: resolve_name(target).made(wanted) for name, target in table.items()
        }
        self._told: set[str] = set()
        self._lock = threading.Lock()
        self._of_the_desk = self._made(names)

    def of(self, names: Sequence[str] | None) -> tuple[Strategy, ...]:
        """Of a team that chose these, or chose none (None).

        A name that a newer version has written here is left out, and told in the log once.
        """
        return self._of_the_desk if names is None else self._made(names)

    def _made(self, names: Sequence[str]) -> tuple[Strategy, ...]:
        for name in names:
            if name not in self._by_name:
                self._tell(name)
        return tuple(self._by_name[name] for name in names if name in self._by_name)

    def _tell(self, name: str) -> None:
        with self._lock:
            if name in self._told:
                return
            self._told.add(name)
        log.warning("unknown_strategy", strategy=name, known=sorted(self._by_name))
