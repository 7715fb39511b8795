"""What became of drafts, and what is told of it; on SQLite and PostgreSQL."""

import json
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest

from providers.testing.quimbi_simulator import Fault, QuimbiSimulator
from service.database import Database
from service.intelligence.queries import prune_drafts
from service.testing.clock import MovableClock
from service.wiring import Substitutes
from tests.wire.cases import Case, at_once, new_case
from tests.wire.conftest import StartDesk, pointing_at
from tests.wire.desk import Desk

ONE_DAY_S = 86_400
SOMETHING_ELSE = "Refund issued: expect 19.90 EUR within three working days."
NOTHING = {
    "generated": 0,
    "verbatim": 0,
    "edited": 0,
    "set_aside": 0,
    "unused": 0,
    "used_share": None,
    "mean_edited_share": None,
}


@pytest.fixture
def clock() -> MovableClock:
    return MovableClock()


@pytest.fixture
def desk(start_desk: StartDesk, migrated_url: str, clock: MovableClock) -> Desk:
    return start_desk(Substitutes(clock=clock), DATABASE_URL=migrated_url)


def sent(case: Case, content: str, **fields: Any) -> dict[str, Any]:
    answer = case.desk.post(f"/api/tickets/{case.ticket_id}/messages", {"content": content} | fields)
    assert answer.status_code == 201, answer.text
    message: dict[str, Any] = answer.json()["message"]
    return message


def report(desk: Desk, **query: Any) -> dict[str, Any]:
    answer = desk.get("/api/analytics/drafts", params=query)
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told


def counts(desk: Desk, **query: Any) -> dict[str, int]:
    """Those that are not zero."""
    total = report(desk, **query)["total"]
    return {name: total[name] for name in NOTHING if isinstance(total[name], int) and total[name]}


def outcomes(case: Case) -> list[dict[str, Any]]:
    events = case.desk.get(f"/api/tickets/{case.ticket_id}/events", params={"order": "asc"}).json()["events"]
    return [event for event in events if event["type"] == "draft.outcome_recorded"]


def test_before_any_draft_there_are_zeros_and_nulls(desk: Desk) -> None:
    told = report(desk)
    assert told["total"] == NOTHING
    assert (told["by_provider"], told["by_tone"], told["by_provider_and_tone"]) == ([], [], [])


def test_a_draft_sent_as_it_was_is_verbatim_whatever_became_of_its_white_space(desk: Desk) -> None:
    case = new_case(desk)
    draft = case.answer("draft-response")
    assert counts(desk) == {"generated": 1, "unused": 1}
    sent(case, draft["draft"].replace(" ", " \r\n"), draft_id=draft["draft_id"])
    assert counts(desk) == {"generated": 1, "verbatim": 1}
    assert report(desk)["total"]["used_share"] == 1


def test_an_edited_draft_tells_how_much_of_it_is_another(desk: Desk) -> None:
    case = new_case(desk)
    for ending in (" Bye.", " Bye. Bye. Bye. Bye."):
        draft = case.answer("draft-response")
        sent(case, draft["draft"] + ending, draft_id=draft["draft_id"])
    assert counts(desk) == {"generated": 2, "edited": 2}
    shares = [event["after"]["edited_share"] for event in outcomes(case)]
    assert 0 < shares[0] < shares[1] < 0.5
    assert report(desk)["total"]["mean_edited_share"] == pytest.approx(sum(shares) / 2, abs=0.0001)


def test_a_message_that_says_something_else_sets_its_draft_aside(desk: Desk) -> None:
    case = new_case(desk)
    sent(case, SOMETHING_ELSE, draft_id=case.answer("draft-response")["draft_id"])
    assert counts(desk) == {"generated": 1, "set_aside": 1}
    assert report(desk)["total"]["used_share"] == 0


def test_a_draft_that_was_merely_read_is_unused_whatever_is_written_instead(desk: Desk) -> None:
    case = new_case(desk)
    draft = case.regenerate()
    assert case.answer("draft-response")["draft_id"] == draft["draft_id"]  # read again, not generated again
    sent(case, draft["draft"])
    assert counts(desk) == {"generated": 1, "unused": 1}


def test_the_event_tells_which_draft_and_how_and_no_text(desk: Desk) -> None:
    case = new_case(desk)
    draft = case.regenerate(tone="apologetic")
    message = sent(case, f"{draft['draft']} Unmistakable.", draft_id=draft["draft_id"])
    (event,) = outcomes(case)
    assert event["before"] == {"outcome": "unused"}
    share = event["after"].pop("edited_share")
    assert 0 < share < 1
    assert event["after"] == {
        "draft_id": draft["draft_id"],
        "message_id": message["id"],
        "outcome": "edited",
        "provider": "stub",
        "tone": "apologetic",
        "generated_at": draft["generated_at"],
    }
    assert "Unmistakable" not in json.dumps(event)


# ---------------------------------------------------------------- what decides nothing


def test_the_first_message_that_names_a_draft_decides(desk: Desk) -> None:
    case = new_case(desk)
    draft = case.answer("draft-response")
    for content in (draft["draft"], SOMETHING_ELSE, draft["draft"]):
        assert sent(case, content, draft_id=draft["draft_id"])["id"]
    assert counts(desk) == {"generated": 1, "verbatim": 1}
    assert len(outcomes(case)) == 1


def test_of_messages_at_once_one_decides(desk: Desk) -> None:
    case = new_case(desk)
    draft = case.answer("draft-response")
    at_once([partial(sent, case, draft["draft"], draft_id=draft["draft_id"])] * 4)
    assert counts(desk) == {"generated": 1, "verbatim": 1}
    assert len(outcomes(case)) == 1


def test_a_draft_of_another_ticket_or_of_none_is_kept_with_the_message_and_decides_nothing(
    desk: Desk,
) -> None:
    case, other = new_case(desk), new_case(desk)
    draft = other.answer("draft-response")
    for draft_id in (draft["draft_id"], "draft_none", "0", case.ticket_id):
        sent(case, draft["draft"], draft_id=draft_id)
    assert counts(desk) == {"generated": 1, "unused": 1}
    assert outcomes(case) == outcomes(other) == []


def test_a_customer_decides_nothing(desk: Desk) -> None:
    case = new_case(desk)
    draft = case.answer("draft-response")
    sent(case, draft["draft"], draft_id=draft["draft_id"], from_agent=False)
    assert counts(desk) == {"generated": 1, "unused": 1}


def test_a_pruned_draft_stays_counted_and_is_decided_no_more(desk: Desk) -> None:
    case = new_case(desk)
    used, unused = case.answer("draft-response"), case.answer("draft-response")
    sent(case, used["draft"], draft_id=used["draft_id"])
    with desk.component(Database).writing() as session:
        assert prune_drafts(session, datetime.now(UTC) + timedelta(days=1)) == 2
    sent(case, unused["draft"], draft_id=unused["draft_id"])
    assert counts(desk) == {"generated": 2, "verbatim": 1, "unused": 1}


def test_what_becomes_of_the_message_later_changes_no_outcome(desk: Desk) -> None:
    case = new_case(desk)
    draft = case.answer("draft-response")
    message = sent(case, draft["draft"], draft_id=draft["draft_id"])
    assert desk.patch(f"/api/messages/{message['id']}", {"content": SOMETHING_ELSE}).status_code == 200
    assert desk.call("DELETE", f"/api/messages/{message['id']}").status_code == 204
    assert counts(desk) == {"generated": 1, "verbatim": 1}


def test_a_long_message_is_compared_within_its_request(desk: Desk) -> None:
    case = new_case(desk)
    draft = case.answer("draft-response")
    sent(case, f"{draft['draft']} " + "a b " * 20_000, draft_id=draft["draft_id"])
    assert counts(desk) == {"generated": 1, "edited": 1}


# ---------------------------------------------------------------- the report


def test_figures_are_by_provider_and_tone(quimbi: QuimbiSimulator, start_desk: StartDesk) -> None:
    desk = start_desk(**pointing_at(quimbi))
    case = new_case(desk)
    draft = case.regenerate(tone="concise")
    sent(case, draft["draft"], draft_id=draft["draft_id"])
    quimbi.inject(Fault.SERVER_ERROR, endpoint="message")
    degraded = case.regenerate(tone="friendly")
    assert degraded["provenance"]["provider"] == "fallback"
    told = report(desk)
    figures = NOTHING | {"generated": 1, "used_share": 0, "unused": 1}
    concise = NOTHING | {"generated": 1, "verbatim": 1, "used_share": 1}
    assert told["by_provider"] == [{"provider": "fallback"} | figures, {"provider": "quimbi"} | concise]
    assert told["by_tone"] == [{"tone": draft["tone"]} | concise, {"tone": "friendly"} | figures]
    assert told["by_provider_and_tone"] == [
        {"provider": "fallback", "tone": "friendly"} | figures,
        {"provider": "quimbi", "tone": "concise"} | concise,
    ]
    for query in ({"provider": "quimbi"}, {"tone": "concise"}, {"provider": "quimbi", "tone": "concise"}):
        assert report(desk, **query)["total"] == concise
    assert report(desk, provider="quimbi", tone="friendly")["total"] == NOTHING


def test_days_are_asked_for_from_inclusive_to_exclusive(desk: Desk, clock: MovableClock) -> None:
    case = new_case(desk)
    first = case.answer("draft-response")
    today = clock.now().date()
    clock.advance(ONE_DAY_S)
    second = case.answer("draft-response")
    tomorrow = today + timedelta(days=1)
    assert counts(desk)["generated"] == 2
    assert counts(desk, to=tomorrow)["generated"] == 1
    assert counts(desk, **{"from": tomorrow})["generated"] == 1
    assert counts(desk, **{"from": first["generated_at"], "to": second["generated_at"]})["generated"] == 2
    told = report(desk, **{"from": first["generated_at"], "to": second["generated_at"]})
    assert (told["from"], told["to"]) == (
        f"{today}T00:00:00.000Z",
        f"{tomorrow + timedelta(days=1)}T00:00:00.000Z",
    )
    clock.advance(30 * ONE_DAY_S)
    assert counts(desk) == {}
    sent(case, first["draft"], draft_id=first["draft_id"])
    assert counts(desk, to=tomorrow) == {"generated": 1, "verbatim": 1}  # on the day of its draft


@pytest.mark.parametrize(
    "query",
    [
        {"from": "2026-02-01", "to": "2026-02-01"},
        {"from": "2026-02-02", "to": "2026-02-01"},
        {"from": "2026-02-01T12:00:00Z", "to": "2026-02-01T11:00:00Z"},
        {"from": "2025-01-01", "to": "2026-02-01"},
        {"from": "2198-01-01"},
    ],
)
def test_no_days_or_too_many_are_refused(desk: Desk, query: dict[str, str]) -> None:
    answer = desk.get("/api/analytics/drafts", params=query)
    assert answer.status_code == 422
    assert list(answer.json()["errors"]) == ["from"]


def test_a_zone_other_than_utc_is_understood(desk: Desk) -> None:
    told = report(desk, **{"from": "2026-01-02t03:00:00+05:30", "to": "2026-01-03T00:00:00-00:00"})
    assert (told["from"], told["to"]) == ("2026-01-01T00:00:00.000Z", "2026-01-03T00:00:00.000Z")
