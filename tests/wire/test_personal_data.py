"""A customer's data: told whole, and gone without a trace once it is erased."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import redis
from sqlalchemy import String, cast, func, select

from providers.testing.quimbi_simulator import QuimbiSimulator
from service.database import Database, normalise_url
from service.events import StoredEvent
from service.jobs import JobRunner
from service.models import metadata
from service.testing.desk import migrate
from tests.servers import Redis
from tests.wire.canary import CANARY, CHANGED, CUSTOMER, KNOWN_AS, Story, live_through
from tests.wire.conftest import SIMULATOR_KEY, pointing_at
from tests.wire.desk import Desk, running_desk


@pytest.fixture(scope="module")
def log_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("personal") / "app.log"


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, log_file: Path) -> Iterator[str]:
    if request.param == "sqlite":
        copy = shutil.copy(request.getfixturevalue("migrated_sqlite"), log_file.parent / "desk.db")
        yield f"sqlite:///{copy}"
    else:
        with request.getfixturevalue("postgres").new_database() as url:
            migrate(normalise_url(url))
            yield url


@pytest.fixture(scope="module")
def story(database_url: str, shared_redis: Redis, log_file: Path) -> Iterator[Story]:
    environment = {
        "DATABASE_URL": database_url,
        "REDIS_URL": shared_redis.url,
        "LOG_FILE": str(log_file),
        "LOG_LEVEL": "DEBUG",
    }
    with (
        QuimbiSimulator(dialect="deployed", api_key=SIMULATOR_KEY) as quimbi,
        running_desk(pointing_at(quimbi) | environment) as desk,
    ):
        quimbi.add_customer("7001", customer_id=KNOWN_AS)
        yield live_through(desk)


@pytest.fixture(scope="module")
def exported(story: Story) -> dict[str, Any]:
    answer = story.desk.get(f"{story.path}/export")
    assert answer.status_code == 200, answer.text
    assert answer.headers["Cache-Control"] == "no-store"
    told: dict[str, Any] = answer.json()
    return told


@pytest.fixture(scope="module")
def before(story: Story) -> list[str]:
    return everywhere(story.desk)


@pytest.fixture(scope="module")
def erased(story: Story, exported: dict[str, Any], before: list[str], shared_redis: Redis) -> Story:
    assert before
    assert len(in_redis(shared_redis)) >= 3
    answer = story.desk.call("DELETE", story.path, params={"erase": "true"})
    assert (answer.status_code, answer.content) == (204, b"")
    return story


def everywhere(desk: Desk) -> list[str]:
    """Each column of a table in which the canary is."""
    found = []
    with desk.component(Database).reading() as session:
        for table in metadata.sorted_tables:
            for column in table.columns:
                told = func.lower(cast(column, String))
                if session.scalar(select(func.count()).where(told.contains(CANARY))):
                    found.append(f"{table.name}.{column.name}")
    return found


def in_redis(server: Redis) -> list[bytes]:
    with redis.Redis.from_url(server.url) as client:
        return [
            key
            for key in client.scan_iter()
            if CANARY.encode() in key.lower() or CANARY.encode() in (client.dump(key) or b"").lower()
        ]


def test_before_the_canary_is_in_every_table_that_is_about_people(before: list[str]) -> None:
    assert {name.partition(".")[0] for name in before} == {
        "customers",
        "orders",
        "order_lines",
        "refunds",
        "tickets",
        "ticket_tags",
        "messages",
        "notes",
        "events",
        "search_texts",
        "idempotency_keys",
        "customer_snapshots",
        "customer_statistics",
        "drafts",
    }


def test_an_export_tells_all_that_is_held(exported: dict[str, Any]) -> None:
    assert exported["customer"]["name"] == CHANGED
    assert exported["orders"][0]["lines"][0]["title"] == f"{CANARY} tea"
    assert exported["orders"][0]["refunds"][0]["external_id"] == f"{CANARY}-refund"
    assert len(exported["tickets"]) == 3
    told = [held for held in exported["tickets"] if len(held["messages"]) == 4]
    assert [len(held["drafts"]) for held in told] == [2]
    assert told[0]["messages"][1]["original_content"] == f"{CANARY} words"
    assert told[0]["messages"][3]["deleted_at"] is not None, "the deleted ones, too"
    assert told[0]["notes"][0]["content"] == f"{CANARY} note"
    assert told[0]["recommendations"]
    assert any(held["ticket"]["deleted_at"] for held in exported["tickets"])
    assert exported["statistics"]["order_days"] == 1
    assert {fact["capability"] for fact in exported["facts"]} == {"analyze", "predict_churn", "forecast_ltv"}
    assert [event["type"] for event in exported["events"]][:2] == ["customer.created", "customer.updated"]
    assert {answer["status"] for answer in exported["kept_answers"]} == {200, 201, 409}


def test_erasing_has_to_be_asked_for_by_name(story: Story) -> None:
    for asked in ({}, {"erase": "false"}, {"erase": "perhaps"}):
        answer = story.desk.call("DELETE", story.path, params=asked)
        assert answer.status_code == 422
        assert "erase" in answer.json()["errors"]


def test_nothing_is_left_in_any_column_of_any_table(erased: Story) -> None:
    assert everywhere(erased.desk) == []


def test_nothing_is_left_in_the_file_of_the_database(erased: Story, database_url: str) -> None:
    if not database_url.startswith("sqlite"):
        pytest.skip("a file of SQLite's own")
    erased.desk.component(JobRunner).run_now("scrub-file")
    for file in Path(database_url.removeprefix("sqlite:///")).parent.glob("desk.db*"):
        assert CANARY.encode() not in file.read_bytes().lower(), file.name


def test_nothing_is_left_in_redis(erased: Story, shared_redis: Redis) -> None:
    assert in_redis(shared_redis) == []


def test_the_log_and_the_figures_never_told_of_the_customer(erased: Story, log_file: Path) -> None:
    assert CANARY not in log_file.read_text().lower()
    assert CANARY not in erased.desk.get("/metrics").text.lower()


def test_an_erased_customer_is_not_there_and_who_comes_back_is_a_new_one(
    erased: Story, exported: dict[str, Any]
) -> None:
    for path in ("", "/export", "/orders"):
        assert erased.desk.get(erased.path + path).status_code == 404
    assert erased.desk.call("DELETE", erased.path, params={"erase": "true"}).status_code == 404
    assert erased.desk.get(f"/api/ai/customers/{CUSTOMER}/intelligence").status_code == 404
    assert erased.desk.get("/api/tickets", params={"q": CANARY}).json()["tickets"] == []

    assert erased.desk.post("/api/customers", {"id": CUSTOMER}).status_code == 201
    again = erased.desk.get(f"{erased.path}/export").json()
    assert again["customer"]["ref"] != exported["customer"]["ref"]
    assert (again["customer"]["name"], again["tickets"], again["orders"]) == (None, [], [])
    assert erased.desk.call("DELETE", erased.path, params={"erase": "true"}).status_code == 204


def test_tickets_keep_their_figures_and_their_words_are_gone(erased: Story) -> None:
    opened, resolved, deleted = erased.tickets
    told = erased.desk.get(f"/api/tickets/{opened}").json()
    assert (told["subject"], told["status"], told["message_count"]) == ("[erased]", "closed", 3)
    assert [message["content"] for message in told["messages"]] == ["[erased]"] * 3
    assert [message["from_agent"] for message in told["messages"]] == [False, True, False]
    assert (told["notes"], told["tags"], told["external_id"], told["custom_fields"]) == ([], [], None, {})
    assert told["first_response_at"] is not None
    assert told["customer"]["name"] is None
    assert erased.desk.get(f"/api/tickets/{resolved}").json()["status"] == "resolved"
    assert erased.desk.get(f"/api/tickets/{deleted}").status_code == 404


def test_nobody_can_be_asked_about_or_given_a_ticket_who_stands_in_for_the_erased(erased: Story) -> None:
    nobody = erased.desk.get(f"/api/tickets/{erased.tickets[0]}").json()["customer_id"]
    assert erased.desk.get(f"/api/customers/{nobody}").status_code == 404
    assert erased.desk.get(f"/api/ai/customers/{nobody}/intelligence").status_code == 404
    assert nobody not in erased.desk.get("/api/customers").text
    answer = erased.desk.post("/api/tickets", {"customer_id": nobody, "subject": "Hello"})
    assert (answer.status_code, list(answer.json()["errors"])) == (422, ["customer_id"])


def test_the_history_of_a_ticket_tells_of_the_erasure_and_of_nobody(erased: Story) -> None:
    history = erased.desk.get(f"/api/tickets/{erased.tickets[0]}/events").json()["events"]
    assert history[0]["type"] == "ticket.erased"
    assert {"status": "closed"} in [event["after"] for event in history]


def test_the_audit_tells_by_ref_who_exported_and_who_erased(erased: Story, exported: dict[str, Any]) -> None:
    with erased.desk.component(Database).reading() as session:
        audited = session.scalars(
            select(StoredEvent)
            .where(StoredEvent.audited, StoredEvent.subject_id == exported["customer"]["ref"])
            .order_by(StoredEvent.id)
        ).all()
    assert [event.type for event in audited] == ["customer.exported", "customer.erased"]
    for event in audited:
        assert (event.subject_id, event.actor) == (exported["customer"]["ref"], "anonymous")
        assert event.address == "127.0.0.1"
        assert event.request_id
