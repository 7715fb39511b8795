"""How the desk's rules refuse. Views let these pass; `service.http.problems` words them for the wire."""


class DeskError(Exception):
    """`str()` is a plain sentence for people."""


class NotFound(DeskError):
    def __init__(self, kind: str, wanted: str | int) -> None:
        super().__init__(f"There is no {kind} {str(wanted)[:100]!r}.")


class InvalidField(DeskError):
    """A value that only the desk's own state can tell is wrong."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


class Conflict(DeskError):
    """The request does not fit the present state; the caller can look and try again."""


class Unavailable(DeskError):
    """Something the answer needs is away. `retry_after_s`: when it is worth asking again."""

    def __init__(self, message: str, *, retry_after_s: float = 5) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s
