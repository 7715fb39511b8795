"""What an operator sets about what leaves the desk, beyond providers."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit

from marshmallow import ValidationError, fields, post_load, validate

from providers.settings import SettingsError, SettingsSchema
from service.outbound.allowed import Allowed
from service.outbound.failures import AddressRefused
from service.outbound.guard import AddressGuard

CHANNELS = ("log", "webhook", "email", "slack")
DEFAULT_CHANNELS = "log,webhook"
SLACK_NAME = re.compile(r"[a-z0-9_-]{1,40}")
MAIL_ADDRESS = re.compile(r"[^\s@<>,;:\"\\]{1,64}@[A-Za-z0-9.-]{1,253}")


class Security(StrEnum):
    STARTTLS = "starttls"
    TLS = "tls"
    NONE = "none"


class AllowedAddresses(fields.Field[Allowed]):
    """Comma-separated hosts and networks."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Allowed:
        try:
            return Allowed.parse(entry.strip() for entry in value.split(",") if entry.strip())
        except ValueError:
            raise ValidationError(
                "Each entry must be a host or a network, such as hooks.intranet or 10.1.0.0/16."
            ) from None


class Channels(fields.Field[frozenset[str]]):
    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> frozenset[str]:
        names = _names(value)
        if not names <= set(CHANNELS):
            raise ValidationError(f"Each must be one of: {', '.join(CHANNELS)}.")
        return names


class SlackWebhooks(fields.Field[Mapping[str, str]]):
    """Comma-separated `name=https://hooks.slack.com/…`."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Mapping[str, str]:
        pairs = [entry.strip().partition("=") for entry in value.split(",") if entry.strip()]
        if not all(SLACK_NAME.fullmatch(name) and url for name, _, url in pairs):
            raise ValidationError("Each entry must read name=https://…, the name of a-z, 0-9, - and _.")
        if len({name for name, *_ in pairs}) != len(pairs):
            raise ValidationError("Two entries have the same name; give each its own.")
        return {name: url for name, _, url in pairs}


def _names(value: str) -> frozenset[str]:
    return frozenset(entry.strip() for entry in value.split(",") if entry.strip())


def _check_public_url(url: str) -> None:
    try:
        parts = urlsplit(url)
        sound = (
            parts.scheme in {"http", "https"} and bool(parts.hostname) and not parts.query + parts.fragment
        )
    except ValueError:
        sound = False
    if not sound or any(letter <= " " or letter in '"<>\\|' for letter in url):
        raise ValidationError("Must be an address such as https://desk.example.com, without ? and #.")


def _variable(
    kind: type[fields.Field[Any]], name: str, default: Any, about: str, check: Any = None, **options: Any
) -> fields.Field[Any]:
    if isinstance(check, validate.Range):
        options["error_messages"] = dict.fromkeys(("invalid", "too_large", "special"), check.error)
    return kind(
        data_key=name, load_default=default, validate=check, metadata={"description": about}, **options
    )


def _between(low: float, high: float) -> validate.Range:
    return validate.Range(low, high, error=f"Must be a number from {low:g} to {high:g}.")


class OutboundSettingsSchema(SettingsSchema):
    public_url = _variable(
        fields.String,
        "PUBLIC_URL",
        None,
        "where people open the desk, for links: tickets are at /tickets/{id} under it; unset, there are none",
        _check_public_url,
    )
    notification_channels = _variable(
        Channels, "NOTIFICATION_CHANNELS", DEFAULT_CHANNELS, "any of log, webhook, email, slack"
    )
    notifications_max_age_h = _variable(
        fields.Integer,
        "NOTIFICATIONS_MAX_AGE_H",
        24,
        "hours after which people are not told any more of what happened while nothing was delivered",
        _between(1, 720),
    )
    notify_churn_risk = _variable(
        fields.Float,
        "NOTIFY_CHURN_RISK",
        0.7,
        "churn risk of a customer from which on an open ticket of theirs is told, once",
        _between(0, 1),
    )
    outbound_allowed = _variable(
        AllowedAddresses,
        "OUTBOUND_ALLOWED",
        None,
        "hosts and networks, comma-separated, that webhooks may call though they are not of the internet",
    )
    outbound_ca_file = _variable(
        fields.String,
        "OUTBOUND_CA_FILE",
        None,
        "certificates to trust in place of those of the public internet, as for webhooks of an intranet",
    )
    webhook_timeout_s = _variable(
        fields.Float, "WEBHOOK_TIMEOUT", 10.0, "seconds that one delivery may take in all", _between(0.1, 25)
    )
    webhook_signing_key = _variable(
        fields.String,
        "WEBHOOK_SIGNING_KEY",
        None,
        "at least 32 bytes, of which the secrets of webhooks are made; unset, SECRET_KEY",
        validate.Length(min=32, error="Must be at least 32 bytes."),
    )
    slack_webhooks = _variable(
        SlackWebhooks, "SLACK_WEBHOOKS", None, "name=https://…, comma-separated; incoming webhooks of Slack"
    )
    smtp_host = _variable(fields.String, "SMTP_HOST", None, "mail server")
    smtp_port = _variable(fields.Integer, "SMTP_PORT", 587, "its port", _between(1, 65535))
    smtp_security = _variable(
        fields.Enum,
        "SMTP_SECURITY",
        Security.STARTTLS,
        "starttls, tls or none",
        enum=Security,
        by_value=True,
        error_messages={"unknown": "Must be one of: {choices}."},
    )
    smtp_username = _variable(fields.String, "SMTP_USERNAME", None, "to sign in there, where it asks for it")
    smtp_password = _variable(fields.String, "SMTP_PASSWORD", None, "with this")
    smtp_from = _variable(
        fields.String,
        "SMTP_FROM",
        None,
        "address that mails come from",
        validate.Regexp(f"{MAIL_ADDRESS.pattern}\\Z", error="Must be an address such as desk@example.com."),
    )
    smtp_ca_file = _variable(
        fields.String, "SMTP_CA_FILE", None, "certificates to trust there in place of the system's"
    )
    smtp_timeout_s = _variable(
        fields.Float, "SMTP_TIMEOUT", 5.0, "seconds for each step of sending a mail", _between(0.1, 5)
    )

    @post_load
    def _fill_in(self, parsed: dict[str, Any], **_: Any) -> dict[str, Any]:
        """Defaults are told as text or not at all, so that pages can show them."""
        if parsed["notification_channels"] == DEFAULT_CHANNELS:
            parsed["notification_channels"] = _names(DEFAULT_CHANNELS)
        parsed["outbound_allowed"] = parsed["outbound_allowed"] or Allowed()
        parsed["slack_webhooks"] = parsed["slack_webhooks"] or {}
        return parsed

    def parse_leniently(self, environment: Mapping[str, str]) -> tuple[dict[str, Any], dict[str, list[str]]]:
        parsed, faults = super().parse_leniently(environment)
        return parsed, {**_of_channels(parsed), **faults}


def _of_channels(parsed: Mapping[str, Any]) -> dict[str, list[str]]:
    """What a channel that is on needs and lacks."""
    faults: dict[str, list[str]] = {}
    channels = parsed["notification_channels"]
    if "email" in channels:
        for name in ("smtp_host", "smtp_from"):
            if parsed[name] is None:
                faults[name.upper()] = ["Must be set, since email is among NOTIFICATION_CHANNELS."]
    if "slack" in channels and not parsed["slack_webhooks"]:
        faults["SLACK_WEBHOOKS"] = ["Must be set, since slack is among NOTIFICATION_CHANNELS."]
    guard = AddressGuard(parsed["outbound_allowed"])
    for name, url in parsed["slack_webhooks"].items():
        try:
            guard.check(url)
        except AddressRefused as refusal:
            faults["SLACK_WEBHOOKS"] = [f"{name}: {refusal}"]
    if (parsed["smtp_username"] is None) != (parsed["smtp_password"] is None):
        faults["SMTP_PASSWORD"] = ["SMTP_USERNAME and SMTP_PASSWORD go together."]
    for name in ("smtp_ca_file", "outbound_ca_file"):
        if parsed[name] is not None and not Path(parsed[name]).is_file():
            faults[name.upper()] = ["There is no such file."]
    return faults


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboundSettings:
    public_url: str | None
    notification_channels: frozenset[str]
    notifications_max_age_h: int
    notify_churn_risk: float
    outbound_allowed: Allowed
    outbound_ca_file: str | None
    webhook_timeout_s: float
    webhook_signing_key: str | None = field(repr=False)
    slack_webhooks: Mapping[str, str] = field(repr=False)
    smtp_host: str | None
    smtp_port: int
    smtp_security: Security
    smtp_username: str | None = field(repr=False)
    smtp_password: str | None = field(repr=False)
    smtp_from: str | None
    smtp_ca_file: str | None
    smtp_timeout_s: float

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Self:
        """Raises `SettingsError` with every fault."""
        parsed, faults = OutboundSettingsSchema().parse_leniently(environment)
        if faults:
            raise SettingsError(faults)
        return cls(**parsed)
