"""What a provider is asked."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Protocol

from providers.models.answers import CustomerIntelligence


@dataclass(frozen=True, slots=True)
class CustomerRef:
    """A customer of the desk: its own id, and the ids by which providers know the same person."""

    id: str
    external_ids: Mapping[str, str] = field(default_factory=dict)

    def known_as(self, provider: str) -> str:
        return self.external_ids.get(provider, self.id)


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderLine:
    title: str
    quantity: int
    price: Decimal
    category: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """One order of the customer, as context for a provider."""

    external_id: str
    ordered_at: datetime
    currency: str
    total: Decimal
    status: str | None = None
    discount: Decimal | None = None
    channel: str | None = None
    lines: tuple[OrderLine, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """One support contact of the customer, as context for a provider: no message text."""

    ticket_id: str
    at: datetime
    channel: str
    subject: str
    status: str


@dataclass(frozen=True, slots=True)
class Turn:
    """One message of a conversation."""

    from_customer: bool
    content: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketContext:
    """The ticket a text is about. `version` changes whenever the conversation does."""

    id: str
    subject: str
    channel: str
    priority: str
    version: int
    tags: tuple[str, ...] = ()
    conversation: tuple[Turn, ...] = ()


@dataclass(frozen=True, slots=True)
class AnalysisRequest:
    customer: CustomerRef

    @property
    def arguments(self) -> Mapping[str, str | int]:
        return {}


@dataclass(frozen=True, slots=True)
class ChurnRequest:
    """Probability of leaving within `window_days`."""

    customer: CustomerRef
    window_days: int = 90

    @property
    def arguments(self) -> Mapping[str, str | int]:
        return {"window_days": self.window_days}


@dataclass(frozen=True, slots=True)
class LtvRequest:
    """Value of the coming `horizon_months`, 1..36."""

    customer: CustomerRef
    horizon_months: int = 12

    def __post_init__(self) -> None:
        if not 1 <= self.horizon_months <= 36:
            raise ValueError("horizon_months must be within 1..36")

    @property
    def arguments(self) -> Mapping[str, str | int]:
        return {"horizon_months": self.horizon_months}


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftRequest:
    """A reply to write. `facts` is what is known of the customer, None where nothing could be learnt."""

    customer: CustomerRef
    ticket: TicketContext
    locale: str = "en"
    currency: str | None = None
    tone: str | None = None
    length: str | None = None
    include_offer: bool = False
    template: str | None = None
    include_actions: tuple[str, ...] = ()
    facts: CustomerIntelligence | None = None

    @property
    def arguments(self) -> Mapping[str, str | int]:
        return {"ticket": self.ticket.id, "version": self.ticket.version}


@dataclass(frozen=True, slots=True, kw_only=True)
class RecommendationRequest:
    """Next actions to recommend for a ticket."""

    customer: CustomerRef
    ticket: TicketContext
    locale: str = "en"
    currency: str | None = None
    facts: CustomerIntelligence | None = None

    @property
    def arguments(self) -> Mapping[str, str | int]:
        return {"ticket": self.ticket.id, "version": self.ticket.version}


class ProviderRequest(Protocol):
    """What the chain reads of any request: whom it is about, and what else tells two requests apart."""

    @property
    def customer(self) -> CustomerRef: ...

    @property
    def arguments(self) -> Mapping[str, str | int]: ...
