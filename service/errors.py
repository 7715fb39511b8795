"""How the desk's rules refuse. Views let these pass; `service.http.problems` words them for the wire."""


class DeskError(Exception):
    """`str()` is a plain sentence for people."""


class NotFound(DeskError):
    def __init__(self, kind: str, wanted: str | int) -> None:
        super().__init__(f"There is no {kind} {str(wanted)[:100]!r}.")


class NotKnownYet(NotFound):
    """Nothing that was learnt so far tells it; the same request may find it later."""

    def __init__(self, sentence: str) -> None:
        DeskError.__init__(self, sentence)


class Forbidden(DeskError):
    """The caller may do such a thing, but not to this one, or not this much of it."""


class Conflict(DeskError):
    """What is asked for does not fit the state that there is."""


class InvalidField(DeskError):
    """A value that only the desk's own state can tell is wrong."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


class Stale(DeskError):
    """What is to be changed is no longer what the caller has read."""


class Unauthenticated(DeskError):
    """What was brought to sign in with is wrong, or is over."""


class Throttled(DeskError):
    """Tried too often."""

    def __init__(self, sentence: str, *, retry_after_s: float) -> None:
        super().__init__(sentence)
        self.retry_after_s = retry_after_s


class Busy(Throttled):
    """Too much of it goes on at once; the caller has done nothing wrong."""
