"""Several targets loaded one after the other, in rounds, so that noise meets all of them alike."""

import json
import statistics
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from benchmarks.processes import ROOT

Figures = dict[str, float]
"""What `benchmarks.load` prints."""


def loaded(
    port: int,
    *,
    connections: int,
    seconds: float,
    path: str | None = None,
    requests: Path | None = None,
    api_key: str | None = None,
    header: str | None = None,
) -> Figures:
    """By a process of its own; with the requests of a file, or one path again and again."""
    arguments = ["--port", str(port), "--connections", str(connections), "--seconds", str(seconds)]
    if path:
        arguments += ["--path", path]
    if requests:
        arguments += ["--requests", str(requests)]
    if api_key:
        arguments += [f"--api-key={api_key}"]  # one word: a key may begin with a dash
    if header:
        arguments += [f"--header={header}"]
    run = [sys.executable, "-m", "benchmarks.load", *arguments]
    ended = subprocess.run(run, cwd=ROOT, check=True, capture_output=True, timeout=seconds + 60)
    figures: Figures = json.loads(ended.stdout)
    return figures


def in_rounds(targets: Mapping[str, Callable[[], Figures]], rounds: int) -> Iterator[dict[str, Figures]]:
    """The figures of each round by target, in the order given; each round begins with the next of them."""
    names = list(targets)
    for number in range(rounds):
        first = number % len(names)
        figures = {name: targets[name]() for name in names[first:] + names[:first]}
        yield {name: figures[name] for name in names}


def median_ratio(
    rounds: Sequence[Mapping[str, Figures]], of: str, to: str, figure: str = "per_second"
) -> float:
    """Of one target's figure to another's, round by round."""
    return statistics.median(each[of][figure] / each[to][figure] for each in rounds)


def median(rounds: Sequence[Mapping[str, Figures]], of: str, figure: str = "per_second") -> float:
    return statistics.median(each[of][figure] for each in rounds)
