"""The figures of several processes as one: each writes them to files that any of them can add up."""

import os
from pathlib import Path

from prometheus_client import CollectorRegistry, multiprocess, values

VARIABLE = "PROMETHEUS_MULTIPROC_DIR"
"""Where the library looks for the directory whenever it opens a file."""

_succeeding = False


def join(directory: Path, place: int) -> None:
    """Let this process, the `place`th of its kind, write its figures to `directory`.

    To be called before any metric is made. Files bear the number of the place and not of the process:
    a successor counts on where the dead one ended, and the files do not grow in number.
    """
    global _succeeding  # noqa: PLW0603  # like the library's own choice, this is one for the whole process
    _succeeding = (directory / f"counter_{place}.db").exists()
    os.environ[VARIABLE] = str(directory)
    # The library chooses when first imported, by the variable; here the import comes before the fork.
    values.ValueClass = values.MultiProcessValue(process_identifier=lambda: place)


def bury(directory: Path, place: int) -> None:
    """Take what a dead process said of its present state out of the sums; what it counted stays."""
    multiprocess.mark_process_dead(place, str(directory))


def is_successor() -> bool:
    """Whether this process has the place of one that died."""
    return _succeeding


def of_all_processes(own: CollectorRegistry) -> CollectorRegistry:
    """`own` where this process shares nothing."""
    if VARIABLE not in os.environ:
        return own
    together = CollectorRegistry()
    multiprocess.MultiProcessCollector(together)
    return together
