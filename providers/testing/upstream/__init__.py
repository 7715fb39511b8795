"""The upstream of a provider of yours, for its tests: real sockets, your replies, every way to fail."""

from providers.testing.breakage import Breakage
from providers.testing.replies import Reply
from providers.testing.upstream.fake import FakeUpstream
from providers.testing.wire import Request

__all__ = ["Breakage", "FakeUpstream", "Reply", "Request"]
