"""What an operator sets to reach Quimbi."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Self
from urllib.parse import urlsplit

from marshmallow import ValidationError, fields, validate

from providers.interface import GuardPolicy
from providers.settings import SettingsSchema

KEY_VARIABLE = "QUIMBI_API_KEY"

_EXAMPLE_KEY = re.compile(
    r"""(?:qpk_(?:live|test)_)?(?:
        your\b.* | your[-_ ].* | .*change[-_ ]?me.* | .*api[-_ ]?key.* | .*key[-_ ]here
      | <.*> | \{.*\} | \[.*\] | [x*._…-]*
      | example | placeholder | replace.* | secret | dummy | todo | none | null
    )""",
    re.IGNORECASE | re.VERBOSE,
)
_HEADER_SAFE = re.compile(r"[\x21-\x7e]+")


def usable_key(environment: Mapping[str, str]) -> str | None:
    """The Quimbi key, None where there is none or only an example such as `your-api-key-here`."""
    key = environment.get(KEY_VARIABLE, "").strip()
    return None if _EXAMPLE_KEY.fullmatch(key) else key


def is_test_key(environment: Mapping[str, str]) -> bool:
    return (usable_key(environment) or "").startswith("qpk_test_")


def _check_key(key: str) -> None:
    if usable_key({KEY_VARIABLE: key}) is None:
        raise ValidationError("This is an example value: set the key that Quimbi issued (qpk_live_…).")
    if not _HEADER_SAFE.fullmatch(key):
        raise ValidationError("A key has no blanks or special characters: copy it anew.")


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _check_base_url(url: str) -> None:
    cure = "Set the address of your Quimbi Backend, like https://quimbi.example.com."
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
        host.encode("idna")
    except ValueError:
        raise ValidationError(f"Not an address. {cure}") from None
    if not host or not url.isprintable() or any(letter in url for letter in " \\"):
        raise ValidationError(f"Not an address. {cure}")
    if "@" in parts.netloc or "?" in url or "#" in url:
        raise ValidationError(f"An address without credentials, query and fragment is needed. {cure}")
    if parts.scheme != "https" and not (parts.scheme == "http" and _is_loopback(host)):
        raise ValidationError(f"Must be https, except on loopback: the key travels along. {cure}")


def _whole(data_key: str, default: int, lowest: int, highest: int, description: str) -> fields.Integer:
    cure = f"Set a whole number from {lowest} to {highest}, or leave it unset for {default}."
    return fields.Integer(
        data_key=data_key,
        load_default=default,
        validate=validate.Range(lowest, highest, error=cure),
        error_messages={"invalid": cure, "too_large": cure},
        metadata={"description": description},
    )


_TIMEOUT_CURE = "Set seconds from 0.1 to 300, or leave it unset for 30."


class QuimbiSettingsSchema(SettingsSchema):
    base_url = fields.String(
        data_key="QUIMBI_BASE_URL",
        required=True,
        validate=_check_base_url,
        error_messages={"required": "Set the address of your Quimbi Backend, or take quimbi off the list."},
        metadata={"description": "Address of the Quimbi Backend; https, except on loopback."},
    )
    api_key = fields.String(
        data_key=KEY_VARIABLE,
        required=True,
        validate=_check_key,
        error_messages={"required": "Set the key that Quimbi issued, or take quimbi off the list."},
        metadata={"description": "Key for the Quimbi Backend; example values count as none."},
    )
    timeout_s = fields.Float(
        data_key="QUIMBI_TIMEOUT",
        load_default=30.0,
        validate=validate.Range(0.1, 300, error=_TIMEOUT_CURE),
        error_messages=dict.fromkeys(("invalid", "too_large", "special"), _TIMEOUT_CURE),
        metadata={"description": "Seconds that one attempt may take in all."},
    )
    max_retries = _whole("QUIMBI_MAX_RETRIES", 3, 0, 10, "Further attempts after the first; 0 for none.")
    max_concurrency = _whole(
        "QUIMBI_MAX_CONCURRENCY", 8, 1, 1000, "Calls at once of the whole service, shared by its processes."
    )
    rate_per_minute = _whole("QUIMBI_RATE_PER_MINUTE", 100, 1, 1_000_000, "Quimbi's quota of calls a minute.")
    rate_per_hour = _whole("QUIMBI_RATE_PER_HOUR", 1000, 1, 10_000_000, "Quimbi's quota of calls an hour.")
    currency = fields.String(
        data_key="QUIMBI_CURRENCY",
        load_default=None,
        validate=validate.Regexp(r"\A[A-Z]{3}\Z", error="Set three capital letters of ISO 4217, like EUR."),
        metadata={"description": "Currency of Quimbi's amounts (ISO 4217); unset where it is not known."},
    )
    health_customer = fields.String(
        data_key="QUIMBI_HEALTH_CUSTOMER",
        load_default="test_customer_high_ltv",
        validate=validate.Length(max=200, error="Set a customer id of at most 200 characters."),
        metadata={"description": "Customer id that the health check analyses; it need not exist."},
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class QuimbiSettings:
    """`base_url` has no trailing slash."""

    base_url: str
    api_key: str = field(repr=False)
    timeout_s: float = 30.0
    max_retries: int = 3
    max_concurrency: int = 8
    rate_per_minute: int = 100
    rate_per_hour: int = 1000
    currency: str | None = None
    health_customer: str = "test_customer_high_ltv"

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Self:
        """Raises `SettingsError` naming each fault."""
        values = QuimbiSettingsSchema().parse(environment)
        return cls(**values | {"base_url": values["base_url"].rstrip("/")})

    def policy(self, processes: int) -> GuardPolicy:
        """Each process gets its share of the concurrency, at least one call."""
        return GuardPolicy(
            max_retries=self.max_retries,
            attempt_timeout_s=self.timeout_s,
            max_concurrency=max(1, self.max_concurrency // processes),
            calls_per_minute=self.rate_per_minute,
            calls_per_hour=self.rate_per_hour,
        )
