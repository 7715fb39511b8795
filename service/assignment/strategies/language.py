"""Which language a ticket wants, and who speaks it."""

from collections.abc import Mapping
from typing import Any

from service.assignment.strategies.language_names import NAMES
from service.assignment.strategies.rules import Preference
from service.assignment.strategies.shapes import Candidate, TicketToAssign
from service.http.fields import LANGUAGE_TAG

FIELD = "language"
"""The key under which a custom field of a ticket, or a preference of a customer, may tell it."""

NO_LANGUAGE = frozenset({"mis", "mul", "und", "zxx"})
"""Of ISO 639: uncoded, several, undetermined, nothing spoken."""


class Language(Preference):
    """Those who speak the ticket's language, whatever its region: `de` speaks with `de-AT`."""

    name = "language"

    def meets(self, ticket: TicketToAssign, candidate: Candidate) -> bool:
        return ticket.language is not None and primary(ticket.language) in map(primary, candidate.languages)

    def why(self, ticket: TicketToAssign, candidate: Candidate) -> str | None:
        if ticket.language is None:
            return None
        tongue = NAMES.get(primary(ticket.language), ticket.language)
        if self.meets(ticket, candidate):
            return f"speaks {tongue}"
        return f"nobody in question speaks {tongue}"


def primary(tag: str) -> str:
    return tag.partition("-")[0].lower()


def language_of(
    *, custom_fields: Mapping[str, Any], preferences: Mapping[str, Any], locale: str | None
) -> str | None:
    """What the ticket itself tells, else what the customer prefers, else the customer's locale.

    A value that is no language tag tells nothing. None where nobody knows.
    """
    told = (custom_fields.get(FIELD), preferences.get(FIELD), locale)
    return next((tag for tag in told if _is_language(tag)), None)


def _is_language(tag: object) -> bool:
    return isinstance(tag, str) and bool(LANGUAGE_TAG.fullmatch(tag)) and primary(tag) not in NO_LANGUAGE
