"""The upstream that the suite brings for providers over HTTP."""

import json
import subprocess
import sys
import threading
from pathlib import Path

import pytest
import requests

from providers.testing.breakage import RETRY_AFTER_S
from providers.testing.upstream import Breakage, FakeUpstream, Reply
from tests.pages import ROOT

SCORES = {"customer": "C-1", "churn": 0.18, "orders": [{"of": "C-1", "total": 3}], "vip": True}


@pytest.fixture
def upstream():
    with FakeUpstream() as upstream:
        upstream.answers("GET /scores/C-1", SCORES)
        yield upstream


def get(upstream, path="/scores/C-1", **options):
    return requests.get(upstream.url + path, timeout=5, **options)


def test_the_first_route_that_matches_answers(upstream):
    upstream.answers("GET /scores/*", {"error": "nobody"}, status=404)
    upstream.answers("GET /scores/C-2", {"customer": "C-2"})
    assert get(upstream).json() == SCORES
    assert get(upstream, "/scores/C-2").status_code == 404
    assert requests.post(upstream.url + "/scores/C-1", timeout=5).json() == {"error": "No such route"}


def test_a_function_answers_by_the_request(upstream):
    upstream.answers("POST /echo", lambda request: Reply.of(201, json.loads(request.raw)))
    answer = requests.post(upstream.url + "/echo", json={"a": 1}, timeout=5)
    assert (answer.status_code, answer.json()) == (201, {"a": 1})


def test_it_tells_what_it_received(upstream):
    get(upstream, headers={"X-API-Key": "k"}, params={"window_days": 90})
    (received,) = upstream.requests
    assert (received.method, received.path, received.query) == ("GET", "/scores/C-1", "window_days=90")
    assert received.headers["x-api-key"] == "k"


@pytest.mark.parametrize(
    ("breakage", "status"),
    [
        (Breakage.SERVER_ERROR, 500),
        (Breakage.KEY_REFUSED, 401),
        (Breakage.RATE_LIMITED, 429),
        (Breakage.REQUEST_REFUSED, 422),
        (Breakage.REDIRECT, 307),
        (Breakage.GARBAGE, 200),
        (Breakage.EMPTY_BODY, 200),
        (Breakage.TRUNCATED, 200),
    ],
    ids=str,
)
def test_a_breakage_shows_until_it_is_mended(upstream, breakage, status):
    assert upstream.breaks(breakage)
    answer = get(upstream, allow_redirects=False)
    assert answer.status_code == status
    assert answer.text != json.dumps(SCORES)
    upstream.mend()
    assert get(upstream).json() == SCORES


def test_a_rate_limit_says_how_long(upstream):
    upstream.breaks(Breakage.RATE_LIMITED)
    assert get(upstream).headers["Retry-After"] == str(RETRY_AFTER_S)


def test_nan_takes_the_place_of_every_number(upstream):
    upstream.breaks(Breakage.NOT_A_NUMBER)
    spoilt = json.loads(get(upstream).text, parse_constant=lambda name: name)
    assert (spoilt["churn"], spoilt["orders"][0]["total"], spoilt["vip"]) == ("NaN", "NaN", True)


def test_somebody_else_takes_the_place_of_the_customer(upstream):
    upstream.breaks(Breakage.OTHER_CUSTOMER, about="C-1")
    spoilt = get(upstream).json()
    assert spoilt["customer"] == spoilt["orders"][0]["of"] != "C-1"
    assert spoilt["churn"] == SCORES["churn"]


def test_a_huge_reply_is_the_same_json(upstream):
    upstream.breaks(Breakage.HUGE)
    answer = get(upstream)
    assert len(answer.content) > 2**20
    assert answer.json() == SCORES


@pytest.mark.parametrize("breakage", [Breakage.HANG, Breakage.DRIP, Breakage.DRIP_HEADERS], ids=str)
def test_mending_lets_go_whom_it_kept_waiting(upstream, breakage):
    upstream.breaks(breakage)
    mending = threading.Timer(0.05, upstream.mend)
    mending.start()
    assert get(upstream).json() == SCORES
    mending.join()


def test_a_cut_connection_brings_no_answer(upstream):
    upstream.breaks(Breakage.CUT)
    with pytest.raises(requests.ConnectionError):
        get(upstream)


def test_a_redirect_that_is_followed_is_answered_and_told(upstream):
    upstream.breaks(Breakage.REDIRECT)
    get(upstream, allow_redirects=False)
    assert not upstream.was_led_elsewhere
    assert get(upstream).json() == SCORES
    assert upstream.was_led_elsewhere


def test_it_says_where_a_breakage_would_not_show(upstream):
    assert not upstream.breaks(Breakage.OTHER_CUSTOMER, about="C-9")
    assert not upstream.breaks(Breakage.EMPTY_TEXT)
    upstream.reset()
    upstream.answers("GET /tier", {"tier": "gold"})
    assert not upstream.breaks(Breakage.NOT_A_NUMBER)


def test_its_own_words_go_before_the_usual_ones(upstream):
    upstream.when(Breakage.EMPTY_TEXT, {"text": ""})
    upstream.when(Breakage.KEY_REFUSED, {"status": "denied"}, status=403)
    assert upstream.breaks(Breakage.EMPTY_TEXT)
    assert get(upstream).json() == {"text": ""}
    upstream.breaks(Breakage.KEY_REFUSED)
    assert get(upstream).status_code == 403


def test_it_runs_on_a_file_and_is_broken_from_outside(tmp_path: Path):
    replies = tmp_path / "replies.json"
    replies.write_text(
        json.dumps({"GET /scores/C-1": SCORES, "GET /*": {"status": 404, "reply": {"error": "no"}}})
    )
    server = subprocess.Popen(
        [sys.executable, "-m", "providers.testing.upstream", str(replies), "--port", "0"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        url = server.stdout.readline().split()[-1]
        assert requests.get(f"{url}/scores/C-1", timeout=5).json() == SCORES
        assert requests.get(f"{url}/other", timeout=5).status_code == 404
        told = requests.put(f"{url}/_breakage/server_error", timeout=5).json()
        assert told == {"breakage": "server_error", "shows": True}
        assert requests.get(f"{url}/scores/C-1", timeout=5).status_code == 500
        assert requests.put(f"{url}/_breakage/nonsense", timeout=5).status_code == 404
        requests.delete(f"{url}/_breakage", timeout=5)
        assert requests.get(f"{url}/scores/C-1", timeout=5).json() == SCORES
    finally:
        server.terminate()
        server.stdout.close()
        assert server.wait(timeout=10) == 0
