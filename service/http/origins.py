"""Where the request that is being answered came from, for the audit."""

import structlog
from flask import has_request_context, request

from service.events import ADDRESS_LENGTH, Origin


def asked_from() -> Origin:
    """Nothing is known outside of a request: of a command, or of timed work."""
    if not has_request_context():
        return Origin()
    request_id = structlog.contextvars.get_contextvars().get("request_id")
    return Origin(request_id, (request.remote_addr or "")[:ADDRESS_LENGTH] or None)
