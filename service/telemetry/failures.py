"""An exception as fields: what failed and where, without the values that were in play."""

from types import TracebackType
from typing import Any

OWN_PACKAGES = ("service", "providers")
INNERMOST_FRAMES = 12
LONGEST_CHAIN = 4


def describe(error: BaseException, *, chain: int = LONGEST_CHAIN) -> dict[str, Any]:
    """`type`, `frames` (innermost last) and `cause`.

    `message` only for our own classes: a library's may quote SQL parameters, URLs or bodies.
    """
    kind = type(error)
    described: dict[str, Any] = {"type": f"{kind.__module__}.{kind.__qualname__}"}
    if kind.__module__.partition(".")[0] in OWN_PACKAGES:
        described["message"] = str(error)
    described["frames"] = _frames(error.__traceback__)
    cause = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if cause is not None and chain > 1:
        described["cause"] = describe(cause, chain=chain - 1)
    return described


def _frames(traceback: TracebackType | None) -> list[str]:
    frames = []
    while traceback is not None:
        frame = traceback.tb_frame
        module = frame.f_globals.get("__name__", "?")
        frames.append(f"{module}:{traceback.tb_lineno} {frame.f_code.co_name}")
        traceback = traceback.tb_next
    return frames[-INNERMOST_FRAMES:]
