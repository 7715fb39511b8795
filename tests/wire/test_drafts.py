from functools import partial

import pytest
from sqlalchemy import select

from providers.models import Capability, Draft, Provenance, Source
from providers.testing.fakes import EPOCH, ScriptedProvider
from providers.testing.quimbi_simulator import Fault, QuimbiSimulator
from service.database import Database
from service.events import StoredEvent
from service.wiring import Substitutes
from tests.wire.cases import RFC3339_UTC, at_once, new_case, numbers_in
from tests.wire.conftest import StartDesk, pointing_at
from tests.wire.desk import Desk

TONES = ("friendly", "professional", "empathetic", "apologetic", "concise")
CHANNELS = ("email", "sms", "phone", "chat", "form")
REPLY = "Your parcel was found and is on its way."


def test_a_draft_has_every_field_of_the_contract(desk: Desk) -> None:
    case = new_case(desk)
    answer = case.answer("draft-response")
    assert set(answer) == {
        "ticket_id",
        "draft_content",
        "draft",
        "tone",
        "channel",
        "personalization_applied",
        "customer_dna",
        "churn_risk",
        "draft_id",
        "generated_at",
        "warnings",
        "currency",
        "provenance",
        "facts_provenance",
    }
    assert answer["ticket_id"] == case.ticket_id
    assert answer["draft"] == answer["draft_content"]
    assert answer["draft_content"].strip()
    assert RFC3339_UTC.fullmatch(answer["generated_at"])


def test_a_draft_tells_quimbis_words_and_true_facts(quimbi: QuimbiSimulator, start_desk: StartDesk) -> None:
    quimbi.add_customer("7001", customer_id="novice", memberships={"product_knowledge": {"beginner": 1.0}})
    case = new_case(start_desk(**pointing_at(quimbi)), "novice", channel="chat")
    answer = case.answer("draft-response")
    assert "We will guide you through each step." in answer["draft_content"]
    assert any("beginner" in applied for applied in answer["personalization_applied"])
    assert (answer["tone"], answer["channel"]) == ("professional", "chat")
    assert answer["customer_dna"] == {"product_knowledge": "beginner"}
    assert answer["churn_risk"] == 0.18
    assert answer["provenance"]["provider"] == "quimbi"
    assert answer["provenance"]["source"] == "fresh"


def test_a_plain_reading_generates_anew(quimbi: QuimbiSimulator, start_desk: StartDesk) -> None:
    case = new_case(start_desk(**pointing_at(quimbi)))
    assert case.answer("draft-response")["draft_id"] != case.answer("draft-response")["draft_id"]
    assert quimbi.calls("message") == 2


def test_twenty_who_ask_at_once_share_one_generation(quimbi: QuimbiSimulator, start_desk: StartDesk) -> None:
    case = new_case(start_desk(**pointing_at(quimbi)))
    quimbi.inject(Fault.LATENCY, endpoint="message", seconds=0.8)
    answers = at_once([partial(case.answer, "draft-response")] * 20)
    assert len({answer["draft_id"] for answer in answers}) == 1
    assert (quimbi.calls("analyze"), quimbi.calls("message")) == (1, 1)


def test_a_generation_is_told_as_an_event_without_its_text(desk: Desk) -> None:
    case = new_case(desk)
    answer = case.answer("draft-response")
    with desk.component(Database).reading() as session:
        [event] = session.scalars(select(StoredEvent).where(StoredEvent.type == "draft.generated")).all()
    assert event.ticket_id == case.ticket_id
    assert event.after["draft_id"] == answer["draft_id"]
    assert answer["draft_content"] not in str(event.after)


# ---------------------------------------------------------------- what sticks


def test_a_regenerated_draft_is_what_is_read_until_somebody_writes(
    quimbi: QuimbiSimulator, start_desk: StartDesk
) -> None:
    case = new_case(start_desk(**pointing_at(quimbi)))
    kept = case.regenerate(tone="apologetic")
    calls = quimbi.calls()
    read = case.answer("draft-response")
    assert (read["draft_id"], read["draft"], read["tone"]) == (kept["draft_id"], kept["draft"], "apologetic")
    assert (kept["provenance"]["source"], read["provenance"]["source"]) == ("fresh", "stored")
    assert quimbi.calls() == calls
    for from_agent in (False, True):
        case.write("One more thing.", from_agent=from_agent)
        assert case.answer("draft-response")["provenance"]["source"] == "fresh"
        kept = case.regenerate()
        assert case.answer("draft-response")["draft_id"] == kept["draft_id"]


def test_the_newest_regenerated_draft_sticks(desk: Desk) -> None:
    case = new_case(desk)
    for tone in TONES:
        kept = case.regenerate(tone=tone)
    assert case.answer("draft-response")["draft_id"] == kept["draft_id"]


def test_a_degraded_draft_never_sticks(quimbi: QuimbiSimulator, start_desk: StartDesk) -> None:
    case = new_case(start_desk(**pointing_at(quimbi)))
    quimbi.inject(Fault.SERVER_ERROR, endpoint="message")
    degraded = case.regenerate()
    assert (degraded["provenance"]["source"], degraded["provenance"]["degraded"]) == ("fallback", True)
    assert degraded["provenance"]["reason"] == "provider_error"
    quimbi.clear_faults()
    read = case.answer("draft-response")
    assert (read["provenance"]["provider"], read["provenance"]["source"]) == ("quimbi", "fresh")
    assert read["draft_id"] != degraded["draft_id"]


@pytest.mark.parametrize("providers", ["quimbi,fallback", "quimbi"])
def test_a_kept_draft_is_served_whole_while_the_provider_is_down(
    quimbi: QuimbiSimulator, start_desk: StartDesk, providers: str
) -> None:
    case = new_case(start_desk(**pointing_at(quimbi) | {"INTELLIGENCE_PROVIDERS": providers}))
    kept = case.regenerate()
    quimbi.close()
    read = case.answer("draft-response")
    assert read["draft_id"] == kept["draft_id"]
    assert (read["provenance"]["source"], read["provenance"]["degraded"]) == ("stored", False)


def test_a_kept_draft_survives_a_restart(desk: Desk, start_desk: StartDesk) -> None:
    kept = new_case(desk).regenerate()
    after = start_desk()
    read = after.get(f"/api/ai/tickets/{kept['ticket_id']}/draft-response").json()
    assert (read["draft_id"], read["provenance"]["source"]) == (kept["draft_id"], "stored")


def test_where_only_the_fallback_offers_texts_it_is_no_degradation_and_sticks(start_desk: StartDesk) -> None:
    desk = start_desk(INTELLIGENCE_PROVIDERS="fallback")
    case = new_case(desk)
    kept, read = case.regenerate(), case.answer("draft-response")
    assert kept["provenance"]["source"] == "fallback"
    assert read["provenance"]["source"] == "stored"
    assert read["draft_id"] == kept["draft_id"]
    for answer in (kept, read):
        assert answer["provenance"]["degraded"] is False
        assert answer["provenance"]["reason"] == "not_configured"
        assert dict(numbers_in(answer)) == {}
    assert desk.get("/health").json()["features"]["ai_draft_generation"] is False


# ---------------------------------------------------------------- for whom, and how long


@pytest.mark.parametrize("providers", ["quimbi,fallback", "stub,fallback", "fallback"])
def test_a_draft_comes_whoever_wrote_last(
    quimbi: QuimbiSimulator, start_desk: StartDesk, providers: str
) -> None:
    desk = start_desk(**pointing_at(quimbi) | {"INTELLIGENCE_PROVIDERS": providers})
    for conversation in ("", "c", "a", "ca", "ac"):
        case = new_case(desk, initial_message=None)
        for writer in conversation:
            case.write("It is still not here.", from_agent=writer == "a")
        for answer in (case.answer("draft-response"), case.regenerate()):
            assert answer["draft_content"].strip()
            assert answer["provenance"]["provider"] == providers.partition(",")[0]
            assert answer["provenance"]["degraded"] is False


def test_a_customer_whom_no_provider_knows_gets_generic_words_which_are_no_degradation(
    start_desk: StartDesk, quimbi: QuimbiSimulator
) -> None:
    """One dialect writes for anybody; the other refuses to write for whom it does not know."""
    case = new_case(start_desk(**pointing_at(quimbi)), "nobody")
    answer = case.answer("draft-response")
    assert answer["draft_content"].strip()
    assert answer["provenance"]["degraded"] is False
    assert answer["facts_provenance"]["reason"] == "unknown_customer"
    assert dict(numbers_in(answer)) == {}
    if quimbi.dialect == "deployed":
        assert (answer["provenance"]["source"], answer["provenance"]["reason"]) == (
            "fallback",
            "unknown_customer",
        )


def test_an_empty_message_is_a_failed_draft(quimbi: QuimbiSimulator, start_desk: StartDesk) -> None:
    case = new_case(start_desk(**pointing_at(quimbi)))
    quimbi.inject(Fault.EMPTY_MESSAGE)
    answer = case.answer("draft-response")
    assert answer["draft_content"].strip()
    assert (answer["provenance"]["source"], answer["provenance"]["reason"]) == ("fallback", "invalid_answer")


@pytest.mark.parametrize("providers", ["stub,fallback", "fallback"])
def test_our_own_texts_fit_one_sms(start_desk: StartDesk, providers: str) -> None:
    desk = start_desk(INTELLIGENCE_PROVIDERS=providers)
    case = new_case(desk, channel="sms", initial_message="Where is my parcel? " * 20)
    for tone in TONES:
        for length in ("short", "medium", "long"):
            answer = case.regenerate(tone=tone, length=length)
            assert len(answer["draft_content"]) <= 160
            assert answer["channel"] == "sms"
            assert answer["warnings"] == []


def writing(content: str) -> Substitutes:
    provider = ScriptedProvider()
    draft = Draft(
        provenance=Provenance(provider="scripted", source=Source.FRESH, as_of=EPOCH),
        content=content,
        tone="friendly",
        channel="sms",
        warnings=("Check the date.",),
    )
    return Substitutes(providers=[provider.script(Capability.DRAFT, draft)])


@pytest.mark.parametrize(
    ("channel", "length", "warned"), [("sms", 161, True), ("sms", 160, False), ("email", 161, False)]
)
def test_a_providers_text_too_long_for_an_sms_is_passed_on_with_a_warning(
    start_desk: StartDesk, channel: str, length: int, warned: bool
) -> None:
    desk = start_desk(writing("x" * length))
    answer = new_case(desk, channel=channel).answer("draft-response")
    assert len(answer["draft_content"]) == length
    assert answer["warnings"][0] == "Check the date."
    assert [str(length) in warning for warning in answer["warnings"][1:]] == [True] * warned


def test_a_draft_is_for_the_tickets_channel(quimbi: QuimbiSimulator, start_desk: StartDesk) -> None:
    desk = start_desk(**pointing_at(quimbi))
    told = {channel: new_case(desk, channel=channel).answer("draft-response") for channel in CHANNELS}
    assert [answer["channel"] for answer in told.values()] == list(CHANNELS)
    assert {answer["provenance"]["provider"] for answer in told.values()} == {"quimbi"}


def test_the_conversation_goes_to_the_provider_as_it_was_written(
    quimbi: QuimbiSimulator, start_desk: StartDesk
) -> None:
    case = new_case(start_desk(**pointing_at(quimbi)), initial_message="Wo ist mein Päckchen? 📦")
    case.write(REPLY, from_agent=True)
    case.answer("draft-response")
    assert quimbi.requests("message")[-1].body["conversation_history"] == [
        {"from_customer": True, "text": "Wo ist mein Päckchen? 📦"},
        {"from_customer": False, "text": REPLY},
    ]
