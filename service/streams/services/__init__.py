from service.streams.services.feeding import EventFeed
from service.streams.services.parts import StreamServices
from service.streams.services.past import EventPage, PastEvents

__all__ = ["EventFeed", "EventPage", "PastEvents", "StreamServices"]
