"""Answers that are left open: a view gives the head, and whoever it names writes on from then on."""

from collections.abc import Callable
from typing import Protocol

from flask import Response, request

LEFT_OPEN = "support.left_open"
"""Where a view leaves who is to go on, in the environment of WSGI."""


class Line(Protocol):
    """An answer that goes on. One thread at a time uses it; nothing of it waits for the client."""

    def descriptor(self) -> int:
        """Of its socket, -1 once closed."""

    def unsent(self) -> int:
        """Bytes that wait here, since the client takes them slowly; 0 once closed."""

    def write(self, sent: bytes) -> None:
        """Nothing happens to it once the client is gone."""

    def end(self) -> None:
        """The client gets what was written, and sees that the answer is complete."""

    def cut(self) -> None:
        """At once, whatever the client has not taken."""


def leave_open(response: Response, begin: Callable[[Line], None]) -> Response:
    """`begin` is called once the head is on its way, and must return at once.

    A server that cannot leave an answer open ends it with its head.
    """
    response.automatically_set_content_length = False
    if request.method == "GET":
        request.environ[LEFT_OPEN] = begin
    return response
