import random
import re
import sqlite3
from pathlib import Path

import pytest

from service.database import DatabaseUnavailable
from service.http.problems import Problem, flatten, problem_body, retry_after
from service.wiring import Substitutes
from tests.wire.conftest import StartDesk
from tests.wire.desk import Desk

MEMBERS = {"type", "title", "status", "detail", "instance", "request_id"}
PLAIN_SENTENCE = re.compile(r"[A-Z].*\.", re.DOTALL)


def test_an_error_has_the_members_of_rfc_9457(desk: Desk) -> None:
    problem = desk.get("/api/tickets/none").json()
    assert set(problem) == MEMBERS
    assert (problem["type"], problem["title"], problem["status"]) == ("about:blank", "Not Found", 404)
    assert problem["instance"] == "/api/tickets/none"
    assert PLAIN_SENTENCE.fullmatch(problem["detail"])


def test_the_request_id_is_the_clients_own_where_it_brings_a_sound_one(desk: Desk) -> None:
    answer = desk.get("/api/tickets/none", headers={"X-Request-ID": "trace-1.a_B"})
    assert answer.json()["request_id"] == answer.headers["X-Request-ID"] == "trace-1.a_B"


@pytest.mark.parametrize("brought", ["", "a b", "x" * 65, "a\tb", '"', "é"])
def test_an_unsound_request_id_is_replaced(desk: Desk, brought: str) -> None:
    answer = desk.get("/api/tickets/none", headers={"X-Request-ID": brought.encode()})
    assert re.fullmatch(r"[0-9a-f]{16}", answer.headers["X-Request-ID"])
    assert answer.json()["request_id"] == answer.headers["X-Request-ID"]


def test_validation_errors_are_told_per_field(desk: Desk) -> None:
    answer = desk.post("/api/tickets", {"customer_id": "c", "subject": "", "tags": ["ok", 5]})
    problem = answer.json()
    assert answer.status_code == 422
    assert set(problem) == {*MEMBERS, "errors"}
    assert set(problem["errors"]) == {"subject", "tags.1"}
    assert all(isinstance(text, str) for texts in problem["errors"].values() for text in texts)


def test_answers_about_people_are_not_stored_by_caches(desk: Desk) -> None:
    for path in ("/api/tickets", "/api/tickets/none"):
        headers = desk.get(path).headers
        assert headers["Cache-Control"] == "no-store"
        assert headers["X-Content-Type-Options"] == "nosniff"


class BrokenDice(random.Random):
    """A fault of ours, in the middle of a request."""

    def random(self) -> float:
        raise sqlite3.ProgrammingError("SELECT secret FROM customers WHERE email = 'kim@example.com'")


def test_a_fault_of_ours_is_a_500_that_tells_nothing_and_is_logged_without_its_words(
    start_desk: StartDesk, tmp_path: Path
) -> None:
    desk = start_desk(Substitutes(random=BrokenDice()))
    answer = desk.post("/api/tickets", {"customer_id": "c", "subject": "s"})
    assert answer.status_code == 500
    assert not {"SELECT", "secret", "kim@", "Traceback", "sqlite"} & set(re.findall(r"[\w@]+", answer.text))
    logged = (tmp_path / "app.log").read_text()
    assert '"event":"request_failed"' in logged
    assert answer.json()["request_id"] in logged
    assert "SELECT" not in logged
    assert "kim@example.com" not in logged


@pytest.mark.parametrize(
    ("messages", "flat"),
    [
        ({"subject": ["a", "b"]}, {"subject": ["a", "b"]}),
        ({"tags": {0: ["a"], 3: ["b"]}}, {"tags.0": ["a"], "tags.3": ["b"]}),
        ({"_schema": ["a"]}, {"body": ["a"]}),
        ({"lines": {1: {"_schema": ["a"], "price": ["b"]}}}, {"lines.1": ["a"], "lines.1.price": ["b"]}),
    ],
)
def test_nested_messages_become_paths(messages: dict[str, object], flat: dict[str, list[str]]) -> None:
    assert flatten(messages) == flat


@pytest.mark.parametrize(
    ("field", "told"),
    [
        ({"hours": {"monday": [["09:00", "17:00"]]}}, {"hours.monday.0": ["Must be an object."]}),
        ({"hours": {"monday": "09:00-17:00"}}, {"hours.monday": ["Must be a list."]}),
        ({"hours": []}, {"hours": ["Must be an object."]}),
        ([], {"body": ["Must be an object."]}),
    ],
)
def test_another_shape_is_named_with_the_one_that_is_wanted(
    desk: Desk, field: object, told: dict[str, list[str]]
) -> None:
    body = {"name": "Office", "time_zone": "UTC"} | field if isinstance(field, dict) else field
    answer = desk.post("/api/sla/calendars", json=body)
    assert (answer.status_code, answer.json()["errors"]) == (422, told)


@pytest.mark.parametrize(("seconds", "told"), [(None, "5"), (0.0, "1"), (0.2, "1"), (1.01, "2"), (30, "30")])
def test_retry_after_is_in_whole_seconds_and_never_zero(seconds: float | None, told: str) -> None:
    assert retry_after(seconds) == {"Retry-After": told}


def test_a_problem_without_field_errors_has_no_such_member() -> None:
    assert "errors" not in problem_body(404, "Gone.", instance="/x", request_id=None, errors={})


def test_a_problems_own_words_are_its_detail() -> None:
    assert str(Problem(400, "A sentence.")) == "A sentence."
    assert not issubclass(DatabaseUnavailable, Problem)
