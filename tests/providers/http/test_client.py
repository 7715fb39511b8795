"""What any provider gets from the shared client; Quimbi's tests put it under every fault of the wire."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from providers.errors import CustomerNotFound, DeadlinePassed, InvalidAnswer
from providers.http import HttpClient, retry_after_s, segment
from providers.testing.fakes import FakeClock
from providers.testing.upstream import FakeUpstream


@pytest.fixture
def upstream():
    with FakeUpstream() as upstream:
        yield upstream


@pytest.fixture
def client(upstream):
    client = HttpClient(
        "CRM",
        upstream.url,
        FakeClock(),
        credentials={"Authorization": "Bearer secret"},
        pool_size=2,
        unknown_customer=lambda body: body == {"error": "who?"},
    )
    yield client
    client.close()


def test_a_get_carries_the_credentials_and_no_body(client, upstream):
    upstream.answers("GET /scores/C-1", {"churn": 1})
    assert client.get("/scores/C-1", 5) == {"churn": 1}
    (asked,) = upstream.requests
    assert asked.headers["authorization"] == "Bearer secret"
    assert "content-type" not in asked.headers
    assert asked.raw == b""


def test_only_the_body_tells_an_unknown_customer_from_an_address_that_is_wrong(client, upstream):
    upstream.answers("GET /scores/*", {"error": "who?"}, status=404)
    with pytest.raises(CustomerNotFound):
        client.get("/scores/C-1", 5)
    with pytest.raises(InvalidAnswer):
        client.get("/scroes/C-1", 5)


def test_without_a_word_for_it_every_404_is_a_wrong_address(upstream):
    client = HttpClient("CRM", upstream.url, FakeClock(), credentials={}, pool_size=1)
    with pytest.raises(InvalidAnswer, match="CRM answered 404"):
        client.get("/scores/C-1", 5)
    client.close()


@pytest.mark.parametrize("timeout_s", [0, -1])
def test_without_time_left_nothing_is_sent(client, upstream, timeout_s):
    with pytest.raises(DeadlinePassed):
        client.get("/scores/C-1", timeout_s)
    assert upstream.requests == []


def test_its_repr_tells_no_credentials(client):
    assert "secret" not in repr(client)


@pytest.mark.parametrize("id_", ["", ".", "..", "\ud800"])
def test_an_id_that_no_path_can_hold_is_nobodys(id_):
    with pytest.raises(CustomerNotFound):
        segment(id_)


@given(st.text(st.characters(codec="utf-8"), min_size=1).filter(lambda id_: id_ not in {".", ".."}))
def test_any_other_id_is_one_segment(id_):
    assert not set(segment(id_)) & set("/?#\\ \r\n\0")


NUMBERS = st.integers(-(10**30), 10**30).map(str)
PARTS_OF_DATES = st.sampled_from(
    [
        "Thu",
        "Jan",
        "1",
        "31",
        "0",
        "2026",
        "9999",
        "00:00:00",
        "24:60",
        "::",
        "+0000",
        "-2359",
        "GMT",
        ",",
        "²",
        "٣",
    ]
)


@given(st.text() | st.lists(NUMBERS | PARTS_OF_DATES, max_size=9).map(" ".join))
@example("Thu, 1 Jan 2026 00:00:00 +99999999999999999999")
@example("Thu, 99999999999999999999 Jan 2026 00:00:00 GMT")
@example("Fri, 31 Dec 9999 23:59:59 -2359")
def test_whatever_a_server_says_of_when_to_come_again_is_a_time_or_nothing(stated):
    seconds = retry_after_s(stated, FakeClock().now())
    assert seconds is None or 0 <= seconds < 10**12
