"""Good replies made bad, and bad ones from nothing."""

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from providers.testing.replies import Reply, to_json

HUGE_BYTES = 2 * 1024 * 1024

HTML_PAGE = (
    "<!DOCTYPE html><html><head><title>502 Bad Gateway</title></head>"
    "<body><center><h1>502 Bad Gateway</h1></center><hr><center>nginx</center></body></html>"
)


def page(status: int) -> Reply:
    return Reply(status=status, body=HTML_PAGE.encode(), content_type="text/html")


def garbage() -> Reply:
    """Success, with bytes that are neither JSON nor text."""
    return Reply(status=200, body=b"\x1f\x8b\x00{\xff\xfe" * 20)


def truncated(reply: Reply) -> Reply:
    """Half of the body, under a length that says it is all."""
    return replace(reply, body=reply.body[: len(reply.body) // 2])


def padded(reply: Reply, size_bytes: int = HUGE_BYTES) -> Reply:
    """The same JSON, with blanks behind it."""
    return replace(reply, body=reply.body + b" " * size_bytes)


def without_numbers(reply: Reply, field: str | None = None) -> Reply:
    """NaN for every number, or for those under one field's name, however deep."""

    def spoil(value: Any, inside: bool) -> Any:
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        return math.nan if inside and is_number else value

    return replace(reply, body=to_json(_changed(reply.content, spoil, field)))


def about_another(reply: Reply, customer_id: str, *, other: str = "somebody-else") -> Reply:
    """Another id wherever the reply says this one."""

    def exchange(value: Any, _: bool) -> Any:
        return other if value == customer_id else value

    return replace(reply, body=to_json(_changed(reply.content, exchange)))


def _changed(
    value: Any, change: Callable[[Any, bool], Any], field: str | None = None, *, inside: bool = False
) -> Any:
    """`change` on every leaf, with whether it stands under `field` (always, where none is named)."""
    hit = inside or field is None
    if isinstance(value, dict):
        return {
            name: _changed(part, change, field, inside=hit or name == field) for name, part in value.items()
        }
    if isinstance(value, list):
        return [_changed(part, change, field, inside=hit) for part in value]
    return change(value, hit)
