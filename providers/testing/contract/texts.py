"""What is promised of drafts and recommendations."""

import re
from typing import cast

import pytest

from providers import codec
from providers.deadline import Deadline
from providers.errors import CustomerNotFound
from providers.interface import IntelligenceProvider
from providers.models import (
    TEXTS,
    Answer,
    Capability,
    CustomerIntelligence,
    CustomerRef,
    Draft,
    DraftRequest,
    Recommendation,
    Turn,
)
from providers.testing.contract.asking import Asking
from providers.testing.contract.questions import (
    CHANNELS,
    HOSTILE_TEXTS,
    LENGTHS,
    LONG_CONVERSATION,
    TICKET,
    TONES,
    ticket,
)

EVERY_TEXT = pytest.mark.parametrize("capability", sorted(TEXTS), ids=str)
PLACEHOLDER = re.compile(r"\[[A-Za-z _]+\]|\{\{?\w+\}?\}|<[A-Za-z_ ]+>")


class TextsContract(Asking):
    @pytest.mark.parametrize("channel", CHANNELS)
    def test_a_draft_is_never_empty_whatever_the_channel_and_the_tone(
        self, provider: IntelligenceProvider, channel: str, known_customer: CustomerRef, deadline: Deadline
    ) -> None:
        for tone in (*TONES, None):
            request = DraftRequest(customer=known_customer, ticket=ticket(channel=channel), tone=tone)
            draft = self._draft(provider, request, deadline)
            assert draft.content.strip()
            assert draft.channel == channel, "repeat request.ticket.channel"

    @pytest.mark.parametrize("length", LENGTHS)
    def test_a_draft_comes_in_every_length(
        self, provider: IntelligenceProvider, length: str, known_customer: CustomerRef, deadline: Deadline
    ) -> None:
        request = DraftRequest(customer=known_customer, ticket=TICKET, length=length)
        assert self._draft(provider, request, deadline).content.strip()

    def test_a_draft_leaves_no_placeholder_to_fill_in(
        self, provider: IntelligenceProvider, known_customer: CustomerRef, deadline: Deadline
    ) -> None:
        for channel in CHANNELS:
            request = self.draft_request(known_customer, channel=channel)
            left = PLACEHOLDER.search(self._draft(provider, request, deadline).content)
            assert not left, f"an agent would send {left and left[0]!r} as it stands"

    def test_every_option_of_a_draft_is_accepted(
        self, provider: IntelligenceProvider, known_customer: CustomerRef, deadline: Deadline
    ) -> None:
        request = DraftRequest(
            customer=known_customer,
            ticket=TICKET,
            locale="de-AT",
            currency="EUR",
            tone="apologetic",
            length="long",
            include_offer=True,
            template="delayed_parcel",
            include_actions=("Trace the parcel",),
            facts=self._facts(provider, known_customer, deadline),
        )
        assert self._draft(provider, request, deadline).content.strip()

    @EVERY_TEXT
    @pytest.mark.parametrize(
        "conversation",
        [(), (Turn(True, "Hello?"), Turn(False, "How can I help?"))],
        ids=["nothing yet", "the agent wrote last"],
    )
    def test_a_text_does_not_depend_on_who_wrote_last(
        self,
        provider: IntelligenceProvider,
        capability: Capability,
        conversation: tuple[Turn, ...],
        known_customer: CustomerRef,
        deadline: Deadline,
    ) -> None:
        assert self._text(provider, capability, known_customer, deadline, conversation=conversation)

    def test_actions_come_in_order_of_priority(
        self, provider: IntelligenceProvider, known_customer: CustomerRef, deadline: Deadline
    ) -> None:
        for priority in ("low", "normal", "high", "urgent"):
            request = self.recommendation_request(known_customer, priority=priority)
            answer = self.put_request(provider, Capability.RECOMMEND, request, deadline)
            order = [action.priority for action in cast(Recommendation, answer).actions]
            assert order == sorted(order), "sort the actions by `priority`; 1 comes first"

    def test_a_recommendation_names_an_action(
        self, provider: IntelligenceProvider, known_customer: CustomerRef, deadline: Deadline
    ) -> None:
        answer = self.put(provider, Capability.RECOMMEND, known_customer, deadline)
        assert cast(Recommendation, answer).actions, (
            "raise a ProviderError where there is nothing to recommend"
        )

    @EVERY_TEXT
    def test_a_text_for_an_unknown_customer_is_written_or_says_why_not(
        self,
        provider: IntelligenceProvider,
        capability: Capability,
        unknown_customer: CustomerRef,
        deadline: Deadline,
    ) -> None:
        try:
            answer = self.put(provider, capability, unknown_customer, deadline)
        except CustomerNotFound:
            assert not provider.generic, "generic words need no customer"
        else:
            assert answer.provenance.provider == provider.name

    @EVERY_TEXT
    @pytest.mark.parametrize("kind", HOSTILE_TEXTS)
    def test_hostile_text_does_no_harm(
        self,
        provider: IntelligenceProvider,
        capability: Capability,
        kind: str,
        known_customer: CustomerRef,
        deadline: Deadline,
    ) -> None:
        text = HOSTILE_TEXTS[kind]
        answer = self._text(
            provider,
            capability,
            known_customer,
            deadline,
            subject=text,
            tags=(text,),
            conversation=(Turn(True, text), Turn(False, text), Turn(True, text)),
        )
        assert answer is None or codec.encode(answer)

    @EVERY_TEXT
    def test_a_very_long_conversation_does_no_harm(
        self,
        provider: IntelligenceProvider,
        capability: Capability,
        known_customer: CustomerRef,
        deadline: Deadline,
    ) -> None:
        self._text(provider, capability, known_customer, deadline, conversation=LONG_CONVERSATION)

    def test_words_it_does_not_know_do_no_harm(
        self, provider: IntelligenceProvider, known_customer: CustomerRef, deadline: Deadline
    ) -> None:
        request = DraftRequest(
            customer=known_customer,
            ticket=ticket(channel="pigeon", priority="whenever"),
            locale="tlh-\x00",
            tone="grumpy",
            length="endless",
            template="\ud800",
        )
        self.answer_or_failure(provider, Capability.DRAFT, request, deadline)

    def _draft(self, provider: IntelligenceProvider, request: DraftRequest, deadline: Deadline) -> Draft:
        return cast(Draft, self.put_request(provider, Capability.DRAFT, request, deadline))

    def _facts(
        self, provider: IntelligenceProvider, customer: CustomerRef, deadline: Deadline
    ) -> CustomerIntelligence | None:
        if Capability.ANALYZE not in provider.capabilities:
            return None
        return cast(CustomerIntelligence, self.put(provider, Capability.ANALYZE, customer, deadline))

    def _text(
        self,
        provider: IntelligenceProvider,
        capability: Capability,
        customer: CustomerRef,
        deadline: Deadline,
        **about_ticket: object,
    ) -> Answer | None:
        made = self.draft_request if capability is Capability.DRAFT else self.recommendation_request
        return self.answer_or_failure(provider, capability, made(customer, **about_ticket), deadline)
