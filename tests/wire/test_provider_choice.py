"""Who answers: by configuration, in which order, and how each answer says so."""

import json
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import pytest

from providers.errors import UpstreamError
from providers.models import FACTS, TEXTS, Capability
from providers.registry import GROUP, Registry
from providers.settings import SettingsError
from providers.testing.fakes import ScriptedProvider
from providers.testing.quimbi_simulator import Fault, QuimbiSimulator
from service.settings import Settings
from service.wiring import Substitutes
from tests.wire.cases import QUESTIONS, new_case, numbers_in
from tests.wire.conftest import StartDesk, pointing_at

LOCAL = ("statistical", "fallback")
SECRET = {"SECRET_KEY": "s" * 32}
KEY = {"QUIMBI_API_KEY": "qpk_live_0123456789", "QUIMBI_BASE_URL": "https://quimbi.example.com"}
DECLARED = EntryPoint("scripted", f"{__name__}:Outsider", GROUP)


class Outsider(ScriptedProvider):
    """What a package installed beside the service may offer."""

    name = "scripted"


def chosen(environment: dict[str, str]) -> tuple[tuple[str, ...], str]:
    settings = Settings.parse(SECRET | environment)
    return settings.intelligence_providers, settings.providers_chosen_by


@pytest.mark.parametrize(
    ("environment", "providers", "chosen_by"),
    [
        ({"ENVIRONMENT": "development"}, LOCAL, "no_key"),
        ({"ENVIRONMENT": "test"}, LOCAL, "no_key"),
        ({"ENVIRONMENT": "staging"}, LOCAL, "no_key"),
        ({}, LOCAL, "no_key"),
        (KEY, ("quimbi", "fallback"), "quimbi_key"),
        (KEY | {"ENVIRONMENT": "development"}, ("quimbi", "fallback"), "quimbi_key"),
        (KEY | {"QUIMBI_API_KEY": "your-api-key-here"}, LOCAL, "no_key"),
        (
            KEY | {"QUIMBI_API_KEY": "your-api-key-here", "ENVIRONMENT": "development"},
            LOCAL,
            "no_key",
        ),
        (KEY | {"INTELLIGENCE_PROVIDERS": "fallback , quimbi"}, ("fallback", "quimbi"), "configured"),
        ({"INTELLIGENCE_PROVIDERS": "fallback"}, ("fallback",), "configured"),
        (
            KEY | {"INTELLIGENCE_PROVIDERS": "quimbi,statistical,fallback"},
            ("quimbi", "statistical", "fallback"),
            "configured",
        ),
    ],
)
def test_providers_are_chosen_by_the_list_else_by_the_key(
    environment: dict[str, str], providers: tuple[str, ...], chosen_by: str
) -> None:
    assert chosen(environment) == (providers, chosen_by)


@pytest.mark.parametrize(
    ("environment", "variable"),
    [
        ({"INTELLIGENCE_PROVIDERS": "stub,fallback"}, "INTELLIGENCE_PROVIDERS"),
        ({"INTELLIGENCE_PROVIDERS": "quimbi,quimbi"} | KEY, "INTELLIGENCE_PROVIDERS"),
        ({"INTELLIGENCE_PROVIDERS": "oracle"}, "INTELLIGENCE_PROVIDERS"),
        ({"INTELLIGENCE_PROVIDERS": "quimbi"}, "QUIMBI_API_KEY"),
        ({"INTELLIGENCE_PROVIDERS": "quimbi"} | KEY | {"QUIMBI_API_KEY": "your-key"}, "QUIMBI_API_KEY"),
    ],
)
def test_production_refuses_a_list_that_cannot_serve(environment: dict[str, str], variable: str) -> None:
    with pytest.raises(SettingsError) as refused:
        Settings.parse(SECRET | {"ENVIRONMENT": "production"} | environment)
    assert variable in refused.value.faults


def test_a_start_with_nothing_computes_by_itself_and_says_so(start_desk: StartDesk) -> None:
    health = start_desk(INTELLIGENCE_PROVIDERS="").get("/health").json()
    assert health["providers"] == ["statistical", "fallback"]
    assert health["providers_chosen_by"] == "no_key"


def test_without_a_single_order_no_figure_is_told_and_the_fallback_writes(start_desk: StartDesk) -> None:
    case = new_case(start_desk(INTELLIGENCE_PROVIDERS=""))
    for question in ("intelligence", "churn", "ltv"):
        answer = case.answer(question)
        answer.pop("archetype", None)  # how they got in touch is known
        assert list(numbers_in(answer)) == [], question
        assert not answer["provenance"]["degraded"], question
        assert "no_orders" in answer["basis"]["unknown"].values(), question
    assert case.answer("draft-response")["provenance"]["provider"] == "fallback"


def test_the_choice_is_in_the_log(start_desk: StartDesk, tmp_path: Path) -> None:
    log_file = tmp_path / "choice.log"
    start_desk(LOG_FILE=str(log_file), LOG_LEVEL="INFO", INTELLIGENCE_PROVIDERS="")
    lines = [json.loads(line) for line in log_file.read_text().splitlines()]
    [told] = [line for line in lines if line["event"] == "providers_chosen"]
    assert (told["providers"], told["chosen_by"]) == (["statistical", "fallback"], "no_key")


# ---------------------------------------------------------------- order


def test_the_first_that_answers_is_asked_and_no_other(quimbi: QuimbiSimulator, start_desk: StartDesk) -> None:
    environment = pointing_at(quimbi) | {"INTELLIGENCE_PROVIDERS": "stub,quimbi,fallback"}
    case = new_case(start_desk(**environment))
    assert {case.answer(question)["provenance"]["provider"] for question in QUESTIONS} == {"stub"}
    assert quimbi.calls() == 0


def test_where_the_first_fails_the_next_answers_in_full(
    quimbi: QuimbiSimulator, start_desk: StartDesk
) -> None:
    environment = pointing_at(quimbi) | {"INTELLIGENCE_PROVIDERS": "quimbi,stub,fallback"}
    case = new_case(start_desk(**environment))
    quimbi.inject(Fault.SERVER_ERROR)
    for question in QUESTIONS:
        provenance = case.answer(question)["provenance"]
        assert (provenance["provider"], provenance["degraded"]) == ("stub", False), question


def test_where_the_first_does_not_know_the_customer_the_next_is_asked(
    quimbi: QuimbiSimulator, start_desk: StartDesk
) -> None:
    environment = pointing_at(quimbi) | {"INTELLIGENCE_PROVIDERS": "quimbi,stub,fallback"}
    case = new_case(start_desk(**environment), "nobody")
    for question in ("intelligence", "churn", "ltv"):
        assert case.answer(question)["provenance"]["provider"] == "stub", question


def test_the_fallback_comes_last_wherever_it_is_listed(
    quimbi: QuimbiSimulator, start_desk: StartDesk
) -> None:
    environment = pointing_at(quimbi) | {"INTELLIGENCE_PROVIDERS": "fallback,quimbi"}
    case = new_case(start_desk(**environment))
    assert {case.answer(question)["provenance"]["provider"] for question in QUESTIONS} == {"quimbi"}


def test_what_a_provider_does_not_offer_is_asked_of_the_next(start_desk: StartDesk) -> None:
    facts, texts = (
        ScriptedProvider("facts", capabilities=FACTS),
        ScriptedProvider("texts", capabilities=TEXTS),
    )
    case = new_case(start_desk(Substitutes(providers=[facts, texts])))
    told = {question: case.answer(question)["provenance"] for question in QUESTIONS}
    assert {question: provenance["provider"] for question, provenance in told.items()} == {
        "intelligence": "facts",
        "churn": "facts",
        "ltv": "facts",
        "draft-response": "texts",
        "recommendation": "texts",
    }
    assert not any(provenance["degraded"] for provenance in told.values())


@pytest.mark.parametrize(
    ("capabilities", "drafts", "intelligence"), [(FACTS, False, True), (TEXTS, True, False)]
)
def test_features_tell_what_is_offered(
    start_desk: StartDesk, capabilities: frozenset[Capability], *, drafts: bool, intelligence: bool
) -> None:
    desk = start_desk(Substitutes(providers=[ScriptedProvider(capabilities=capabilities)]))
    assert desk.get("/health").json()["features"] == {
        "ai_draft_generation": drafts,
        "customer_intelligence": intelligence,
    }


def test_with_no_provider_for_a_question_and_no_fallback_it_cannot_be_answered(start_desk: StartDesk) -> None:
    case = new_case(start_desk(Substitutes(providers=[ScriptedProvider(capabilities=FACTS)])))
    answer = case.ask("draft-response")
    assert answer.status_code == 503
    assert "not_configured" in answer.json()["detail"]
    assert int(answer.headers["Retry-After"]) >= 1


def test_a_provider_of_another_package_is_found_by_its_entry_point(start_desk: StartDesk) -> None:
    registry = Registry(declared=[DECLARED])
    settings = {"INTELLIGENCE_PROVIDERS": "scripted,fallback", "ENVIRONMENT": "development"}
    assert Settings.parse(SECRET | settings, registry).intelligence_providers == ("scripted", "fallback")


# ---------------------------------------------------------------- what a provider knew


def test_nothing_of_a_provider_that_is_no_longer_listed_is_served(
    quimbi: QuimbiSimulator, start_desk: StartDesk
) -> None:
    before = new_case(start_desk())
    assert before.answer("intelligence")["provenance"]["provider"] == "stub"
    after = start_desk(**pointing_at(quimbi))
    quimbi.close()
    answer = after.get(before.path("intelligence")).json()
    assert answer["provenance"]["source"] == "fallback"
    assert dict(numbers_in(answer)) == {}


def test_a_defect_in_a_provider_is_a_degraded_answer_and_no_error(start_desk: StartDesk) -> None:
    def broken(*_: Any) -> Any:
        raise ZeroDivisionError("a secret of the plug-in")

    provider = ScriptedProvider()
    for capability in Capability:
        provider.script(capability, broken)
    fallback = ScriptedProvider("words", generic=True)
    case = new_case(start_desk(Substitutes(providers=[provider, fallback])))
    for question in QUESTIONS:
        answer = case.ask(question)
        assert answer.status_code == 200
        assert answer.json()["provenance"]["degraded"] is True
        assert "secret" not in answer.text


def test_a_broken_fallback_is_a_503_and_no_500(start_desk: StartDesk) -> None:
    provider = ScriptedProvider("words", generic=True)
    for capability in Capability:
        provider.script(capability, UpstreamError())
    case = new_case(start_desk(Substitutes(providers=[provider])))
    assert {case.ask(question).status_code for question in QUESTIONS} == {503}
