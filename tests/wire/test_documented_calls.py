"""Every call that the pages print, made on a running desk with the simulator behind it."""

import hashlib
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import requests

from providers.testing.quimbi_simulator import QuimbiSimulator
from providers.testing.quimbi_simulator.simulator import DEFAULT_API_KEY
from service import sample_data
from service.database import Database
from service.sample_data.loading import load
from service.sample_data.rows import steady_id
from service.sample_data.staff import AGENT_IDS, TEAM_IDS
from service.signing import signed_headers
from service.tickets.services import Ranking
from tests.pages import DOCS, Block, blocks
from tests.wire.desk import running_desk

DESK, SIMULATOR = "http://127.0.0.1:8000", "http://127.0.0.1:9009"
DESK_KEY = "a key that the desk knows"
GUIDE, RUNBOOK = DOCS / "INTEGRATION_GUIDE.md", DOCS / "runbook.md"
BROUGHT = (
    '{"type":"ticket.created","data":{"external_id":"shop-4711","customer_id":"cust_123",'
    '"subject":"My parcel never arrived","initial_message":"Where is my order?"}}'
)
DRILLS = [block for block in blocks(RUNBOOK) if block.calls]


@pytest.fixture(scope="module")
def seeded(migrated_sqlite: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database as the first start leaves it, but smaller."""
    path = Path(shutil.copy(migrated_sqlite, tmp_path_factory.mktemp("seeded") / "desk.db"))
    with running_desk(
        {"DATABASE_URL": f"sqlite:///{path}", "LOG_FILE": str(path.with_suffix(".log"))}
    ) as desk:
        database, ranking = desk.component(Database), desk.component(Ranking)
        load(database, ranking, customers=5, tickets=10, seed=sample_data.SEED, now=datetime.now(UTC))
    return path


@contextmanager
def serving(seeded: Path, directory: Path) -> Iterator[dict[str, str]]:
    """As the pages say to start it, with less patience. Printed address → real one."""
    with QuimbiSimulator(dialect="deployed") as simulator:
        environment = {
            "DATABASE_URL": f"sqlite:///{shutil.copy(seeded, directory / 'desk.db')}",
            "LOG_FILE": str(directory / "app.log"),
            "QUIMBI_BASE_URL": simulator.url,
            "QUIMBI_API_KEY": DEFAULT_API_KEY,
            "QUIMBI_MAX_RETRIES": "0",
            "FACTS_DEADLINE": "1",
            "BOOTSTRAP_API_KEYS": f"web:desk:{hashlib.sha256(DESK_KEY.encode()).hexdigest()}",
            "CORS_ORIGINS": "https://desk.example.com",
        }
        with running_desk(environment) as desk:
            yield {DESK: desk.url, SIMULATOR: simulator.url}


def shown(url: str) -> dict[str, str]:
    """What a reader of the guide has by then: an agent who can sign in, an invitation, a key."""

    def post(path: str, body: object = None) -> Any:
        answer = requests.post(url + path, json=body, timeout=30)
        assert answer.ok, answer.text
        return answer.json()

    def invitation(agent: str) -> str:
        token: str = post(f"/api/agents/{AGENT_IDS[agent]}/invitation")["token"]
        return token

    body = {"token": invitation("Iris"), "password": "quiet lanterns over the harbour"}
    iris = post("/api/auth/accept-invitation", body)
    key = post("/api/admin/keys", {"name": "reports", "scopes": ["desk"]})["key"]
    shop = post("/api/admin/inbound-webhooks", {"name": "shop"})
    signed = signed_headers([shop["secret"]], "msg_1", datetime.now(UTC), BROUGHT.encode())
    return {
        "DESK_KEY": DESK_KEY,
        "ACCESS_TOKEN": iris["access_token"],
        "REFRESH_TOKEN": iris["refresh_token"],
        "INVITATION": invitation("Priya"),
        "KEY_ID": key["id"],
        "WEBHOOK_ID": shop["webhook"]["id"],
        "timestamp": signed["webhook-timestamp"],
        "signature": signed["webhook-signature"],
    }


def test_the_body_that_the_guide_signs_is_the_one_that_it_sends() -> None:
    assert f"body='{BROUGHT}'" in GUIDE.read_text(encoding="utf-8")


def test_every_call_of_the_guide_comes_back_as_printed(seeded: Path, tmp_path: Path) -> None:
    calls = [call for block in blocks(GUIDE) for call in block.calls]
    assert len(calls) > 40
    with serving(seeded, tmp_path) as servers:
        variables = shown(servers[DESK])
        for call in calls:
            call.make(servers, variables)


@pytest.mark.parametrize("drill", DRILLS, ids=lambda drill: drill.calls[0].command.rpartition("-d ")[2][:40])
def test_every_drill_of_the_runbook_goes_as_printed(drill: Block, seeded: Path, tmp_path: Path) -> None:
    with serving(seeded, tmp_path) as servers:
        for call in drill.calls:
            call.make(servers, {})


@pytest.mark.parametrize("page", [GUIDE, RUNBOOK], ids=lambda page: page.stem)
def test_no_call_goes_without_what_comes_back(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    printed = sum(line.startswith("curl ") for line in text.splitlines())
    assert printed == sum(len(block.calls) for block in blocks(page))


def test_the_guide_shows_every_call_of_the_service(seeded: Path, tmp_path: Path) -> None:
    guide = GUIDE.read_text(encoding="utf-8")
    with running_desk({"DATABASE_URL": f"sqlite:///{seeded}", "LOG_FILE": str(tmp_path / "app.log")}) as desk:
        document = desk.get("/openapi.json").json()
    examples = {
        "{customer_id}": "cust_123",
        "{ticket_id}": "ticket_123",
        "{message_id}": steady_id("message", "ticket_123", 0),
        "{agent_id}": AGENT_IDS["Iris"],
        "{member_id}": AGENT_IDS["Priya"],
        "{team_id}": TEAM_IDS["Returns team"],
        "{key_id}": "$KEY_ID",
        "{delivery_id}": "dlv_4f0Qk2l1b8sVJ6Yz0mWc3A",
        "{source_id}": "$WEBHOOK_ID",
        "{index}": "0",
        "{name}": "quimbi",
        "{key}": "return_reason",
    }
    for path in document["paths"]:
        shown = path
        for argument, example in examples.items():
            shown = shown.replace(argument, example)
        assert DESK + shown in guide, shown
