"""Why nothing came of a call. `str()` is a plain sentence, and names no part of an address but the host."""

from enum import StrEnum


class Reason(StrEnum):
    REFUSED = "address_refused"
    NO_SUCH_NAME = "no_such_name"
    NO_CONNECTION = "no_connection"
    TLS = "tls"
    TIMEOUT = "timeout"
    NO_HTTP = "no_http"


class OutboundFailed(Exception):
    def __init__(self, reason: Reason, sentence: str) -> None:
        super().__init__(sentence)
        self.reason = reason


class AddressRefused(OutboundFailed):
    """The desk sends nothing there. Not an `OSError`: no library takes it for a connection to try again."""

    def __init__(self, sentence: str) -> None:
        super().__init__(Reason.REFUSED, sentence)
