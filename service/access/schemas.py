"""Signing in, and API keys, on the wire."""

from typing import Any

from marshmallow import Schema, ValidationError, fields, post_load, validate

from service.access.passwords import LONGEST_BYTES, SHORTEST
from service.access.services import NewKey
from service.http.fields import Choice, Count, Email, Rfc3339, Text, telling
from service.http.pagination import MAX_LIMIT, PaginationSchema
from service.permissions import Permission, Reach, Role, Scope
from service.settings import ORIGIN

KEY_NAME = r"[a-z0-9_-]{1,40}"
LONGEST_TOKEN = 200
MOST_ORIGINS = 20


class Password(fields.String):
    """As it was typed: not trimmed, any characters."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**telling(options, format="password"))
        self.validators.append(validate.Length(1, LONGEST_BYTES, error="Must be 1 to {max} characters long."))


class NewPassword(Password):
    def __init__(self, **options: Any) -> None:
        about = f"at least {SHORTEST} characters, and none that is often tried"
        super().__init__(**telling(options, description=about, example="a kettle, three geese and a map"))


class Token(fields.String):
    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.validators.append(validate.Length(1, LONGEST_TOKEN, error="Must be 1 to {max} characters long."))


class Origin(fields.String):
    """Of a web page: scheme://host[:port]."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**telling(options, pattern=f"^{ORIGIN.pattern}$", maxLength=300))

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        origin: str = super()._deserialize(value, attr, data, **kwargs)
        if len(origin) > 300 or not ORIGIN.fullmatch(origin):
            raise ValidationError("Must read scheme://host[:port], without a path.")
        return origin


# ---------------------------------------------------------------- signing in


class SignInSchema(Schema):
    email = Email(required=True, metadata={"example": "kim@desk.example"})
    password = Password(required=True, metadata={"example": "a kettle, three geese and a map"})


class RefreshSchema(Schema):
    refresh_token = Token(required=True, metadata={"description": "good for one use"})


class PasswordChangeSchema(Schema):
    current_password = Password(required=True)
    new_password = NewPassword(required=True)


class AcceptanceSchema(Schema):
    token = Token(required=True, metadata={"description": "of the invitation"})
    password = NewPassword(required=True)


class SignedInAgentSchema(Schema):
    id = fields.String(metadata={"example": "agent_4f0Qk2l1b8sVJ6Yz0mWc3A"})
    name = fields.String(metadata={"example": "Kim Lee"})
    email = fields.String(metadata={"example": "kim@desk.example"})
    role = fields.String(validate=validate.OneOf(Role))


class SignedInSchema(Schema):
    access_token = fields.String(metadata={"description": "for Authorization: Bearer"})
    token_type = fields.Constant("Bearer", metadata={"type": "string"})
    expires_in = fields.Integer(attribute="expires_in_s", metadata={"description": "seconds", "example": 900})
    refresh_token = fields.String(
        metadata={"description": "for /api/auth/refresh, once; a second use ends the session"}
    )
    refresh_expires_at = Rfc3339()
    agent = fields.Nested(SignedInAgentSchema)


class CallerSchema(Schema):
    id = fields.String(metadata={"example": "agent:agent_4f0Qk2l1b8sVJ6Yz0mWc3A"})
    kind = fields.String(validate=validate.OneOf(["agent", "api_key", "development"]))
    name = fields.String(allow_none=True, metadata={"example": "Kim Lee"})
    role = fields.String(allow_none=True, validate=validate.OneOf(Role))
    agent_id = fields.String(allow_none=True)
    team_ids = fields.List(fields.String())
    scopes = fields.List(fields.String(), metadata={"description": "of an API key", "example": []})
    permissions = fields.Dict(
        keys=fields.String(validate=validate.OneOf(Permission)),
        values=fields.String(validate=validate.OneOf([reach.name.lower() for reach in Reach])),
        metadata={"example": {"tickets.read": "team", "tickets.change": "own", "customers.read": "any"}},
    )


class InvitedSchema(Schema):
    agent_id = fields.String()
    token = fields.String(metadata={"description": "shown once; whoever has it sets the password"})
    expires_at = Rfc3339()


# ---------------------------------------------------------------- API keys


class NewKeySchema(Schema):
    name = Text(
        40,
        required=True,
        validate=validate.Regexp(f"{KEY_NAME}\\Z", error="Must be 1 to 40 of a-z, 0-9, - and _."),
        metadata={"example": "web-shop"},
    )
    scopes = fields.List(
        Choice(*Scope),
        required=True,
        validate=validate.Length(1, len(Scope)),
        metadata={"example": ["desk"]},
    )
    origins = fields.List(
        Origin(),
        load_default=list,
        validate=validate.Length(max=MOST_ORIGINS),
        metadata={
            "description": "of a key for browsers: the only ones that it is good from; such a key may have "
            "the scope form alone",
            "example": [],
        },
    )
    expires_at = Rfc3339(load_default=None, allow_none=True)

    @post_load
    def _make(self, values: dict[str, Any], **_: Any) -> NewKey:
        return NewKey(
            name=values["name"],
            scopes=frozenset(values["scopes"]),
            origins=frozenset(values["origins"]),
            expires_at=values["expires_at"],
        )


class KeyChangeSchema(Schema):
    name = Text(
        40,
        required=True,
        validate=validate.Regexp(f"{KEY_NAME}\\Z", error="Must be 1 to 40 of a-z, 0-9, - and _."),
        metadata={"example": "web-shop-eu"},
    )


class KeySchema(Schema):
    id = fields.String(metadata={"example": "key_Wc3A4f0Qk2l1b8sVJ6Yz0m"})
    name = fields.String(metadata={"example": "web-shop"})
    prefix = fields.String(metadata={"description": "how the key begins", "example": "sd_Jx8kQ2l"})
    scopes = fields.List(fields.String(), metadata={"example": ["desk"]})
    origins = fields.List(fields.String(), metadata={"example": []})
    expires_at = Rfc3339(allow_none=True)
    created_by = fields.String(metadata={"example": "agent:agent_4f0Qk2l1b8sVJ6Yz0mWc3A"})
    created_at = Rfc3339()
    last_used_at = Rfc3339(allow_none=True, metadata={"description": "to the minute"})
    revoked_at = Rfc3339(allow_none=True)


class ToldKeySchema(Schema):
    key = fields.Nested(KeySchema)


class MadeKeySchema(ToldKeySchema):
    secret = fields.String(
        metadata={"description": "for X-API-Key; shown once and kept nowhere", "example": "sd_…"}
    )


class KeyListSchema(Schema):
    keys = fields.List(fields.Nested(KeySchema), attribute="rows")
    pagination = fields.Nested(PaginationSchema)


class KeyQuerySchema(Schema):
    page = Count(1, load_default=None)
    limit = Count(1, MAX_LIMIT, load_default=None)
    cursor = Text(400, load_default=None)
