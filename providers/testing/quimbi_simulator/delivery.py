"""Faults that show on the wire: how a reply is held back, dripped or cut."""

from providers.testing.quimbi_simulator.faults import Fault, Hits
from providers.testing.replies import Reply
from providers.testing.wire import Wire


def hold(wire: Wire, hits: Hits) -> None:
    """What comes before any answer. Raises `wire.Departed` where there will be none."""
    if (cut := hits.parameters(Fault.CUT)) is not None:
        wire.cut(reset=cut["reset"])
    if hits.parameters(Fault.HANG) is not None:
        wire.wait_for_ever(hits.released)


def begin(wire: Wire, reply: Reply, hits: Hits) -> bytes:
    """Writes what is not to be written in one go; the rest is returned, and is never empty."""
    head, payload = reply.head(keep_alive=wire.keep_alive), reply.payload()
    if (cut := hits.parameters(Fault.CUT_BODY)) is not None:
        wire.write(head + payload[: len(payload) // 2])
        wire.cut(reset=cut["reset"])
    if (drip := hits.parameters(Fault.DRIPPING_HEADER)) is not None:
        wire.drip(head[:-1], drip["interval_s"], hits.released)
        return head[-1:] + payload
    if (drip := hits.parameters(Fault.DRIPPING_BODY)) is not None and payload:
        wire.write(head)
        wire.drip(payload[:-1], drip["interval_s"], hits.released)
        return payload[-1:]
    return head + payload
