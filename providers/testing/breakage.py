"""The ways in which an upstream can fail its provider."""

from enum import StrEnum

RETRY_AFTER_S = 7


class Breakage(StrEnum):
    """What is done to the upstream, for every call until it is mended."""

    HANG = "hang"
    """Takes the connection and never answers."""
    DRIP = "drip"
    """Answers byte by byte, without end."""
    DRIP_HEADERS = "drip_headers"
    """As `DRIP`, from the first header on."""
    CUT = "cut"
    """Closes the connection without an answer."""
    SERVER_ERROR = "server_error"
    KEY_REFUSED = "key_refused"
    RATE_LIMITED = "rate_limited"
    """Asks for a pause of `RETRY_AFTER_S` seconds."""
    REQUEST_REFUSED = "request_refused"
    REDIRECT = "redirect"
    """Sends the caller to another host."""
    TRUNCATED = "truncated"
    """Ends in the middle of its answer."""
    GARBAGE = "garbage"
    """Succeeds with something that is no answer."""
    EMPTY_BODY = "empty_body"
    """Succeeds with nothing."""
    NOT_A_NUMBER = "not_a_number"
    """Succeeds with NaN for a figure."""
    HUGE = "huge"
    """Succeeds with megabytes."""
    OTHER_CUSTOMER = "other_customer"
    """Answers, about somebody else."""
    EMPTY_TEXT = "empty_text"
    """Succeeds with a draft without a word."""
