"""What a ticket is about, from its words."""

import re

from providers.fallback.catalogue import BASE_LOCALE, Catalogue, catalogues
from providers.models import TicketContext

GENERAL = "general"
READ_CHARACTERS = 2_000
"""Of a text, as much as is read: what it is about stands at its beginning."""

WORD = re.compile(r"[^\W\d_]+")


def situation_of(ticket: TicketContext, catalogue: Catalogue) -> str:
    """Tags tell it best, then the subject, then the customer's last words. English counts everywhere."""
    for text in (" ".join(ticket.tags), ticket.subject, _last_words_of_customer(ticket)):
        words = set(WORD.findall(text[:READ_CHARACTERS].casefold()))
        for spoken in (catalogue, catalogues()[BASE_LOCALE]):
            for name, situation in spoken.situations.items():
                if situation.words & words:
                    return name
    return GENERAL


def agent_wrote_last(ticket: TicketContext) -> bool:
    return bool(ticket.conversation) and not ticket.conversation[-1].from_customer


def _last_words_of_customer(ticket: TicketContext) -> str:
    return next((turn.content for turn in reversed(ticket.conversation) if turn.from_customer), "")
