from hypothesis import given
from hypothesis import strategies as st

from service.serving.lanes import STANDING_QUEUE_WAIT_S, Lane, LanePlan, Lanes, plan


class Request:
    def __init__(self, path):
        self.path = path


class WaitingChannel:
    def __init__(self, path="/"):
        self.requests = [Request(path)]
        self.refused = []

    def service(self): ...

    def cancel(self): ...

    def refuse(self, retry_after_s):
        self.refused.append(retry_after_s)


class Hands:
    """A clock turned by hand."""

    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now


def lanes_on(clock):
    return Lanes(plan(desk_threads=8, provider_threads=16), clock)


def test_only_what_may_wait_for_a_provider_is_in_its_lane():
    lanes = lanes_on(Hands())
    names = {
        path: lanes.lane_of(path).plan.name
        for path in ("/api/ai/customers/1/churn", "//api/ai/x", "/api/tickets", "/livez", "", "*", "/api/aid")
    }

    assert [path for path, name in names.items() if name == "providers"] == [
        "/api/ai/customers/1/churn",
        "//api/ai/x",
    ]


def test_a_request_without_a_path_is_the_desks():
    lanes = lanes_on(Hands())
    channel = WaitingChannel()
    del channel.requests[0].path
    lanes.add_task(channel)

    assert lanes.lane_of("/").queue


def test_life_is_told_by_a_thread_of_its_own():
    lanes = lanes_on(Hands())

    assert lanes.lane_of("/livez").plan.name == "life"
    assert lanes.lane_of("/readyz").plan.name == "desk"


def test_nothing_is_refused_while_a_thread_is_idle_however_long_the_process_stood_still():
    clock = Hands()
    lanes = lanes_on(clock)
    lane, channel = lanes.lane_of("/"), WaitingChannel()
    lane.threads.update({0, 1})
    lane.active_count = 1
    lanes.add_task(channel)
    clock.now += 60
    lanes.sweep()
    assert (channel.refused, len(lane.queue)) == ([], 1)
    lane.active_count = 2
    lanes.sweep()
    assert channel.refused == [2.0]


def test_a_request_that_waited_longer_than_it_is_worth_is_refused():
    clock = Hands()
    lanes = lanes_on(clock)
    channel = WaitingChannel()
    lanes.add_task(channel)
    clock.now += 1.9
    lanes.sweep()
    assert channel.refused == []
    clock.now += 0.2
    lanes.sweep()

    assert channel.refused == [2.0]


def test_a_queue_that_stands_refuses_newcomers_almost_at_once():
    clock = Hands()
    lanes = lanes_on(clock)
    for _ in range(30):  # a request every 0.1 s and nobody to serve them
        lanes.add_task(WaitingChannel())
        lanes.sweep()
        clock.now += 0.1
    newcomer = WaitingChannel()
    lanes.add_task(newcomer)
    clock.now += STANDING_QUEUE_WAIT_S * 1.5
    lanes.sweep()

    assert newcomer.refused


def test_the_other_lane_is_not_touched_by_overload():
    clock = Hands()
    lanes = lanes_on(clock)
    fast, slow = WaitingChannel("/livez"), WaitingChannel("/api/ai/x")
    lanes.add_task(slow)
    clock.now += 4
    lanes.add_task(fast)
    clock.now += 1.5
    lanes.sweep()

    assert (slow.refused, fast.refused) == ([5.0], [])


@given(st.lists(st.floats(0, 1), max_size=40), st.floats(0.2, 3))
def test_nothing_stays_queued_beyond_the_limit_and_order_is_kept(gaps, max_wait_s):
    clock = Hands()
    lane = Lane(LanePlan(name="desk", prefixes=("/",), threads=1, max_wait_s=max_wait_s), clock)
    added, refused = [], []
    for gap in gaps:
        channel = WaitingChannel()
        lane.add_task(channel)
        added.append(channel)
        clock.now += gap
        refused += [waiting.channel for waiting in lane.take_overdue()]
        assert all(clock.now - waiting.since <= max_wait_s for waiting in lane.queue)

    assert refused == added[: len(refused)]


def test_a_hanging_provider_leaves_the_desk_free_and_overload_is_a_503(tiny):
    server = tiny()
    hanging = [server.connect() for _ in range(4)]  # two threads serve them, two wait
    for connection in hanging:
        connection.get("/api/ai/hang", "Origin: https://desk.example")

    assert server.get("/livez").status == 200
    refused = [connection.reply() for connection in hanging[2:]]
    assert [reply.problem["status"] for reply in refused] == [503, 503]
    assert refused[0].headers["retry-after"] == "1"
    assert refused[0].headers["access-control-allow-origin"] == "https://desk.example"
    hanging[2].get("/livez")  # a refused request leaves its connection open
    assert hanging[2].reply().status == 200
    assert server.get("/release").status == 200
    assert [connection.reply().status for connection in hanging[:2]] == [200, 200]
