"""The trace at hand, and the headers of a call that continues it."""

import re
import threading

from providers import tracing
from providers.tracing import Trace, enter, new_trace, outgoing_headers, own_trace

TRACEPARENT = re.compile(r"00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})")


def test_a_call_outside_of_any_trace_begins_one() -> None:
    first, second = (TRACEPARENT.fullmatch(outgoing_headers()["traceparent"]) for _ in range(2))
    assert first
    assert second
    assert first[1] != second[1]
    assert first[3] == "01"


def test_calls_of_one_trace_are_spans_of_their_own() -> None:
    with own_trace() as trace:
        spans = [outgoing_headers()["traceparent"].split("-") for _ in range(3)]
    assert {parts[1] for parts in spans} == {trace.trace_id}
    assert len({parts[2] for parts in spans}) == 3


def test_flags_and_state_go_along_as_they_came() -> None:
    headers = Trace("a" * 32, flags=2, state="rojo=1").headers()
    assert headers["traceparent"].endswith("-02")
    assert headers["tracestate"] == "rojo=1"
    assert "tracestate" not in Trace("a" * 32).headers()


def test_work_in_the_background_gives_the_former_trace_back() -> None:
    with own_trace() as outer:
        with own_trace() as inner:
            assert tracing.current() == inner
        assert tracing.current() == outer
    assert tracing.current() is None


def test_threads_do_not_see_each_others_traces() -> None:
    seen: list[Trace | None] = []

    def work() -> None:
        seen.append(tracing.current())
        enter(new_trace())

    with own_trace() as trace:
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
        assert tracing.current() == trace
    assert seen == [None]
