"""What an operator sets to reach the CRM."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self

from marshmallow import fields, validate

from providers.settings import SettingsSchema


class CrmSettingsSchema(SettingsSchema):
    url = fields.Url(
        data_key="CRM_URL",
        required=True,
        require_tld=False,
        schemes={"http", "https"},
        error_messages={"required": "Set the address of the CRM, or take crm off the list of providers."},
        metadata={"description": "address of the CRM's scoring service"},
    )
    api_key = fields.String(
        data_key="CRM_API_KEY",
        required=True,
        error_messages={"required": "Set the key that the CRM issued."},
        metadata={"description": "key that the CRM issued"},
    )
    timeout_s = fields.Float(
        data_key="CRM_TIMEOUT",
        load_default=5.0,
        validate=validate.Range(0.1, 60),
        metadata={"description": "seconds for one attempt"},
    )
    max_concurrency = fields.Integer(
        data_key="CRM_MAX_CONCURRENCY",
        load_default=8,
        validate=validate.Range(1, 100),
        metadata={"description": "calls at once of the whole service"},
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class CrmSettings:
    url: str
    api_key: str = field(repr=False)
    timeout_s: float
    max_concurrency: int

    @classmethod
    def parse(cls, environment: Mapping[str, str]) -> Self:
        """Raises `SettingsError` naming each fault."""
        return cls(**CrmSettingsSchema().parse(environment))
