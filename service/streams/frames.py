"""Server-sent events, as the HTML standard has their bytes."""

import msgspec

from service.feed.following import FedEvent
from service.streams.schemas import EventSchema

CONTENT_TYPE = "text/event-stream; charset=utf-8"
RETRY_MS = 2_000
"""How long a browser waits before it comes back by itself."""

HEARTBEAT = b": still here\n\n"
_SCHEMA = EventSchema()


def frame(event: FedEvent) -> bytes:
    """JSON holds no line break, so one line of data is enough."""
    return b"id: %d\ndata: %b\n\n" % (event.position, msgspec.json.encode(_SCHEMA.dump(event)))


def opening(position: int) -> bytes:
    """With the position from the start: whoever is cut off before the first event goes on from there."""
    return b"retry: %d\n" % RETRY_MS + place(position)


def place(position: int) -> bytes:
    """How far the stream has come, where what lies before was not for this client."""
    return b'id: %d\nevent: position\ndata: {"position":%d}\n\n' % (position, position)
