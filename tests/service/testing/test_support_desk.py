"""The fixtures that the project ships for tests of its clients."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from providers.models import Reason
from providers.stub.script_file import ScriptFault, parse_script
from service.testing.desk import SupportDesk
from service.testing.fixtures import StartSupportDesk
from tests.pages import DOCS, ROOT, blocks

PAGE = DOCS / "testing-with-the-stub.md"
INTELLIGENCE = "/api/ai/customers/cust_1/intelligence"
REASONS_OF_A_GUARD = {Reason.NOT_CONFIGURED, Reason.UNKNOWN_CUSTOMER}


@pytest.fixture
def desk(support_desk: SupportDesk) -> SupportDesk:
    support_desk.new_ticket("cust_1")
    return support_desk


def test_untold_the_stub_answers_as_usual(desk: SupportDesk) -> None:
    answer = desk.get(INTELLIGENCE).json()
    assert (answer["provenance"]["provider"], answer["provenance"]["source"]) == ("stub", "fresh")


def test_what_it_is_told_shows_at_the_next_call(desk: SupportDesk) -> None:
    desk.stub.answers("analyze", {"predictions": {"churn_risk": 0.91}})
    assert desk.get(INTELLIGENCE).json()["predictions"]["churn_risk"] == 0.91


def test_what_it_is_told_last_goes_first_as_often_as_it_was_told(desk: SupportDesk) -> None:
    desk.stub.answers("draft_reply", {"content": "Always."})
    desk.stub.answers("draft_reply", {"content": "Twice."}, times=2)
    desk.stub.answers("draft_reply", {"content": "Once."}, times=1)
    draft = f"/api/ai/tickets/{desk.new_ticket('cust_1')}/draft-response"
    assert [desk.get(draft).json()["draft"] for _ in range(4)] == ["Once.", "Twice.", "Twice.", "Always."]


def test_a_rule_told_between_calls_leaves_the_count_of_the_others(desk: SupportDesk) -> None:
    desk.stub.answers("draft_reply", {"content": "Twice."}, times=2)
    draft = f"/api/ai/tickets/{desk.new_ticket('cust_1')}/draft-response"
    told = [desk.get(draft).json()["draft"]]
    desk.stub.answers("draft_reply", {"content": "Once."}, times=1)
    told += [desk.get(draft).json()["draft"] for _ in range(3)]
    assert told[:3] == ["Twice.", "Once.", "Twice."]
    assert told[3] not in told[:3]


@pytest.mark.parametrize("reason", sorted({*Reason} - REASONS_OF_A_GUARD))
def test_a_fault_is_told_to_the_caller_with_its_reason(desk: SupportDesk, reason: str) -> None:
    desk.stub.fails(reason)
    provenance = desk.get(INTELLIGENCE).json()["provenance"]
    assert (provenance["provider"], provenance["degraded"]) == ("fallback", True)
    assert provenance["reason"] == reason


def test_a_fault_holds_for_the_customer_and_the_capability_it_was_told_of(desk: SupportDesk) -> None:
    desk.new_ticket("cust_2")
    desk.stub.fails("unreachable", capability="predict_churn", customer="cust_1")
    asked = {
        path: desk.get(path).json()["provenance"]["provider"]
        for path in (INTELLIGENCE, "/api/ai/customers/cust_1/churn", "/api/ai/customers/cust_2/churn")
    }
    assert list(asked.values()) == ["stub", "fallback", "stub"]


def test_a_wait_past_the_deadline_is_a_timeout(start_support_desk: StartSupportDesk) -> None:
    desk = start_support_desk(FACTS_DEADLINE="0.1")
    desk.new_ticket("cust_1")
    desk.stub.waits(60, capability="analyze")
    assert desk.get(INTELLIGENCE).json()["provenance"]["reason"] == "timeout"


def test_what_was_asked_is_told_with_all_that_the_desk_sent(desk: SupportDesk) -> None:
    ticket = desk.new_ticket("cust_1", initial_message="It never came.")
    desk.get(f"/api/ai/tickets/{ticket}/draft-response")
    assert desk.stub.calls("draft_reply") == desk.stub.calls("draft_reply", customer="cust_1") == 1
    assert desk.stub.calls("draft_reply", customer="cust_2") == 0
    request = desk.stub.asked[-1].request
    assert [turn.content for turn in request.ticket.conversation] == ["It never came."]
    assert request.facts.known


def test_after_a_reset_it_is_as_at_first(desk: SupportDesk) -> None:
    desk.stub.fails("unreachable")
    desk.get(INTELLIGENCE)
    desk.stub.reset()
    assert desk.stub.calls() == 0
    assert desk.get(INTELLIGENCE).json()["provenance"]["provider"] == "stub"


@pytest.mark.parametrize("told", [("fails", "unreachabel"), ("answers", "analyze", {"customer_id": "x"})])
def test_what_no_script_could_say_is_refused_where_it_is_told(support_desk: SupportDesk, told) -> None:
    method, *arguments = told
    with pytest.raises(ScriptFault):
        getattr(support_desk.stub, method)(*arguments)


def test_time_moves_on_without_waiting(desk: SupportDesk) -> None:
    before = desk.get(INTELLIGENCE).json()["provenance"]["as_of"]
    desk.clock.advance(86_400)
    after = desk.get(INTELLIGENCE).json()["provenance"]["as_of"]
    assert after[:10] > before[:10]
    with pytest.raises(ValueError, match="back"):
        desk.clock.advance(-1)


def test_two_desks_share_nothing(desk: SupportDesk, start_support_desk: StartSupportDesk) -> None:
    other = start_support_desk()
    other.stub.fails("unreachable")
    assert other.get(INTELLIGENCE).status_code == 404
    assert desk.get(INTELLIGENCE).json()["provenance"]["provider"] == "stub"


def test_a_desk_takes_calls_at_once(desk: SupportDesk) -> None:
    desk.stub.waits(0.05)
    with ThreadPoolExecutor(8) as threads:
        statuses = list(threads.map(lambda _: desk.get(INTELLIGENCE).status_code, range(16)))
    assert statuses == [200] * 16


def test_a_desk_takes_other_providers_and_the_stub_among_them_is_the_tests(
    start_support_desk: StartSupportDesk,
) -> None:
    desk = start_support_desk(INTELLIGENCE_PROVIDERS="stub")
    desk.new_ticket("cust_1")
    desk.stub.fails("unreachable", times=1)
    assert [desk.get(INTELLIGENCE).status_code for _ in range(2)] == [503, 200]


def test_the_script_that_the_page_shows_is_one() -> None:
    (script,) = [block.text for block in blocks(PAGE) if block.language == "json"]
    assert len(parse_script(script).rules) == 3


def test_the_tests_that_the_page_shows_pass_in_a_project_of_their_own(tmp_path: Path) -> None:
    for block in blocks(PAGE):
        name, _, code = block.text.partition("\n")
        if block.language == "python" and name.startswith("# "):
            (tmp_path / name.removeprefix("# ")).write_text(code)
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", "-W", "error", "-p", "no:cacheprovider", "."],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout
    assert "4 passed" in ran.stdout
