"""Drafted replies: generated, stored, and kept where an agent asked for another one."""

import hashlib
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from functools import partial

import msgspec

from providers.deadline import Deadline
from providers.errors import InProgress
from providers.models import Draft, DraftRequest, Provenance, Source, TicketContext
from providers.resilience.between_processes import Handover
from service.errors import InvalidField
from service.events import DRAFT_GENERATED, about_ticket
from service.identifiers import new_id
from service.intelligence import models, queries
from service.intelligence.services import STORING_GRACE_S, KnownFacts, TextSources, combined, provenance_of
from service.intelligence.snapshots import DatabaseSnapshots
from service.tickets.models import Channel

SMS_LENGTH = 160


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftOptions:
    """How a reply is wished for; `include_actions` are indexes into the ticket's recommended actions."""

    tone: str | None = None
    length: str | None = None
    include_offer: bool = False
    template: str | None = None
    include_actions: tuple[int, ...] = ()

    def digest(self, *, sticky: bool) -> str:
        """The same for the same wishes, in every process."""
        return hashlib.sha256(msgspec.json.encode([self, sticky])).hexdigest()[:32]


@dataclass(frozen=True, slots=True, kw_only=True)
class ToldDraft:
    draft: models.Draft
    facts: KnownFacts
    provenance: Provenance
    at: datetime


def warnings_for(draft: Draft, channel: str) -> list[str]:
    """The provider's, and ours where its text does not fit one SMS."""
    length = len(draft.content)
    if channel == Channel.SMS and length > SMS_LENGTH:
        return [*draft.warnings, f"This draft has {length} characters; an SMS holds {SMS_LENGTH}."]
    return list(draft.warnings)


class DraftService:
    def __init__(self, sources: TextSources, snapshots: DatabaseSnapshots) -> None:
        self._sources = sources
        self._provider = sources.provider
        self._tickets = sources.tickets
        self._database = sources.database
        self._clock = sources.clock
        self._snapshots = snapshots
        self._flights = sources.flights

    def draft(self, ticket_id: str, *, actor: str) -> ToldDraft:
        """The draft that sticks, else a new one. Raises `NotFound`, and `NoAnswer` without a fallback."""
        ticket, customer_id = self._tickets.context(ticket_id)
        with self._database.reading() as session:
            kept = queries.sticky_draft(session, ticket_id, ticket.version)
        if kept is not None:
            return self._told(kept, Source.STORED)
        return self._shared(ticket, customer_id, DraftOptions(), sticky=False, actor=actor)

    def regenerate(self, ticket_id: str, options: DraftOptions, *, actor: str) -> ToldDraft:
        """A new draft on fresh facts, which sticks unless it is degraded."""
        ticket, customer_id = self._tickets.context(ticket_id)
        return self._shared(ticket, customer_id, options, sticky=True, actor=actor)

    def _shared(
        self, ticket: TicketContext, customer_id: str, options: DraftOptions, *, sticky: bool, actor: str
    ) -> ToldDraft:
        deadline = self._sources.deadline()
        generate = partial(self._generate, ticket, customer_id, options, deadline, sticky=sticky, actor=actor)
        try:
            stored = self._flights.share(
                f"draft:{ticket.id}:{ticket.version}:{options.digest(sticky=sticky)}",
                generate,
                deadline.remaining_s + STORING_GRACE_S,
                deadline=deadline,
                handover=Handover(find=self._stored, note=lambda draft: draft.id),
            )
        except InProgress:
            stored = generate()  # in what is left of the deadline; where nothing is, the fallback's words
        return self._told(stored, Source(stored.source))

    def _stored(self, draft_id: str | None) -> models.Draft | None:
        if draft_id is None:
            return None
        with self._database.reading() as session:
            return session.get(models.Draft, draft_id)

    def _generate(
        self,
        ticket: TicketContext,
        customer_id: str,
        options: DraftOptions,
        deadline: Deadline,
        *,
        sticky: bool,
        actor: str,
    ) -> models.Draft:
        if sticky:
            self._provider.forget(customer_id)
            self._snapshots.mark_for_refresh(customer_id)
        customer = self._sources.customers.reference(customer_id)
        actions = self._actions(ticket.id, options.include_actions)
        locale = self._sources.locale(customer_id)
        told, facts = self._sources.facts(customer, deadline, anew=sticky)
        answer = self._provider.draft_reply(
            DraftRequest(
                customer=customer,
                ticket=ticket,
                locale=locale,
                currency=facts.currency,
                facts=told,
                **asdict(replace(options, include_actions=())) | {"include_actions": actions},
            ),
            deadline,
        )
        return self._store(ticket, customer_id, options, answer, facts, sticky=sticky, actor=actor)

    def _actions(self, ticket_id: str, indexes: tuple[int, ...]) -> tuple[str, ...]:
        if not indexes:
            return ()
        with self._database.reading() as session:
            stored = queries.latest_recommendation(session, ticket_id)
        known = stored.actions if stored else []
        if max(indexes) >= len(known):
            raise InvalidField(
                "include_actions",
                f"The ticket has {len(known)} recommended actions; its recommendation shows their indexes.",
            )
        return tuple(known[index]["action"] for index in indexes)

    def _store(
        self,
        ticket: TicketContext,
        customer_id: str,
        options: DraftOptions,
        answer: Draft,
        facts: KnownFacts,
        *,
        sticky: bool,
        actor: str,
    ) -> models.Draft:
        now = self._clock.now()
        provenance = combined(answer.provenance, facts.provenance)
        stored = models.Draft(
            id=new_id("draft"),
            ticket_id=ticket.id,
            conversation_version=ticket.version,
            sticky=sticky and not provenance.degraded,
            content=answer.content,
            tone=answer.tone,
            channel=ticket.channel,
            options=asdict(options),
            personalization_applied=list(answer.personalization_applied),
            warnings=warnings_for(answer, ticket.channel),
            facts=msgspec.to_builtins(facts),
            provider=provenance.provider,
            source=provenance.source,
            degraded=provenance.degraded,
            reason=provenance.reason,
            as_of=provenance.as_of,
            generated_at=now,
        )
        made = {
            "draft_id": stored.id,
            "provider": stored.provider,
            "tone": stored.tone,
            "degraded": stored.degraded,
            "sticky": stored.sticky,
        }
        with self._database.writing() as session:
            self._tickets.stay_with(session, ticket.id, customer_id)
            session.add(stored)
            self._sources.events.record(
                session, about_ticket(DRAFT_GENERATED, ticket.id, actor=actor, at=now, after=made)
            )
        return stored

    def _told(self, stored: models.Draft, source: Source) -> ToldDraft:
        return ToldDraft(
            draft=stored,
            facts=msgspec.convert(stored.facts, KnownFacts),
            provenance=provenance_of(stored, source),
            at=self._clock.now(),
        )
