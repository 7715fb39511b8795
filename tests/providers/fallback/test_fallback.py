from decimal import Decimal
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from providers.deadline import Deadline
from providers.fallback.catalogue import catalogue_for, catalogues
from providers.fallback.provider import FallbackProvider
from providers.models import (
    ActionImpact,
    AnalysisRequest,
    Archetype,
    BehavioralMetrics,
    ChurnRequest,
    CustomerIntelligence,
    CustomerRef,
    DraftRequest,
    LtvRequest,
    Predictions,
    Provenance,
    RecommendationRequest,
    Source,
    TicketContext,
    Turn,
)
from providers.testing.fakes import EPOCH, FakeClock, make_host

CHANNELS = ("email", "sms", "chat", "phone", "form")
TONES = ("friendly", "professional", "empathetic", "apologetic", "concise")
LENGTHS = ("short", "medium", "long")
LOCALES = sorted(catalogues())
CUSTOMER = CustomerRef("cust_123")
# The characters of an SMS that keep it at 160: one other letter, and only 70 fit.
GSM = set("@£$¥èéùìòÇ\nØøÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./:;<=>?¡ÄÖÑÜ§¿äöñüà") | set(
    "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
)

CLOCK = FakeClock()
FALLBACK = FallbackProvider.from_host(make_host(clock=CLOCK))
NEVER = Deadline.never(CLOCK)


def ticket(subject="Hello", *, channel="email", tags=(), conversation=()):
    return TicketContext(
        id="ticket_123",
        subject=subject,
        channel=channel,
        priority="normal",
        version=1,
        tags=tags,
        conversation=conversation,
    )


def draft(subject="Hello", *, channel="email", conversation=(), tags=(), **options):
    about = ticket(subject, channel=channel, conversation=conversation, tags=tags)
    return FALLBACK.draft_reply(DraftRequest(customer=CUSTOMER, ticket=about, **options), NEVER)


def recommendation(subject="Hello", **about):
    request = RecommendationRequest(customer=CUSTOMER, ticket=ticket(subject, **about))
    return FALLBACK.recommend_actions(request, NEVER)


def has_digit(text):
    return any(character.isdigit() or character.isnumeric() for character in text)


words_of_every_situation = st.sampled_from(
    sorted(
        word for spoken in catalogues().values() for kind in spoken.situations.values() for word in kind.words
    )
)
tickets = st.builds(
    ticket,
    st.one_of(st.text(max_size=30), words_of_every_situation, st.just("Order 4711 for $99.95 was late")),
    channel=st.sampled_from([*CHANNELS, "pigeon"]),
    tags=st.lists(words_of_every_situation, max_size=2).map(tuple),
    conversation=st.lists(st.builds(Turn, st.booleans(), st.text(max_size=20)), max_size=3).map(tuple),
)
facts = st.sampled_from(
    [
        None,
        CustomerIntelligence(
            provenance=Provenance(provider="quimbi", source=Source.FRESH, as_of=EPOCH),
            customer_id="cust_123",
            archetype=Archetype(id="arch_410042", level="L2", segments={"purchase_value": "top_5_percent"}),
            metrics=BehavioralMetrics(lifetime_value=Decimal("892.5"), total_orders=12),
            predictions=Predictions(churn_risk=0.9, churn_risk_level="high"),
        ),
    ]
)
draft_requests = st.builds(
    DraftRequest,
    customer=st.just(CUSTOMER),
    ticket=tickets,
    locale=st.sampled_from([*LOCALES, "de-AT", "fr"]),
    tone=st.sampled_from([*TONES, None, "grumpy"]),
    length=st.sampled_from([*LENGTHS, None, "endless"]),
    include_offer=st.booleans(),
    template=st.sampled_from([None, "20_percent_off"]),
    include_actions=st.sampled_from([(), ("Refund 50 dollars",)]),
    facts=facts,
)


@given(draft_requests)
def test_a_draft_has_words_and_never_a_number(request):
    answer = FALLBACK.draft_reply(request, NEVER)
    assert answer.content.strip()
    assert not has_digit(answer.content)
    assert not any(has_digit(warning) for warning in answer.warnings)
    assert answer.personalization_applied == ()


@given(st.builds(RecommendationRequest, customer=st.just(CUSTOMER), ticket=tickets, facts=facts))
def test_a_recommendation_has_words_and_never_a_number(request):
    answer = FALLBACK.recommend_actions(request, NEVER)
    told = [*answer.warnings, *answer.talking_points]
    for action in answer.actions:
        told += [action.action, action.reasoning]
        assert action.estimated_impact == ActionImpact()
    assert answer.actions
    assert not any(has_digit(text) for text in told)
    assert (answer.priority, answer.estimated_impact) == (None, ActionImpact())


@given(st.text(max_size=20), st.integers(1, 36))
def test_it_knows_no_fact_of_anybody(customer_id, months):
    customer = CustomerRef(customer_id)
    analysis = FALLBACK.analyze(AnalysisRequest(customer), NEVER)
    churn = FALLBACK.predict_churn(ChurnRequest(customer), NEVER)
    forecast = FALLBACK.forecast_ltv(LtvRequest(customer, months), NEVER)
    assert (analysis.archetype, analysis.metrics) == (None, BehavioralMetrics())
    assert (analysis.predictions, analysis.currency) == (Predictions(), None)
    assert analysis.communication_guidance
    assert not any(has_digit(sentence) for sentence in analysis.communication_guidance)
    assert (churn.churn_risk_score, churn.risk_level, churn.factors) == (None, "unknown", ())
    assert forecast.forecasted_ltv is forecast.current_ltv is forecast.incremental_ltv is None
    assert (forecast.confidence_interval, forecast.currency) == (None, None)
    assert not analysis.known
    assert not churn.known
    assert not forecast.known


def test_its_answers_are_marked_as_fallback_as_of_now():
    CLOCK.advance(60)
    assert draft().provenance == Provenance(provider="fallback", source=Source.FALLBACK, as_of=CLOCK.now())


def test_it_answers_though_the_deadline_has_passed():
    request = DraftRequest(customer=CUSTOMER, ticket=ticket())
    assert FALLBACK.draft_reply(request, Deadline(CLOCK, CLOCK.monotonic() - 5)).content


@pytest.mark.parametrize("locale", LOCALES)
def test_every_sms_fits_one_message(locale):
    register = catalogue_for(locale).drafts["sms"]
    words = {name: kind.words for name, kind in catalogue_for(locale).situations.items()}
    conversations = ((), (Turn(False, "Done?"),))
    for tone, length, situation, conversation in product(TONES, LENGTHS, words, conversations):
        text = draft(
            " ".join(sorted(words[situation])[:1]),
            channel="sms",
            tone=tone,
            length=length,
            locale=locale,
            conversation=conversation,
        ).content
        assert len(text) <= 160, text
        assert set(text) <= GSM, text
        assert register.next_step[tone] in text


@pytest.mark.parametrize(("channel", "tone", "locale"), list(product(CHANNELS, TONES, LOCALES)))
def test_a_longer_draft_is_longer(channel, tone, locale):
    texts = [draft(channel=channel, tone=tone, locale=locale, length=length).content for length in LENGTHS]
    assert sorted(set(texts), key=len) == texts


@pytest.mark.parametrize("channel", CHANNELS)
def test_every_tone_sounds_different(channel):
    assert len({draft(channel=channel, tone=tone).content for tone in TONES}) == len(TONES)


def test_a_letter_greets_and_signs_and_a_text_message_does_not():
    assert draft(channel="form").content == draft(channel="email").content
    assert draft(channel="email").content.startswith("Hello,\n\n")
    assert draft(channel="email").content.endswith("\n\nKind regards,\nCustomer Support")
    assert "\n" not in draft(channel="sms").content


def test_the_tone_used_is_told():
    assert draft(tone="concise").tone == "concise"
    assert draft(tone=None).tone == draft(tone="grumpy").tone == "professional"


@pytest.mark.parametrize(
    ("locale", "language"),
    [
        ("de", "de"),
        ("de-AT", "de"),
        ("de_CH", "de"),
        ("DE-de", "de"),
        ("en-GB", "en"),
        ("fr-FR", "en"),
        ("", "en"),
    ],
)
def test_the_nearest_language_is_spoken(locale, language):
    assert catalogue_for(locale) is catalogues()[language]


@pytest.mark.parametrize("locale", LOCALES)
def test_every_catalogue_has_a_word_for_everything(locale):
    english, other = catalogues()["en"], catalogues()[locale]
    assert list(other.situations) == list(english.situations)
    assert other.drafts.keys() == english.drafts.keys()
    for name, register in other.drafts.items():
        assert register.ask.keys() == {*english.situations, "follow_up"}, name
        for by_tone in (register.opening, register.follow_up, register.next_step):
            assert by_tone.keys() == set(TONES), name


@pytest.mark.parametrize(
    ("subject", "asked_for"),
    [
        ("Where is my PACKAGE?", "trace the delivery"),
        ("The mug arrived broken", "photo"),
        ("I was charged twice", "invoice number"),
        ("I want a refund", "which item"),
        ("Cannot login", "never send your password"),
        ("Wrong colour", "tell me what you received"),
        ("Question", "if you have one"),
    ],
)
def test_a_draft_asks_for_what_the_matter_needs(subject, asked_for):
    assert asked_for in draft(subject).content


def test_tags_say_more_than_the_subject_and_the_subject_more_than_the_message():
    complaint = (Turn(True, "I want a refund"),)
    assert "photo" in draft("Charged twice", tags=("damaged",), conversation=complaint).content
    assert "invoice number" in draft("Charged twice", conversation=complaint).content
    assert "which item" in draft("Hello", conversation=complaint).content


def test_a_matter_is_recognised_in_the_language_and_in_english():
    assert "Foto" in draft("Alles kaputt", locale="de").content
    assert "Foto" in draft("Hallo", tags=("damaged",), locale="de").content


def test_after_an_agents_message_the_draft_follows_up():
    talk = (Turn(True, "Where is my parcel?"), Turn(False, "I am checking."))
    assert "follow up on our conversation" in draft(conversation=talk, tone="professional").content
    assert "Thank you for contacting us" not in draft(conversation=talk, tone="professional").content


def test_nothing_is_offered_and_what_was_not_done_is_told():
    plain, asked = draft(), draft(include_offer=True, template="winback", include_actions=("Refund it",))
    assert asked.content == plain.content
    assert plain.warnings == ()
    assert len(asked.warnings) == 3


def test_the_customers_words_are_never_repeated():
    secret = "Tr0ub4dor"
    answer = draft(f"damaged {secret}", conversation=(Turn(True, secret),))
    assert secret not in answer.content


def test_a_recommendation_fits_the_matter_and_starts_with_acknowledging_it():
    assert recommendation("My parcel is late") != recommendation("I was charged twice")
    assert recommendation("My parcel is late").actions[0].action.startswith("Acknowledge")
