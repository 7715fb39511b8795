"""Figures of the desk on the wire."""

from marshmallow import Schema, fields

from service.http.fields import Choice, DateOrTime, Rfc3339, Text
from service.intelligence.draft_counters import COUNTED_TONES


class DraftQuerySchema(Schema):
    since = DateOrTime(
        data_key="from",
        load_default=None,
        metadata={
            "type": "string",
            "description": "a date or an RFC 3339 time; the day that it falls on (UTC) is counted whole; "
            "30 days before to unless given",
            "example": "2026-01-01",
        },
    )
    until = DateOrTime(
        data_key="to",
        load_default=None,
        metadata={
            "type": "string",
            "description": "exclusive, else like from; the end of today unless given",
            "example": "2026-02-01",
        },
    )
    provider = Text(50, load_default=None)
    tone = Choice(
        *COUNTED_TONES,
        load_default=None,
        metadata={"description": "other: one that a provider chose beside those that can be asked for"},
    )


class DraftFiguresSchema(Schema):
    generated = fields.Integer(metadata={"example": 40})
    verbatim = fields.Integer(metadata={"description": "sent as they were", "example": 12})
    edited = fields.Integer(metadata={"description": "sent with changes", "example": 10})
    set_aside = fields.Integer(
        metadata={"description": "a message named the draft and says something else", "example": 2}
    )
    unused = fields.Integer(metadata={"description": "no message named the draft", "example": 16})
    used_share = fields.Float(
        allow_none=True,
        metadata={
            "description": "verbatim and edited, of those generated; null where none was",
            "example": 0.55,
            "minimum": 0,
            "maximum": 1,
        },
    )
    mean_edited_share = fields.Float(
        allow_none=True,
        metadata={
            "description": "share of the words that differ, over the edited ones; null where none was",
            "example": 0.21,
            "minimum": 0,
            "maximum": 1,
        },
    )


class ProviderDraftsSchema(DraftFiguresSchema):
    provider = fields.String(metadata={"example": "quimbi"})


class ToneDraftsSchema(DraftFiguresSchema):
    tone = fields.String(metadata={"example": "friendly"})


class ProviderToneDraftsSchema(ProviderDraftsSchema, ToneDraftsSchema):
    pass


class DraftReportSchema(Schema):
    since = Rfc3339(data_key="from", attribute="days.begin")
    until = Rfc3339(
        data_key="to", attribute="days.end", metadata={"description": "exclusive; whole days were counted"}
    )
    total = fields.Nested(DraftFiguresSchema)
    by_provider = fields.List(fields.Nested(ProviderDraftsSchema))
    by_tone = fields.List(fields.Nested(ToneDraftsSchema))
    by_provider_and_tone = fields.List(fields.Nested(ProviderToneDraftsSchema))
