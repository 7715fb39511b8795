"""The inbox on the wire."""

from typing import Any

from marshmallow import Schema, ValidationError, fields, post_load, validate

from service.desk.schemas.known_customers import NestedCustomer
from service.http.dumping import Rows
from service.http.fields import CallerId, Choice, Count, Flag, Text
from service.http.pagination import MAX_LIMIT, PaginationSchema
from service.http.searching import NO_WORD, SearchTerms
from service.text_index import Phrase
from service.tickets.models import Channel, Priority, TicketStatus
from service.tickets.schemas.tickets import OUR_ID_LENGTH, OlderStatuses, TicketSchema

MOST_ALERTS = 20
LONGEST_ALERT = 100


class TopicAlerts(fields.Field[dict[str, Phrase]]):
    """Comma-separated words or phrases: each as it was sent → its words."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> dict[str, Phrase]:
        text = Text((LONGEST_ALERT + 1) * MOST_ALERTS * 4, low=0).deserialize(value, attr, data, **kwargs)
        alerts = [alert for part in text.split(",") if (alert := part.strip())]
        if len(alerts) > MOST_ALERTS or any(len(alert) > LONGEST_ALERT for alert in alerts):
            raise ValidationError(
                f"Must be at most {MOST_ALERTS} words or phrases of at most {LONGEST_ALERT} characters each."
            )
        phrases = {alert: Phrase.of(alert) for alert in alerts}
        if None in phrases.values():
            raise ValidationError(f"Each alert: {NO_WORD[0].lower()}{NO_WORD[1:]}")
        return {alert: phrase for alert, phrase in phrases.items() if phrase is not None}


class AlertsQuerySchema(Schema):
    topic_alerts = TopicAlerts(
        load_default=dict,
        metadata={
            "type": "string",
            "description": "at most 20 words or phrases of at most 100 characters, comma-separated: "
            "tickets in which one stands go up",
            "example": "chargeback,never arrived",
        },
    )


class InboxOfQuerySchema(OlderStatuses, AlertsQuerySchema):
    """Of an inbox whose address tells who has the tickets."""

    status = Choice(*TicketStatus, load_default=None, metadata={"description": "in_progress means open"})
    priority = Choice(*Priority, load_default=None)
    channel = Choice(*Channel, load_default=None)
    team_id = Text(OUR_ID_LENGTH, load_default=None)
    customer_id = CallerId(load_default=None)
    tag = Text(100, load_default=None)
    q = SearchTerms(
        load_default=(),
        metadata={
            "type": "string",
            "description": 'words, and "phrases" in quotes, that all stand in the subject, in messages, '
            "or in the customer's name or e-mail address",
            "example": "refund",
        },
    )
    page = Count(1, load_default=None)
    limit = Count(1, MAX_LIMIT, load_default=None)
    cursor = Text(2_000, load_default=None)
    smart_order = Flag(
        load_default=True,
        metadata={"description": "by score, highest first; the default, and off where `sort` is given"},
    )
    sort = Choice("created_at", "updated_at", load_default=None)
    order = Choice("asc", "desc", load_default="desc", metadata={"description": "of `sort`"})

    @post_load
    def _decide(self, values: dict[str, Any], **_: Any) -> dict[str, Any]:
        values["smart"] = values.pop("smart_order") and values["sort"] is None
        values["sort"] = values["sort"] or "created_at"
        return values


class InboxQuerySchema(InboxOfQuerySchema):
    assigned_to = Text(200, load_default=None)


BESIDE_THE_TICKET = frozenset({"tags", "matches_topic_alert", "smart_score", "customer"})


class InboxTicketSchema(TicketSchema):
    """Of what is `Listed`."""

    matches_topic_alert = fields.Boolean()
    smart_score = fields.Float(metadata={"example": 7.34})
    customer = NestedCustomer()

    def place(self, attribute: str) -> str:
        return attribute if attribute in BESIDE_THE_TICKET else f"ticket.{attribute}"


class InboxSchema(Schema):
    tickets = Rows(InboxTicketSchema, attribute="listing.rows")
    pagination = fields.Nested(PaginationSchema, attribute="listing.pagination")
    topic_alerts_active = fields.List(fields.String())
    matches = fields.Integer(metadata={"description": "tickets that a topic alert matches"})
    matches_is_estimate = fields.Boolean()


class WorkloadSchema(Schema):
    open = fields.Integer(metadata={"example": 2})
    pending = fields.Integer(metadata={"example": 1})
    unaccepted = fields.Integer(metadata={"example": 1, "description": "of these, not accepted yet"})
    tickets = fields.Integer(attribute="load", data_key="load", metadata={"example": 3})
    capacity = fields.Integer(metadata={"example": 10})
    over_capacity = fields.Boolean(metadata={"example": False})


class QueueSchema(InboxSchema):
    workload = fields.Nested(WorkloadSchema)


class ScorePartSchema(Schema):
    name = fields.String(
        validate=validate.OneOf(
            [
                "churn_risk",
                "lifetime_value",
                "urgency",
                "sentiment",
                "waiting",
                "service_level",
                "topic_alert",
            ]
        )
    )
    value = fields.Float(metadata={"example": 1.5})
    explanation = fields.String(metadata={"example": "Priority normal: urgency 1 times 1.5."})


class BreakdownSchema(Schema):
    ticket_id = fields.String()
    total_score = fields.Float(attribute="total", metadata={"example": 7.34})
    components = fields.List(fields.Nested(ScorePartSchema), attribute="parts")


class CustomerTicketsQuerySchema(Schema):
    page = Count(1, load_default=None)
    limit = Count(1, MAX_LIMIT, load_default=None)
    cursor = Text(400, load_default=None)
