"""The audit on the wire."""

from typing import Any

from marshmallow import Schema, fields, post_load

from service.audit.queries import AuditFilter
from service.audit.services import TYPES
from service.http.fields import Choice, Count, Rfc3339, Text
from service.http.pagination import MAX_LIMIT, PaginationSchema


class AuditFilterSchema(Schema):
    type = Choice(*TYPES, load_default=None)
    actor = Text(200, load_default=None, metadata={"description": "a caller's id, such as agent:… or key:…"})
    subject = Text(
        200,
        load_default=None,
        metadata={"description": "the id of what it was done to; of a customer the ref, as in an export"},
    )
    after = Rfc3339(load_default=None, metadata={"description": "this time or later"})
    before = Rfc3339(load_default=None, metadata={"description": "earlier than this time"})

    @post_load
    def _make(self, values: dict[str, Any], **_: Any) -> Any:
        return AuditFilter(**values)


class AuditQuerySchema(AuditFilterSchema):
    page = Count(1, load_default=None)
    limit = Count(1, MAX_LIMIT, load_default=None)
    cursor = Text(400, load_default=None)

    @post_load
    def _make(self, values: dict[str, Any], **_: Any) -> Any:
        asked = {name: values.pop(name) for name in ("page", "limit", "cursor")}
        return AuditFilter(**values), asked


class EntrySchema(Schema):
    id = fields.String(metadata={"example": "204"})
    at = Rfc3339()
    type = fields.String(metadata={"example": "provider.disabled"})
    actor = fields.String(metadata={"example": "key:ops", "description": "the caller's id"})
    address = fields.String(allow_none=True, metadata={"example": "203.0.113.9"})
    request_id = fields.String(allow_none=True, metadata={"example": "3f2a9c1d5e7b8a60"})
    subject_type = fields.String(metadata={"example": "provider"})
    subject_id = fields.String(metadata={"example": "quimbi"})
    ticket_id = fields.String(allow_none=True, metadata={"example": None})
    before = fields.Dict(allow_none=True, metadata={"example": {"disabled": []}})
    after = fields.Dict(allow_none=True, metadata={"example": {"disabled": ["quimbi"]}})


class AuditListSchema(Schema):
    entries = fields.List(fields.Nested(EntrySchema), attribute="rows")
    pagination = fields.Nested(PaginationSchema)
