"""The last line of defence: nobody should log a secret, and one who does finds it blotted out."""

import re
from collections.abc import Mapping
from functools import lru_cache
from types import NoneType
from typing import Any

REDACTED = "[redacted]"

_SECRET_NAME = re.compile(
    r"passw(or)?d|secret|token|api_?key|authorization|cookie|private_?key", re.IGNORECASE
)

_SECRET_VALUE = re.compile(
    rb"qpk_(?:live|test)_[\w-]*"
    rb"|\b(?:sd|refresh|invitation)_[\w-]{43}"
    rb"|\beyJ[\w-]+\.[\w-]+\.[\w-]+"
    rb"|\b(?:Bearer|Basic|bearer|basic) [\w.~+/=-]{8,}"
    rb"|(?<=://)[^/@\s\"]*:[^/@\s\"]*(?=@)"
    rb"|(?<=key=)[^&\s\"]+|(?<=token=)[^&\s\"]+|(?<=secret=)[^&\s\"]+|(?<=password=)[^&\s\"]+"
)

_TRACES = (b"=", b"qpk_", b"sd_", b"refresh_", b"invitation_", b"eyJ", b"://", b"earer ", b"asic ")
"""Without one of these in it a line holds nothing to blot out; looking costs a tenth of the expression."""


_PLAIN = frozenset({str, int, float, bool, NoneType})


@lru_cache(maxsize=1024)
def _name_a_secret(*keys: str) -> bool:
    """Any of them. Lines of one event have the same keys, so that one question answers for all."""
    return any(_SECRET_NAME.search(str(key).replace("-", "_")) for key in keys)


def without_secret_fields(fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """The same fields, those named like secrets blotted out at any depth."""
    if not _name_a_secret(*fields) and _PLAIN.issuperset(map(type, fields.values())):
        return fields
    return {key: REDACTED if _name_a_secret(key) else _inside(value) for key, value in fields.items()}


def _inside(value: Any) -> Any:
    if isinstance(value, dict):
        return without_secret_fields(value)
    if isinstance(value, list | tuple):
        return [_inside(entry) for entry in value]
    return value


def without_secret_values(line: bytes) -> bytes:
    """Keys and tokens of Quimbi and of the desk, credentials in headers and URLs, wherever they stand."""
    if any(trace in line for trace in _TRACES):
        return _SECRET_VALUE.sub(REDACTED.encode(), line)
    return line
