"""What became of a draft: recorded when an agent's message names it, in the message's transaction.

Only a message that names a draft decides it. One that was merely read stays unused, whatever was written
instead: nobody knows whether the agent saw it. The first message that names a draft decides for good.
"""

import re
from dataclasses import dataclass

from rapidfuzz.distance import LCSseq
from sqlalchemy.orm import Session

from service.clock import rfc3339
from service.events import DRAFT_OUTCOME_RECORDED, MESSAGE_ADDED, Event, EventLog, about_ticket
from service.intelligence import queries
from service.intelligence.models import Draft, DraftOutcome
from service.tickets.services import ConversationService

SET_ASIDE_ABOVE = 0.8
KEPT_FROM = 0.5
"""A message says something else where more than 0.8 of the words differ and less than half of the draft is
left. Replies to different questions share a greeting, small words and a farewell, about a sixth of them;
a short draft that is left whole within a long message is used."""

COMPARED_WORDS = 5_000
"""Of each text, from its beginning: comparing takes time by the product of both lengths."""

SHARE_DIGITS = 4

_UNSPACED = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff"
_WORD = re.compile(rf"[{_UNSPACED}]|[^\s{_UNSPACED}]+")
"""What stands between white space; in scripts that write without spaces, each character."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """`edited_share`: 0..1 of the words of both texts that are not of the longest sequence which they have in
    common; None unless the outcome is edited.
    """

    outcome: DraftOutcome
    edited_share: float | None = None


def compared(draft: str, sent: str) -> Comparison:
    """White space does not count."""
    before, after = _WORD.findall(draft), _WORD.findall(sent)
    if before == after:
        return Comparison(outcome=DraftOutcome.VERBATIM)
    before, after = before[:COMPARED_WORDS], after[:COMPARED_WORDS]
    common = LCSseq.similarity(before, after)
    share = 1 - 2 * common / (len(before) + len(after))
    if share > SET_ASIDE_ABOVE and common < KEPT_FROM * len(before):
        return Comparison(outcome=DraftOutcome.SET_ASIDE)
    return Comparison(outcome=DraftOutcome.EDITED, edited_share=round(share, SHARE_DIGITS))


class DraftOutcomes:
    def __init__(self, conversations: ConversationService, events: EventLog) -> None:
        self._conversations = conversations
        self._events = events

    def subscribe_to(self, events: EventLog) -> None:
        events.subscribe(MESSAGE_ADDED, self._message_added)

    def _message_added(self, session: Session, event: Event) -> None:
        """A draft of another ticket, an unknown, pruned or decided one changes nothing."""
        told = event.after or {}
        if event.ticket_id is None or not (told.get("names_draft") and told.get("from_agent")):
            return
        message = self._conversations.written(session, told["message_id"])
        if message is None or message.draft_id is None:
            return
        draft = queries.undecided_draft(session, message.draft_id, event.ticket_id)
        if draft is not None:
            self._decide(session, draft, compared(draft.content, message.content), event)

    def _decide(self, session: Session, draft: Draft, found: Comparison, event: Event) -> None:
        draft.outcome, draft.edited_share, draft.outcome_at = found.outcome, found.edited_share, event.at
        after = {
            "draft_id": draft.id,
            "message_id": (event.after or {})["message_id"],
            "outcome": found.outcome,
            "edited_share": found.edited_share,
            "provider": draft.provider,
            "tone": draft.tone,
            "generated_at": rfc3339(draft.generated_at),
        }
        self._events.record(
            session,
            about_ticket(
                DRAFT_OUTCOME_RECORDED,
                draft.ticket_id,
                actor=event.actor,
                at=event.at,
                before={"outcome": DraftOutcome.UNUSED},
                after=after,
            ),
        )
