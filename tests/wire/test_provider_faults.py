"""What clients see of each thing that can go wrong between the desk and Quimbi."""

import shutil
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from providers.chain import IntelligenceChain
from providers.testing.quimbi_simulator import Fault, QuimbiSimulator
from tests.wire.cases import FACTS, QUESTIONS, UPSTREAM, at_once, new_case, numbers_in, timed
from tests.wire.conftest import SIMULATOR_KEY, StartDesk, pointing_at
from tests.wire.desk import Desk, running_desk

FACTS_DEADLINE_S = 0.5
TEXTS_DEADLINE_S = 0.9
GRACE_S = 0.5

Faults = list[tuple[Fault, dict[str, Any], str]]
FAULTS: Faults = [
    (Fault.LATENCY, {"seconds": 60}, "timeout"),
    (Fault.LOCK_UP, {"parallel": 1, "seconds": 60}, "timeout"),
    (Fault.UNAUTHORIZED, {}, "access_refused"),
    (Fault.FORBIDDEN, {}, "access_refused"),
    (Fault.UNKNOWN_ROUTE, {}, "invalid_answer"),
    (Fault.RATE_LIMITED, {"retry_after_s": 30}, "rate_limited"),
    (Fault.RATE_LIMITED, {"retry_after_s": 30, "as_date": True}, "rate_limited"),
    (Fault.UNPROCESSABLE, {}, "request_refused"),
    (Fault.SERVER_ERROR, {"shape": "coded"}, "provider_error"),
    (Fault.SERVER_ERROR, {"shape": "message_object"}, "provider_error"),
    (Fault.SERVER_ERROR, {"shape": "text"}, "provider_error"),
    (Fault.SERVER_ERROR, {"shape": "detail"}, "provider_error"),
    (Fault.SERVER_ERROR, {"shape": "html"}, "provider_error"),
    (Fault.SERVER_ERROR, {"shape": "empty"}, "provider_error"),
    (Fault.SERVER_ERROR_HTML, {}, "provider_error"),
    (Fault.BAD_GATEWAY, {}, "provider_error"),
    (Fault.UNAVAILABLE, {}, "provider_error"),
    (Fault.GATEWAY_TIMEOUT, {}, "provider_error"),
    (Fault.HANG, {}, "timeout"),
    (Fault.DRIPPING_HEADER, {"interval_s": 0.2}, "timeout"),
    (Fault.DRIPPING_BODY, {"interval_s": 0.2}, "timeout"),
    (Fault.CUT, {}, "unreachable"),
    (Fault.CUT, {"reset": True}, "unreachable"),
    (Fault.CUT_BODY, {}, "unreachable"),
    (Fault.TRUNCATED_JSON, {}, "invalid_answer"),
    (Fault.ERROR_IN_200, {}, "invalid_answer"),
    (Fault.HUGE_BODY, {}, "invalid_answer"),
    (Fault.HUGE_BODY, {"chunked": True}, "invalid_answer"),
    (Fault.EMPTY_BODY, {}, "invalid_answer"),
    (Fault.REDIRECT, {}, "invalid_answer"),
    (Fault.WRONG_CONTENT_TYPE, {}, "invalid_answer"),
    (Fault.GARBAGE, {}, "invalid_answer"),
]
"""Fault, its parameters, and the reason that clients are told. They spoil every question alike."""

FACT_FAULTS: Faults = [
    (Fault.NAN, {}, "invalid_answer"),
    (Fault.OTHER_CUSTOMER, {}, "invalid_answer"),
    (Fault.BROKEN_ROW, {}, "provider_error"),
]
"""Those that need not spoil a text: one dialect's texts hold no number, and are about nobody."""

TOLD_APART = {Fault.CUSTOMER_NOT_FOUND, Fault.EMPTY_ROW, Fault.EMPTY_MESSAGE}
"""Those that are answers, or spoil one question only: each has its own test here or beside."""


def named(faults: Faults) -> list[Any]:
    return [
        pytest.param(fault, parameters, reason, id="-".join([fault, *map(str, parameters.values())]))
        for fault, parameters, reason in faults
    ]


def test_no_fault_of_the_simulator_is_left_out() -> None:
    assert {fault for fault, _, _ in FAULTS + FACT_FAULTS} | TOLD_APART == set(Fault)


@pytest.fixture(scope="module", params=["documented", "deployed"])
def faulty(request: pytest.FixtureRequest) -> Iterator[QuimbiSimulator]:
    with QuimbiSimulator(dialect=request.param, api_key=SIMULATOR_KEY) as simulator:
        yield simulator


@pytest.fixture(scope="module")
def long_running(
    faulty: QuimbiSimulator, migrated_sqlite: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Desk]:
    """One desk for all faults; its circuits stay closed, so that each fault shows itself."""
    directory = tmp_path_factory.mktemp("faults")
    environment = pointing_at(faulty) | {
        "DATABASE_URL": f"sqlite:///{shutil.copy(migrated_sqlite, directory / 'desk.db')}",
        "LOG_FILE": str(directory / "app.log"),
        "FACTS_DEADLINE": str(FACTS_DEADLINE_S),
        "TEXTS_DEADLINE": str(TEXTS_DEADLINE_S),
        "TEXTS_FACTS_WAIT": "0.4",
        "CIRCUIT_FAILURE_THRESHOLD": "1000",
        "CIRCUIT_MIN_CALLS": "10000",
        "QUIMBI_MAX_CONCURRENCY": "20",
    }
    with running_desk(environment) as desk:
        yield desk


@pytest.fixture
def faulty_desk(long_running: Desk, faulty: QuimbiSimulator) -> Iterator[Desk]:
    yield long_running
    faulty.clear_faults()
    long_running.component(IntelligenceChain).reset_circuits("quimbi")


def is_in_time(question: str, took_s: float) -> bool:
    return took_s < (FACTS_DEADLINE_S if question in FACTS else TEXTS_DEADLINE_S) + GRACE_S


def check_generic(question: str, answer: Any, reason: str) -> None:
    provenance = answer["provenance"]
    assert (provenance["source"], provenance["provider"]) == ("fallback", "fallback"), question
    assert (provenance["degraded"], provenance["reason"]) == (True, reason), question
    assert dict(numbers_in(answer)) == {}, question
    assert "<html" not in str(answer).lower(), question
    if question not in FACTS:
        assert answer.get("draft_content") or answer["actions"], question


def check_stale(question: str, answer: Any, fresh: Any, reason: str) -> None:
    """`reason` is told once a refresh has failed with it."""
    provenance = answer["provenance"]
    assert (provenance["source"], provenance["provider"]) == ("stale", "quimbi"), question
    assert provenance["degraded"] is False, question
    assert provenance["reason"] in {None, reason}, question
    assert answer | {"provenance": None} == fresh | {"provenance": None}, question


@pytest.mark.parametrize(("fault", "parameters", "reason"), named(FAULTS))
def test_every_question_is_answered_in_time_by_what_is_known_or_honest_words(
    faulty_desk: Desk, faulty: QuimbiSimulator, fault: Fault, parameters: dict[str, Any], reason: str
) -> None:
    known = new_case(faulty_desk)
    fresh = {question: known.answer(question) for question in FACTS}
    known.let_facts_run_out()
    strangers = {question: new_case(faulty_desk) for question in QUESTIONS}
    faulty.reset()
    faulty.inject(fault, **parameters)

    asked = [(question, strangers[question]) for question in QUESTIONS]
    asked += [(question, known) for question in FACTS]
    answers = at_once([partial(timed, partial(case.answer, question)) for question, case in asked])

    for (question, case), (answer, took_s) in zip(asked, answers, strict=True):
        assert is_in_time(question, took_s), f"{question}: {took_s:.2f} s"
        assert faulty.calls(UPSTREAM[question], customer_id=case.customer_id) <= 1, question
        if case is known:
            check_stale(question, answer, fresh[question], reason)
        else:
            check_generic(question, answer, reason)
    assert faulty.calls() <= len(asked) + 2, "each text asks for the facts once, too"


@pytest.mark.parametrize(("fault", "parameters", "reason"), named(FACT_FAULTS))
def test_a_fact_that_cannot_be_believed_does_not_replace_a_known_one(
    faulty_desk: Desk, faulty: QuimbiSimulator, fault: Fault, parameters: dict[str, Any], reason: str
) -> None:
    known = new_case(faulty_desk)
    fresh = {question: known.answer(question) for question in FACTS}
    known.let_facts_run_out()
    faulty.inject(fault, **parameters)
    for question in FACTS:
        check_stale(question, known.answer(question), fresh[question], reason)


@pytest.mark.parametrize(("fault", "parameters", "reason"), named(FACT_FAULTS))
def test_a_fact_that_cannot_be_believed_is_not_told(
    faulty_desk: Desk, faulty: QuimbiSimulator, fault: Fault, parameters: dict[str, Any], reason: str
) -> None:
    cases = {question: new_case(faulty_desk) for question in QUESTIONS}
    faulty.reset()
    faulty.inject(fault, **parameters)
    for question, case in cases.items():
        answer = case.answer(question)
        assert answer["provenance"]["degraded"] is True, question
        assert answer["provenance"]["reason"] == reason, question
        if question in FACTS or answer["provenance"]["source"] == "fallback":
            assert dict(numbers_in(answer)) == {}, question
        else:
            assert (answer["churn_risk"], answer["customer_dna"]) == (None, {}), question
        assert faulty.calls(UPSTREAM[question], customer_id=case.customer_id) == 1, question


@pytest.mark.parametrize("fault", [Fault.CUSTOMER_NOT_FOUND, Fault.EMPTY_ROW])
def test_that_nothing_is_known_is_an_answer_and_no_fault(
    faulty_desk: Desk, faulty: QuimbiSimulator, fault: Fault
) -> None:
    cases = {question: new_case(faulty_desk) for question in QUESTIONS}
    if (fault, faulty.dialect) == (Fault.EMPTY_ROW, "documented"):
        del (
            cases["churn"],
            cases["ltv"],
        )  # there a zero is a statement: only the deployed dialect makes them up
    faulty.inject(fault)
    for question, case in cases.items():
        answer = case.answer(question)
        facts = answer.get("facts_provenance", answer["provenance"])
        assert (facts["degraded"], facts["reason"]) == (False, "unknown_customer"), question
        assert answer["provenance"]["degraded"] is False, question
        if question in FACTS:
            assert dict(numbers_in(answer)) == {}, question
        else:
            assert (answer["churn_risk"], answer["customer_dna"]) == (None, {}), question


def test_an_answer_that_is_late_but_in_time_is_used(faulty_desk: Desk, faulty: QuimbiSimulator) -> None:
    case = new_case(faulty_desk)
    faulty.inject(Fault.LATENCY, seconds=0.3)
    assert case.answer("intelligence")["provenance"]["source"] == "fresh"


# ---------------------------------------------------------------- without the fallback


@pytest.mark.parametrize("question", QUESTIONS)
def test_with_the_fallback_switched_off_a_pause_is_told_with_what_is_left_of_it(
    quimbi: QuimbiSimulator, start_desk: StartDesk, question: str
) -> None:
    case = new_case(start_desk(**pointing_at(quimbi) | {"INTELLIGENCE_PROVIDERS": "quimbi"}))
    quimbi.inject(Fault.RATE_LIMITED, retry_after_s=40)
    first = case.ask(question)
    calls = quimbi.calls()
    second = case.ask(question)
    for answer in (first, second):
        assert answer.status_code == 503
        assert 38 <= int(answer.headers["Retry-After"]) <= 40
        assert "rate_limited" in answer.json()["detail"]
    assert quimbi.calls() == calls


@pytest.mark.parametrize("question", QUESTIONS)
def test_with_the_fallback_switched_off_an_open_circuit_is_told_with_what_is_left_of_it(
    quimbi: QuimbiSimulator, start_desk: StartDesk, question: str
) -> None:
    environment = pointing_at(quimbi) | {"INTELLIGENCE_PROVIDERS": "quimbi"}
    desk = start_desk(**environment, CIRCUIT_RESET_TIMEOUT="120")
    quimbi.inject(Fault.SERVER_ERROR, endpoint=UPSTREAM[question])
    answers = [new_case(desk).ask(question) for _ in range(6)]
    assert {answer.status_code for answer in answers} == {503}
    assert 118 <= int(answers[-1].headers["Retry-After"]) <= 120
    assert "circuit_open" in answers[-1].json()["detail"]
    assert quimbi.calls(UPSTREAM[question]) == 5
