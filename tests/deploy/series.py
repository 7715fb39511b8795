"""Recorded series, written as promtool's unit tests write them: `0+10x20 _x3 5`."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import promql_parser

STEP = re.compile(r"(?P<start>-?[\d.]+)(?:(?P<rise>[+-][\d.]+))?(?:x(?P<times>\d+))?")
GAP = re.compile(r"_(?:x(?P<times>\d+))?")

Labels = Mapping[str, str]


@dataclass(frozen=True)
class Series:
    """`samples`: (seconds, value), in order of time. The metric's name is the label `__name__`."""

    labels: Labels
    samples: Sequence[tuple[float, float]]


def recorded(notation: str, values: str, interval_s: float) -> Series:
    selector: Any = promql_parser.parse(notation)
    labels = {matcher.name: matcher.value for matcher in selector.matchers.matchers}
    samples = [
        (step * interval_s, value) for step, value in enumerate(_expanded(values)) if value is not None
    ]
    return Series({"__name__": selector.name, **labels}, samples)


def _expanded(values: str) -> list[float | None]:
    found: list[float | None] = []
    for word in values.split():
        if gap := GAP.fullmatch(word):
            found += [None] * int(gap["times"] or 1)
        elif step := STEP.fullmatch(word):
            rise = float(step["rise"] or 0)
            found += [float(step["start"]) + rise * nth for nth in range(int(step["times"] or 0) + 1)]
        else:
            raise ValueError(f"no sample: {word!r}")
    return found
